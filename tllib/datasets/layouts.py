"""The folder of a data set -> (path, label) of everything in it, "" for what belongs to no class.

Each function knows one way to lay a set out. All take the folder, the kind of `labels` and the official `split`; None:
the first kind that the set has, all parts.
"""

import os
import unicodedata
from operator import attrgetter
from pathlib import Path

Rows = list[tuple[Path, str]]
_letters = attrgetter("parts")  # to sort by: Windows' paths take a and A for the same, and so have another order
PARTS = {"train", "training", "trainval", "val", "valid", "validation", "test", "testing"}


def by_class(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read a folder a class, photos at any depth below it; or a folder a part ("train", "test"), holding these."""
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder at {folder}. Give one that holds a folder of photos for each class.")
    classes = _folders(folder)
    parts = [part for part in classes if part.name.casefold() in PARTS and len(_folders(part)) > 1]
    if split not in (None, *(part.name for part in parts)):
        raise ValueError(f"{folder} has no part {split!r}: {', '.join(part.name for part in parts) or 'only classes'}.")
    if parts:
        classes = [inside for part in parts if split in (None, part.name) for inside in _folders(part)]
    rows = [(path, "" if path == entry else unicodedata.normalize("NFC", entry.name)) for entry in classes
            for path in _files(entry) or [entry]]
    return rows + [(path, "") for place in (folder, *parts) for path in sorted(place.iterdir(), key=_letters)
                           if path.is_file() and path.name[0] != "."]


def cats_and_dogs(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read `<part>/{cats,dogs}/…`; the classes are called as in the full set."""
    return [(path, {"cats": "Cat", "dogs": "Dog"}.get(label, label)) for path, label in by_class(folder, split=split)]


def oxford_lists(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read Oxford's list files; a line: image id, class number, species (1 cat, 2 dog), breed number."""
    entries = []
    for name in ["trainval", "test"] if split is None else [split]:
        listing = folder / "annotations" / f"{name}.txt"
        if not listing.is_file():
            raise FileNotFoundError(f"No list at {listing}. Unpack annotations.tar.gz there.")
        entries += [line.split() for line in listing.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return [(folder / "images" / f"{image}.jpg",
             ("Cat", "Dog")[int(species) - 1] if labels == "species" else image.rsplit("_", 1)[0])
            for image, _, species, _ in sorted(entries)]


def cartoons(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read `<species>/<breed>_<n>.png`."""
    return [(path, path.stem.rsplit("_", 1)[0] if labels == "breed" else path.parent.name) for path in _files(folder)]


def by_name(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read `<part>/<label>_<n>.png`, or `<part>/<infection>_<winding>_<n>.png`."""
    return [(path, path.stem.split("_")[labels == "winding"]) for part in ([split] if split else ("trainval", "test"))
            for path in _files(folder / part)]


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in sorted(folder.iterdir(), key=_letters) if entry.is_dir() and entry.name[0] != "."]


def _files(folder: Path) -> list[Path]:
    """Every file below a folder but hidden ones, sorted."""
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "."]
        files += [Path(place, name) for name in names if name[0] != "."]
    return sorted(files, key=_letters)
