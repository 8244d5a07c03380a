"""A registry row -> its files, fetched, verified, unpacked: whole in the data folder, or not there at all.

    mirrors ──> .downloads/x.zip.part ──size, SHA-256──> .downloads/x.zip ──> .unpacking-… ──> <data folder>/<name>/…

Each arrow ends in one rename, so a break anywhere leaves nothing that a later run takes for complete.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from tllib.datasets.sources import SOURCES, Archive, Source
from tllib.download import download_file, locked, problem, readable
from tllib.files import data_root, full_disk_explained, offline
from tllib.suggest import unknown_name
from tllib.unpack import unpack_archive


def fetch(name: str, *, root: str | os.PathLike | None = None, ask: bool = True) -> Path:
    """Fetch a data set of the registry, unless it is there. A broken download is taken up where it broke.

    Args:
        name: a key of `datasets.SOURCES` that has archives, such as "cats_vs_dogs" or "oxford_pets".
        root: folder that will hold it. Defaults to `TLLIB_DATA`, else the project's `data/`.
        ask: show size and free space and wait for a yes. False: go ahead.

    Returns:
        The data set's folder, `<root>/<name>`.

    Raises:
        ConnectionError: no server gave it, or `TLLIB_OFFLINE` is set; the message says how to bring it by hand.
        OSError: the disk is too small, or the folder can't be written.
        RuntimeError: nobody said yes.
        ValueError: unknown name, a set without archives, or a file brought by hand that is not the published one.
    """
    source, root = _row(name), data_root(root)
    if not source.archives:
        raise ValueError(f"{name!r} has nothing to fetch: {source.citation}. datasets.load({name!r}) is enough.")
    try:
        if missing(name, root):
            root.mkdir(parents=True, exist_ok=True)
            with locked(root / f".{name}.lock", f"Another program is fetching {source.title}; waiting for it …"):
                wanted = missing(name, root)
                at_hand = {archive: file for archive in wanted if (file := _at_hand(archive, root))}
                to_fetch = [archive for archive in wanted if archive not in at_hand]
                if to_fetch and offline():
                    raise ConnectionError("TLLIB_OFFLINE=1 forbids downloads.")
                _check_disk(wanted, to_fetch, root)
                if to_fetch and ask:
                    _ask(source, to_fetch, root)
                with full_disk_explained(root):
                    for archive in wanted:
                        if (file := at_hand.get(archive)) is None:
                            file = root / ".downloads" / archive.name
                            download_file(archive.urls, file, size=archive.size, digest=archive.sha256)
                        unpack_archive(file, root / name / archive.holds, max_files=archive.max_files,
                                       max_bytes=archive.max_bytes)
        _tidy(source, root / ".downloads", root / name)
    except ConnectionError as error:
        raise ConnectionError(f"{error}\n{by_hand(name, root)}") from error
    except PermissionError as error:
        raise PermissionError(error.errno, f"{root} can't be written. Point TLLIB_DATA at a folder of yours, or pass "
                                           "root=", error.filename) from error
    return root / name


def missing(name: str, root: str | os.PathLike | None = None) -> list[Archive]:
    """Archives of a data set that are not unpacked below `root` yet."""
    return [archive for archive in _row(name).archives
            if not (data_root(root) / name / archive.holds).is_dir()]


def by_hand(name: str, root: str | os.PathLike | None = None) -> str:
    """Say how to get a data set without this program."""
    root = data_root(root).absolute()
    files = "\n".join(f"  - {archive.urls[0]} ({readable(archive.size)})" for archive in missing(name, root))
    return (f"To bring {SOURCES[name].title} by hand:\n1. with a browser, or on another machine, fetch\n{files}\n"
            f"   (their page: {SOURCES[name].page});\n2. put them, still packed, into {root};\n"
            f"3. datasets.fetch({name!r}) checks and unpacks them.")


def _row(name: str) -> Source:
    if name not in SOURCES:
        raise unknown_name("data set", name, SOURCES)
    return SOURCES[name]


def _tidy(source: Source, downloads: Path, folder: Path) -> None:
    """Remove what fetching and unpacking leave behind; what somebody brought stays."""
    for archive in source.archives:
        (downloads / archive.name).unlink(missing_ok=True)
        shutil.rmtree(folder / f".unpacking-{archive.holds}", ignore_errors=True)
    with suppress(OSError):
        downloads.rmdir()


def _check_disk(wanted: list[Archive], to_fetch: list[Archive], root: Path) -> None:
    need = sum(archive.size for archive in (*to_fetch, *wanted))  # unpacked, photos take what the archive takes
    free = shutil.disk_usage(root).free
    if free < need - _here(to_fetch, root):
        raise OSError(errno.ENOSPC, f"This takes {readable(need)} while it is unpacked, and the disk that holds {root} "
                                    f"has {readable(free)} free. Make room, or point TLLIB_DATA at another disk")


def _ask(source: Source, to_fetch: list[Archive], root: Path) -> None:
    total = sum(archive.size for archive in to_fetch)
    print(f"{source.title} ({source.licence}; {source.citation}) is not at {root}.\n"
          f"To fetch: {readable(total - _here(to_fetch, root))} from {to_fetch[0].urls[0].split('/')[2]}. Disk: "
          f"{readable(2 * total)} while unpacking, {readable(total)} afterwards; "
          f"{readable(shutil.disk_usage(root).free)} free.")
    try:
        agreed = input("Fetch it now? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, NotImplementedError, OSError):
        agreed = False
    if not agreed:
        raise RuntimeError("Nothing was fetched, for nobody said yes. To agree beforehand: "
                           "datasets.fetch(name, ask=False)")


def _here(to_fetch: list[Archive], root: Path) -> int:
    parts = [root / ".downloads" / f"{archive.name}.part" for archive in to_fetch]
    return sum(part.stat().st_size for part in parts if part.is_file())


def _at_hand(archive: Archive, root: Path) -> Path | None:
    """A verified archive that somebody put into `root`, or that we fetched before we were interrupted."""
    fetched, brought = root / ".downloads" / archive.name, root / archive.name
    if brought.is_file():
        if wrong := problem(brought, archive.size, archive.sha256):
            raise ValueError(f"{brought} is not the published file: {wrong}. Fetch it again, or move it away and run "
                             "the same again.")
        return brought
    if fetched.is_file():
        if not problem(fetched, archive.size, archive.sha256):
            return fetched
        fetched.unlink()
    return None
