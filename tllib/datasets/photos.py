"""Folders of photo files -> a PhotoSet: paths, labels, class names, and seeded, stratified parts of it."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tllib.drawings import pets, textures_digits_cells
from tllib.files import cache_root, data_root
from tllib.suggest import unknown_name
from tllib.supply import cleaning, fetch
from tllib.supply.sources import SOURCES, Source

import numpy as np

PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif"}


@dataclass(frozen=True)
class PhotoSet:
    """Photos on disk and what they show.

    Attributes:
        paths: one file a photo.
        labels: int32 `(n,)`, class number of each.
        class_names: name of each class number.
        report: one line on where the photos come from and what was left out.
        set_aside: file that can't be used -> why.
    """

    paths: tuple[Path, ...]
    labels: np.ndarray = field(repr=False)
    class_names: tuple[str, ...]
    report: str
    set_aside: Mapping[Path, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.paths)

    def counts(self) -> dict[str, int]:
        """Class name -> number of photos."""
        found = np.bincount(self.labels, minlength=len(self.class_names))
        return dict(zip(self.class_names, found.tolist(), strict=True))

    def subset(self, n: int, *, seed: int = 0) -> "PhotoSet":
        """Draw n photos, each class in proportion.

        Raises:
            ValueError: n is not between the number of classes and the number of photos.
        """
        if not len(self.class_names) <= n <= len(self):
            raise ValueError(f"Cannot draw {n} of {len(self)} photos in {len(self.class_names)} classes: "
                             "every class needs one at least.")
        return self._take(_draw(self.labels, n, seed))

    def split(self, *, test: float = 0.2, seed: int = 0) -> tuple["PhotoSet", "PhotoSet"]:
        """Divide into (train, test): no photo in both, each class in proportion.

        Args:
            test: share of the photos for the second part, between 0 and 1.
            seed: the same seed gives the same parts.

        Raises:
            ValueError: `test` is not between 0 and 1, or a class has a single photo.

        Example:
            >>> from tllib import datasets
            >>> train, test = datasets.load("cartoon_pets").split(test=0.25, seed=0)
            >>> len(train), len(test)
            (240, 80)
        """
        if not 0 < test < 1:
            raise ValueError(f"test is a share between 0 and 1, got {test}.")
        for name, count in self.counts().items():
            if count < 2:
                raise ValueError(f"Class {name!r} has {count} photo: a split needs two, one to learn from and one to "
                                 "be tested on. Add photos of it or leave the class out.")
        chosen = _draw(self.labels, round(test * len(self)), seed, leave=1)
        return self._take(np.setdiff1d(np.arange(len(self)), chosen)), self._take(chosen)

    def _take(self, rows: np.ndarray) -> "PhotoSet":
        return replace(self, paths=tuple(self.paths[i] for i in rows), labels=_labels(self.labels[rows]))


def load(name: str | os.PathLike, *, root: str | os.PathLike | None = None, labels: str | None = None,
         split: str | None = None, fallback: str | None = None) -> PhotoSet:
    """Find a data set on this machine.

    Args:
        name: "cats_vs_dogs", "oxford_pets", "cartoon_pets", "textures", "drawn_digits" or "drawn_cells" (these four are
            made here, always there), or the path of any folder that holds one folder of photos for each class.
        root: folder that holds a folder for each data set. Defaults to `TLLIB_DATA`, else the project's `data/`.
        labels: "species" or "breed" of pets, "infection" or "winding" of cells. Defaults to the first that a set has.
        split: "trainval" or "test", the official parts of Oxford's pets and of textures, digits and cells. Defaults to
            both together.
        fallback: name of the set to load when `name` is not on this machine; `.report` says which one it is. With
            `split`, three quarters of it are "trainval", every fourth photo is "test".

    Raises:
        FileNotFoundError: it is not there; the message says where to get it and where to put it.
        ValueError: unknown name, label kind or split; a folder without classes.
    """
    if name not in SOURCES:
        if isinstance(name, os.PathLike) or os.sep in str(name) or Path(name).is_dir():
            return _from_classes(Path(name), Path(name).name)
        raise unknown_name("data set", name, SOURCES)
    source = SOURCES[name]
    parts = tuple(source.photos) if source.layout in ("pets", "drawn") else ()
    if labels not in (None, *source.classes) or split not in (None, *parts):
        raise ValueError(f"{name} has labels {' or '.join(source.classes)} and {' or '.join(parts) or 'no'} official "
                         f"split; got labels={labels!r}, split={split!r}.")
    labels = labels or next(iter(source.classes))
    if source.layout == "cartoons":
        return _from_cartoons(source, labels)
    if source.layout == "drawn":
        return _from_drawings(name, source, labels, split)
    folder = Path(root or data_root()) / name / source.folder
    if not folder.is_dir() or fetch.missing(name, root):
        if fallback is None:
            raise FileNotFoundError(f"{source.title} is not at {folder}. datasets.fetch({name!r}) fetches it, or "
                                    f"unpacks what was brought. {fetch.by_hand(name, root)}\n"
                                    "Or use 'cartoon_pets', always there.")
        instead = load(fallback, root=root, labels=labels if labels in SOURCES[fallback].classes else None)
        if split is not None:  # a set without official parts: every fourth photo is for testing
            fourth = np.arange(len(instead)) % 4 == 3
            instead = instead._take(np.flatnonzero(fourth if split == "test" else ~fourth))
        return replace(instead, report=f"{source.title} is not on this machine. {instead.report}")
    return _from_pets(folder, source, labels, split) if source.layout == "pets" else _from_classes(folder, source.title)


def _from_classes(folder: Path, title: str) -> PhotoSet:
    """Read a folder that holds one folder of photos for each class."""
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder at {folder}. Give one that holds a folder of photos for each class.")
    inside = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    classes = {entry.name: _pictures(entry) for entry in inside}
    if len(classes) < 2:
        raise ValueError(f"{folder} holds {len(classes)} class folders and {len(_pictures(folder))} loose photos; "
                         f"expected two folders or more, such as {folder.name}/cat/1.jpg and {folder.name}/dog/1.jpg.")
    rows = [(path, name) for name, paths in classes.items() for path in paths]
    return _cleaned(folder, rows, tuple(classes), title)


def _from_pets(folder: Path, source: Source, labels: str, split: str | None) -> PhotoSet:
    """Read Oxford's list files; each line: image id, class number, species (1 cat, 2 dog), breed number."""
    entries = []
    for name in ["trainval", "test"] if split is None else [split]:
        listing = folder / "annotations" / f"{name}.txt"
        if not listing.is_file():
            raise FileNotFoundError(f"{source.title} has no list at {listing}. Unpack annotations.tar.gz there.")
        lines = listing.read_text(encoding="utf-8").splitlines()
        entries += [line.split() for line in lines if line and line[0] != "#"]
    rows = []
    for image_id, _, species, _ in sorted(entries):
        label = image_id.rsplit("_", 1)[0] if labels == "breed" else ("Cat", "Dog")[int(species) - 1]
        rows.append((folder / "images" / f"{image_id}.jpg", label))
    return _cleaned(folder, rows, tuple(sorted({label for _, label in rows})), source.title)


def _from_cartoons(source: Source, labels: str) -> PhotoSet:
    """Draw the set on first use, into the cache; a changed drawing code draws a new one."""
    folder = pets.write_set(_drawings("cartoon_pets", pets))
    rows = [(path, path.parent.name if labels == "species" else path.stem.rsplit("_", 1)[0])
            for species in ("Cat", "Dog") for path in _pictures(folder / species)]
    names = tuple(sorted({label for _, label in rows}))
    return _photo_set(rows, names, _report(source.title, "drawings", rows, names))


def _from_drawings(name: str, source: Source, labels: str, split: str | None) -> PhotoSet:
    """The same for other drawings; the file name holds a label of each kind, in the order of `source.classes`."""
    folder = pets.write(_drawings(name, textures_digits_cells), textures_digits_cells.pictures(name, source.photos))
    place = list(source.classes).index(labels)
    rows = [(path, path.stem.split("_")[place]) for part in source.photos if split in (None, part)
            for path in _pictures(folder / part)]
    names = tuple(sorted({label for _, label in rows}))
    return _photo_set(rows, names, _report(source.title, "pictures", rows, names))


def _drawings(name: str, code) -> Path:
    """Where the drawings that this version of the module `code` makes are kept."""
    version = hashlib.sha256(Path(code.__file__).read_bytes()).hexdigest()[:8]
    return cache_root() / f"{name}-{version}"


def _pictures(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.name[0] != "."),
                  key=lambda path: path.name)


def _cleaned(folder: Path, rows: Sequence[tuple[Path, str]], names: tuple[str, ...], title: str) -> PhotoSet:
    """Keep the photos that can be read."""
    unusable = cleaning.unusable(folder, [path for path, _ in rows])
    kept = [(path, label) for path, label in rows if path not in unusable]
    shown = [f"{path.parent.name}/{path.name} ({reason})" for path, reason in unusable.items()]
    remarks = f"{len(shown)} set aside: {', '.join(shown[:2])}" + (", …" if len(shown) > 2 else "") if shown else ""
    for name in sorted(set(names) - {label for _, label in kept}):
        raise ValueError(f"Class {name!r} of {title} has no photo that can be read. {remarks}")
    return _photo_set(kept, names, "; ".join(filter(None, (_report(title, "photos", kept, names), remarks))), unusable)


def _report(title: str, noun: str, rows: Sequence, names: tuple[str, ...]) -> str:
    found = Counter(label for _, label in rows)
    counts = [found[name] for name in names]
    each = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True)) if len(names) <= 8 else \
        f"{min(counts)} to {max(counts)} each"
    return f"{title}: {len(rows)} {noun}, {len(names)} classes ({each})"


def _photo_set(rows: Sequence[tuple[Path, str]], names: tuple[str, ...], report: str, set_aside=None) -> PhotoSet:
    number = {name: i for i, name in enumerate(names)}
    labels = _labels([number[label] for _, label in rows])
    return PhotoSet(tuple(path for path, _ in rows), labels, names, report, set_aside or {})


def _labels(numbers) -> np.ndarray:
    labels = np.array(numbers, "int32")
    labels.setflags(write=False)
    return labels


def _draw(labels: np.ndarray, n: int, seed: int, leave: int = 0) -> np.ndarray:
    """Sorted row numbers of n photos: each class its share, at least one, and `leave` of each left."""
    random = np.random.default_rng(seed)
    counts = np.bincount(labels)
    exact = counts * n / len(labels)
    take = np.clip(np.floor(exact).astype(int), 1, counts - leave)
    while take.sum() != n:  # hand out or take back what rounding left over, where it hurts least
        step = 1 if take.sum() < n else -1
        room = (take < counts - leave) if step > 0 else (take > 1)
        if not room.any():
            break
        take[np.argmax(np.where(room, step * (exact - take), -np.inf))] += step
    rows = [random.permutation(np.flatnonzero(labels == label))[:k] for label, k in enumerate(take)]
    return np.sort(np.concatenate(rows))
