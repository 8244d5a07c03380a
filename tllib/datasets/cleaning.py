"""Photo files -> those that can't be used, and why: each is decoded once, by the decoder that training uses.

What that finds is kept in the cache folder and trusted as long as a file's size and time, and the code and readers
that judged it, stay the same. An error that may pass (of the disk, of permissions) is reported and never kept.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tllib import images
from tllib.files import cache_root, replacing
from tllib.progress import progress

import PIL
import simplejpeg
from PIL import Image

PASSING = "can't be read now"  # what is said of an error that may pass begins so
VERSION = 2  # raise it when `images.load` reads files that it refused before, or the other way round


def unusable(folder: str | os.PathLike, files: Sequence[Path], *, white: float | None = None) -> dict[Path, str]:
    """Decode every file that was not decoded before.

    Args:
        folder: folder of the data set; `files` lie below it.
        files: photo files.
        white: the value that is white in those of more than 8 bits, see `images.load`.

    Returns:
        File -> why it can't be used, in the order of `files`; those that can be used are left out.
    """
    folder = Path(folder)
    about = str(folder.resolve()) if white is None else f"{folder.resolve()} white={white}"
    record = cache_root() / "photos" / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
    known = _read(record)
    names = [file.relative_to(folder).as_posix() for file in files]
    stamps = [[file.stat().st_size, file.stat().st_mtime_ns] if file.exists() else [-1, 0] for file in files]
    new = [row for row, name in enumerate(names) if known.get(name, [])[:2] != stamps[row]]
    passing, pool = {}, ThreadPoolExecutor(os.cpu_count())
    looked = pool.map(lambda row: _look(files[row], white), new)
    try:
        bar = progress(looked, what="looking at photos", total=len(new), unit="file")
        for row, (reason, lasts) in zip(new, bar, strict=True):
            if lasts:
                known[names[row]] = [*stamps[row], reason]
            else:
                passing[names[row]] = reason
    finally:  # what is done is done, even if somebody pressed Stop
        pool.shutdown(cancel_futures=True)
        if new:
            with suppress(OSError), replacing(record) as temporary:  # without a record they are looked at again
                temporary.write_text(json.dumps({"judges": _judges(), "files": known}), encoding="utf-8")
    reasons = {file: passing.get(name) or known[name][2] for file, name in zip(files, names, strict=True)}
    return {file: reason for file, reason in reasons.items() if reason}


def _look(file: Path, white: float | None) -> tuple[str, bool]:
    """What is wrong with a file, or nothing; and whether that lasts as long as the file."""
    try:
        if not file.stat().st_size:
            return "empty file", True
        images.load(file, size=16, white=white)
    except FileNotFoundError:
        return "no such file", False
    except (OSError, MemoryError, ValueError) as error:
        return why(error)
    return "", True


def why(error: Exception) -> tuple[str, bool]:
    """What to say of an error in reading a photo, and whether it lasts as long as the file."""
    reason, now = " ".join(str(error.__cause__ or error).split())[:200], getattr(error, "strerror", None) or error
    return (reason, True) if isinstance(error, ValueError) else (f"{PASSING}: {now}", False)


def _judges() -> list:
    """The code and the readers whose word is kept; a reader added later is a new judge."""
    heif = images.heic_reader()
    Image.init()
    return [VERSION, PIL.__version__, heif.__version__, simplejpeg.__version__, sorted(Image.OPEN)]


def _read(record: Path) -> dict[str, list]:
    try:
        stored = json.loads(record.read_text(encoding="utf-8"))
        return stored["files"] if stored["judges"] == _judges() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none yet, or not ours: look again
