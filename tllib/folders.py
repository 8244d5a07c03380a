"""The environment -> two folders: data that somebody brought, and what tllib can make again; and safe writing.

`TLLIB_DATA` and `TLLIB_CACHE` set them; without those, a checkout's own `data/` and the user's cache folder serve.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def data_root() -> Path:
    """Folder with one folder per data set: `TLLIB_DATA`, else the checkout's `data/`, else `data/` right here."""
    if os.environ.get("TLLIB_DATA"):
        return Path(os.environ["TLLIB_DATA"]).expanduser()
    checkout = Path(__file__).resolve().parents[1] / "data"
    return checkout if (checkout / "photos").is_dir() else Path("data")


def cache_root() -> Path:
    """Folder of what tllib makes itself (drawn pets, converted weights), safe to delete: `TLLIB_CACHE` or default."""
    if os.environ.get("TLLIB_CACHE"):
        return Path(os.environ["TLLIB_CACHE"]).expanduser()
    home = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "tllib"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it takes the place of `path` only if nothing goes wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{os.getpid()}-{threading.get_ident()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
