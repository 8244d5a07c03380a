"""Data sets and weights of this machine -> one archive from which a class works offline.

Unpacked, it is laid out like any data folder, so `TLLIB_DATA` may point at it:

    <folder>/oxford_pets/…   <folder>/weights/…   <folder>/imagenet_classes.txt   <folder>/READ_ME.txt
"""

import collections
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tllib.checking import check_several
from tllib.datasets import SOURCES, archives
from tllib.files import data_root, full_disk_explained, replacing
from tllib.progress import progress
from tllib.unpack import unpack_archive

_READ_ME = """Data for the tllib lessons: {names}, and the weights of the networks.
On a machine where tllib is installed, set the environment variable TLLIB_DATA to the path of this folder, and
TLLIB_OFFLINE to 1. Then every lesson runs offline. The photos keep their owners' licences:
{licences}
"""
# What Windows can't hold: these signs, a dot or space at the end, the names of its devices, with or without an ending.
_UNPORTABLE = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ](/|$)|(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.[^/]*)?(/|$)', re.I)


def pack(target: str | os.PathLike, names: Sequence[str], *, root: str | os.PathLike | None = None) -> Path:
    """Put data sets, all weights that are here, and the ImageNet class names into a `.zip` archive.

    Args:
        target: a new file; ".zip" is added if it doesn't end so.
        names: data sets, folders below `root`.
        root: the data folder to pack from. Defaults to `TLLIB_DATA`, else the project's `data/`.

    Raises:
        FileExistsError: `target` is there already.
        FileNotFoundError: a data set is not here, or not whole.
        OSError: the disk is full; nothing is left behind.
        ValueError: some files have names that not every system can hold; the message lists them. Or `names` is a
            single text.
    """
    check_several("names", names)
    target, root = Path(target).expanduser(), data_root(root)
    target = target if target.suffix.lower() == ".zip" else target.with_name(f"{target.name}.zip")
    if target.exists():
        raise FileExistsError(f"{target} is there already. Choose another name, or remove it first.")
    for name in names:
        if not (root / name).is_dir() or (name in SOURCES and archives.missing(name, root)):
            raise FileNotFoundError(f"{name!r} is not in {root}, or not whole. " + (
                f"datasets.fetch({name!r}) fetches it." if name in SOURCES else
                f"Folders there: {', '.join(sorted(entry.name for entry in root.glob('*/'))) or 'none'}"))
    contents = list(_contents(root, names))
    twins = collections.Counter(name.casefold() for _, name in contents)
    if odd := [name for _, name in contents if _UNPORTABLE.search(name) or twins[name.casefold()] > 1]:
        raise ValueError(f"Not every system can hold these names, or tell them apart; rename them first: "
                         f"{', '.join(map(repr, odd[:10]))}{f' and {len(odd) - 10} more' if odd[10:] else ''}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    read_me = _READ_ME.format(names=", ".join(names) or "no photos", licences="\n".join(
        f"- {SOURCES[name].title}: {SOURCES[name].licence}. {SOURCES[name].citation}." for name in names
        if name in SOURCES))
    with (full_disk_explained(target.parent), replacing(target) as temporary,
          zipfile.ZipFile(temporary, "w", strict_timestamps=False) as archive):
        for file, name in progress(contents, what=f"packing {target.name}", unit="file"):
            archive.write(file, f"{target.stem}/{name}")
        archive.writestr(f"{target.stem}/READ_ME.txt", read_me)
    return target


def unpack(archive: str | os.PathLike, folder: str | os.PathLike) -> Path:
    """Unpack what `pack` made into `folder`; give the folder to point `TLLIB_DATA` at.

    Raises:
        FileNotFoundError: no such archive; FileExistsError: it is unpacked there already.
        ValueError: not such an archive, damaged, or one that would write elsewhere.
    """
    archive = Path(archive).expanduser()
    if not archive.is_file():
        raise FileNotFoundError(f"No archive at {archive}.")
    target = Path(folder).expanduser() / archive.stem
    if target.exists():
        raise FileExistsError(f"{target} is there already. Choose another folder, or remove it first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with full_disk_explained(target.parent):
        unpack_archive(archive, target, max_files=10**7, max_bytes=shutil.disk_usage(target.parent).free)
    return target


def _contents(root: Path, names: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """(file, name in the pack) of everything that belongs in."""
    from tllib import backbones

    for name in names:
        for file in sorted((root / name).rglob("*")):
            if file.is_file() and not file.name.startswith("._"):  # macOS's notes
                yield file, file.relative_to(root).as_posix()
    for file in backbones.weight_files():
        yield file, f"weights/{file.name}"
    yield backbones.CLASS_NAMES, backbones.CLASS_NAMES.name
