"""A zip or tar file, not trusted -> one folder of plain files, whole or not at all.

Nothing is written before a member's name, kind and size have been looked at, and nothing outside a staging folder that
takes its final name only when the last byte is there.
"""

import calendar
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tllib.progress import progress

# Names that some system can't hold or reads as something else: Windows devices, its reserved signs, ends it drops.
_FORBIDDEN = re.compile(r'^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$|[<>:"|?*\\\x00-\x1f]|[. ]$|^\.{1,2}$', re.IGNORECASE)


@dataclass(frozen=True)
class _Member:
    name: str
    kind: str  # "file", "folder", or what it is instead
    seconds: int  # time of last change, since 1970
    open: Callable[[], BinaryIO]


def unpack_archive(archive: Path, target: Path, *, max_files: int, max_bytes: int) -> None:
    """Unpack the top folder of `archive` that is called like `target` to `target`; other members stay where they are.

    Args:
        archive: a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file.
        target: the folder to make; must not exist yet.
        max_files: most members allowed.
        max_bytes: most bytes allowed, counted while they are unpacked, whatever the archive says.

    Raises:
        ValueError: the archive is damaged, holds no such folder, holds more than allowed, or a member with a path that
            leads elsewhere, a link, a device, or a name that not every system can hold. `target` doesn't exist then.
    """
    staging = target.with_name(f".unpacking-{target.name}")
    shutil.rmtree(staging, ignore_errors=True)  # what an interrupted run left is never trusted
    try:
        _unpack_into(staging, archive, target.name, max_files, max_bytes)
        if not (staging / target.name).is_dir():
            raise ValueError(f"{archive.name} holds no folder {target.name!r}.")
        os.replace(staging / target.name, target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{archive.name} is damaged: {error}. Nothing of it was kept; fetch it again.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _unpack_into(staging: Path, archive: Path, top: str, max_files: int, max_bytes: int) -> None:
    seen, written = set(), 0
    for count, member in enumerate(progress(_members(archive), what=f"unpacking {archive.name}", unit="file"), 1):
        parts = _checked_name(member, archive)
        if count > max_files:
            raise ValueError(f"{archive.name}: more than {max_files:,} files, refused.")
        if parts[0] != top or parts[-1].startswith("._"):  # ._*: notes that macOS leaves
            continue
        path = staging.joinpath(*parts)
        if member.kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
            continue
        if "/".join(parts).casefold() in seen:
            raise ValueError(f"{archive.name}: {member.name!r} is there twice (or differs only in case), refused.")
        seen.add("/".join(parts).casefold())
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, open(path, "xb") as file:
            while chunk := source.read(1 << 20):
                written += len(chunk)
                if written > max_bytes:
                    raise ValueError(f"{archive.name}: more than {max_bytes:,} bytes unpacked, refused.")
                file.write(chunk)
        os.utime(path, (member.seconds, member.seconds))


def _checked_name(member: _Member, archive: Path) -> list[str]:
    if member.kind not in ("file", "folder"):
        raise ValueError(f"{archive.name}: {member.name!r} is a {member.kind}, refused: only files and folders may be "
                         "in a data set.")
    name = member.name.removeprefix("./").removesuffix("/")
    parts = name.split("/") if name else ["."]
    if name not in ("", ".") and (len(name) > 240 or any(not part or _FORBIDDEN.search(part) for part in parts)):
        raise ValueError(f"{archive.name}: the name {member.name!r} leads elsewhere or can't be written on every "
                         "system, refused.")
    return parts


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                yield _Member(entry.orig_filename, _zip_kind(entry), calendar.timegm((*entry.date_time, 0, 0, 0)),
                              lambda entry=entry: file.open(entry))
    else:
        with tarfile.open(archive) as file:
            for entry in file:
                kind = ("folder" if entry.isdir() else "link" if entry.issym() or entry.islnk() else
                        "file" if entry.isreg() and not entry.issparse() else "device or other special file")
                yield _Member(entry.name, kind, int(entry.mtime), lambda entry=entry: file.extractfile(entry))


def _zip_kind(entry: zipfile.ZipInfo) -> str:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 1:
        return "file locked with a password"
    if mode == stat.S_IFLNK:
        return "link"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "device or other special file"
    return "folder" if entry.orig_filename.endswith("/") else "file"
