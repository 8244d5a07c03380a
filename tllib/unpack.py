"""A zip or tar file, not trusted -> one folder of plain files, whole or not at all.

Every member stays inside a staging folder, which takes its final name only when the last byte is there. `zipfile` sees
to that by itself; of a tar file, plain files and folders are written here: `tarfile` can filter from Python 3.11.4 on.
"""

import errno
import lzma
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tllib.files import renamed
from tllib.progress import progress

_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError, UnicodeError)
_BAD_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def unpack_archive(archive: Path, target: Path, *, max_files: int, max_bytes: int) -> None:
    """Unpack the top folder of `archive` that is called like `target` to `target`; other members stay where they are.

    Args:
        archive: a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file.
        target: the folder to make; must not exist yet.
        max_files: most members allowed.
        max_bytes: most bytes allowed, unpacked.

    Raises:
        ValueError: the archive is damaged, holds no such folder, holds more than allowed, or a link, a device, a path
            that leads elsewhere. `target` doesn't exist then.
    """
    staging, size = target.with_name(f".unpacking-{target.name}"), 0
    shutil.rmtree(staging, ignore_errors=True)  # what an interrupted run left is never trusted
    try:
        packed = zipfile.is_zipfile(archive)
        with zipfile.ZipFile(archive) if packed else tarfile.open(archive) as opened:
            members = opened.infolist() if packed else opened
            for count, member in enumerate(progress(members, what=f"unpacking {archive.name}", unit="file"), 1):
                size += member.file_size if packed else member.size
                if count > max_files or size > max_bytes:
                    raise ValueError(f"{archive.name}: more than {max_files:,} files or {max_bytes:,} bytes, refused.")
                name = PurePosixPath(member.filename if packed else member.name)
                if name.parts[:1] != (target.name,) or name.name.startswith("._"):  # ._*: notes that macOS leaves
                    continue
                if packed:
                    opened.extract(member, staging)
                elif not (member.isreg() or member.isdir()):
                    raise ValueError(f"{archive.name}: {member.name!r} is a link or a device, refused.")
                elif ".." in member.name.replace("\\", "/").split("/"):
                    raise ValueError(f"{archive.name}: {member.name!r} leads elsewhere, refused.")
                else:
                    _write(opened, member, staging / name)
        if not (staging / target.name).is_dir():
            raise ValueError(f"{archive.name} holds no folder {target.name!r}.")
        renamed(staging / target.name, target)
    except _DAMAGED as error:
        raise ValueError(f"{archive.name} is damaged: {error}. Nothing of it was kept; fetch it again.") from error
    except OSError as error:
        if error.errno not in _BAD_NAMES:
            raise
        raise ValueError(f"{archive.name} holds a name that can't be written here: {error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(opened: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """Write a folder, or a plain file's bytes; owner, rights and time stay in the archive."""
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.extractfile(member) as content, open(place, "wb") as file:
        shutil.copyfileobj(content, file)
