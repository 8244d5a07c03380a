"""The environment -> two folders: data that somebody brought, and what tllib can make again; and safe writing.

`TLLIB_DATA` and `TLLIB_CACHE` set them; without those, a checkout's own `data/` and the user's cache folder serve.
"""

import errno
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def data_root(root: str | os.PathLike | None = None) -> Path:
    """Folder of data sets: `root`, else `TLLIB_DATA`, else `data/` of the checkout or beside the lessons, else here."""
    if root or os.environ.get("TLLIB_DATA"):
        root = Path(root or os.environ["TLLIB_DATA"]).expanduser()
        if root.is_file():
            raise ValueError(f"The data folder is a file, {root}. A packed classroom? python -m tllib unpack {root}")
        return root
    known = [home / "data" for home in (Path(__file__).resolve().parents[1], Path(".."))]
    return next((data for data in known if (data / "photos").is_dir()), Path("data"))


def shipped(name: str) -> Path:
    """A folder of `data/` that comes with tllib: of the checkout, or of the installed package."""
    package = Path(__file__).resolve().parent
    places = [home / "data" / name for home in (package.parent, package / "lessons")]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise FileNotFoundError(f"{name} comes with tllib, but is not at {places[0]}. Install tllib again.")
    return found


def offline() -> bool:
    """Whether `TLLIB_OFFLINE` (1, true, yes or on) promises that nothing is downloaded."""
    return os.environ.get("TLLIB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")


def cache_root() -> Path:
    """Folder of what tllib makes itself (drawings, converted weights), safe to delete: `TLLIB_CACHE` or default."""
    if os.environ.get("TLLIB_CACHE"):
        return Path(os.environ["TLLIB_CACHE"]).expanduser()
    home = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):  # nobody's home, as in some containers
        home = home or Path.home() / ".cache"
    return Path(home or tempfile.gettempdir()) / "tllib"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, for a file or folder; it takes its place only if nothing goes wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{os.getpid()}-{threading.get_ident()}.partial{path.suffix}")
    try:
        yield temporary
        renamed(temporary, path)
    finally:
        shutil.rmtree(temporary) if temporary.is_dir() else temporary.unlink(missing_ok=True)


def renamed(old: Path, new: Path) -> None:
    """Rename what is complete; on Windows that may have to wait for a virus scanner that looks at it first."""
    for _ in range(50 * (os.name == "nt")):
        with suppress(PermissionError):
            return os.replace(old, new)
        time.sleep(0.2)
    os.replace(old, new)


@contextmanager
def full_disk_explained(folder: Path) -> Iterator[None]:
    """Turn "no space left on device" into an error that says which disk it is and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(errno.ENOSPC, f"The disk that holds {folder} is full ({shutil.disk_usage(folder).free / 1e6:,.0f}"
                      " MB free). Make room and run the same again: what is complete is kept, nothing half-written is "
                      "used") from error
