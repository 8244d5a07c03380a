"""Features computed once -> features found again, on disk: the same photo and the same network give the same row.

One SQLite file per network, named by a hash of its layers, its weights and VERSION; a row's key is a hash of the
photo's bytes. A crash or a second program can't leave half a row; every row has a checksum. Another processor, or
batches of another size, would round a row differently, by some 1e-6 of its length (`benchmarks/rounding.py`): the cache
takes that for the same row.
"""

import json
import re
import sqlite3
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tllib.files import cache_root

import keras
import numpy as np

VERSION = 1  # raise it when photos are read, cropped or resized in another way


class FeatureCache:
    """Rows of one network, given by name and fingerprint; `view` is what else decides how it sees a photo."""

    def __init__(self, name: str, fingerprint: str, view: str, *, enabled: bool = True):
        self.view, self.keys = view, []
        path = cache_root() / "features" / f"{name}-{fingerprint[:16]}.sqlite" if enabled else None
        self.rows = path and _open(path)

    def close(self) -> None:
        """Let go of the file."""
        if self.rows:
            self.rows.close()

    def fill(self, paths: Sequence[Path], x: np.ndarray) -> np.ndarray:
        """Write the rows known for these photos into `x`; return the numbers of the others."""
        if not self.rows:
            return np.arange(len(paths))
        with ThreadPoolExecutor() as pool:
            self.keys = list(pool.map(lambda path: sha256(path.read_bytes() + self.view.encode()).digest(), paths))
        missing = []
        for number, key in enumerate(self.keys):
            found = None
            with suppress(sqlite3.DatabaseError):  # damaged: computing the row again will do
                found = self.rows.execute("SELECT x, checksum FROM features WHERE photo = ?", (key,)).fetchone()
            if found and len(found[0]) == x[number].nbytes and zlib.crc32(found[0]) == found[1]:
                x[number] = np.frombuffer(found[0], "<f4")
            else:
                missing.append(number)
        return np.array(missing, int)

    def add(self, numbers: np.ndarray, x: np.ndarray) -> None:
        """Keep the rows with these numbers, of the photos that `fill` was last asked about."""
        if not self.rows:
            return
        blobs = [(self.keys[number], x[number].astype("<f4").tobytes()) for number in numbers]
        with suppress(sqlite3.DatabaseError), self.rows:  # a full disk only means computing again
            self.rows.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)",
                                  [(key, blob, zlib.crc32(blob)) for key, blob in blobs])


def fingerprint(network: keras.Model) -> str:
    """A hash of all that decides what a network says of a photo file."""
    found = sha256(f"{VERSION} {keras.backend.backend()}".encode())
    numbers = {layer.name: f"layer {number}" for number, layer in enumerate(network.layers)}
    config = json.dumps(network.get_config(), sort_keys=True, default=str)  # names that Keras counts up don't matter
    found.update(re.sub(r'(?<=")[^"]+(?=")', lambda name: numbers.get(name[0], name[0]), config).encode())
    for weight in network.weights:
        found.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)))
    return found.hexdigest()


def _open(path: Path) -> sqlite3.Connection | None:
    """A file with a table for rows; None where none can be written. A damaged one is begun anew."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = sqlite3.connect(path, timeout=60)
        rows.execute("CREATE TABLE IF NOT EXISTS features (photo BLOB PRIMARY KEY, x BLOB, checksum INTEGER)")
        return rows
    except (OSError, sqlite3.OperationalError):
        return None
    except sqlite3.DatabaseError:  # it holds nothing that can't be computed again
        rows.close()
        with suppress(OSError):  # another program may have it open
            path.unlink()
            return _open(path)
