"""Folders of photo files -> a PhotoSet: paths, labels, class names, and seeded, stratified parts of it."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tllib import images
from tllib.checking import check_class_numbers, check_count, check_number, check_path
from tllib.datasets import archives, cleaning, layouts
from tllib.datasets.drawn import drawn_set
from tllib.datasets.sources import SOURCES
from tllib.files import data_root, shipped
from tllib.suggest import unknown_name

import numpy as np

EMPTY = "an empty folder"


@dataclass(frozen=True)
class PhotoSet:
    """Photos on disk and what they show.

    Attributes:
        paths: one file a photo.
        labels: int32 `(n,)`, class number of each.
        class_names: name of each class number.
        report: one line on where the photos come from and what was left out.
        set_aside: file that can't be used -> why.
        white: the value that is white in photos of more than 8 bits, see `images.load`. Defaults to None, what each
            file says.

    Raises:
        ValueError: not a label for each path, or one that is not whole or has no name.
    """

    paths: tuple[Path, ...]
    labels: np.ndarray = field(repr=False)
    class_names: tuple[str, ...]
    report: str
    set_aside: Mapping[Path, str] = field(default_factory=dict, repr=False)
    white: float | None = None

    def __post_init__(self):
        if np.shape(self.labels) != (len(self.paths),):
            raise ValueError(f"labels: expected one per path, {len(self.paths)}, got shape {np.shape(self.labels)}.")
        check_class_numbers("labels", self.labels, self.class_names)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        counts = self.counts()
        if len(counts) > 8:
            return f"PhotoSet({len(self)} photos, {len(counts)} classes)"
        return f"PhotoSet({len(self)} photos: {', '.join(f'{name} {n}' for name, n in counts.items())})"

    def counts(self) -> dict[str, int]:
        """Class name -> number of photos."""
        numbers = np.bincount(self.labels, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, numbers, strict=True))

    def read(self, row: int, *, size: int | None = None) -> np.ndarray:
        """Pixels of one photo, uint8 `(h, w, 3)`, or `(size, size, 3)` of its middle square; see `images.load`."""
        return images.load(self.paths[row], size=size, white=self.white)

    def subset(self, n: int, *, seed: int = 0) -> "PhotoSet":
        """Draw n photos, each class in proportion; at least one of each class, or it is a ValueError."""
        check_count("n", n)
        check_count("seed", seed, least=0)
        if not len(self.class_names) <= n <= len(self):
            raise ValueError(f"Cannot draw {n} of {len(self)} photos in {len(self.class_names)} classes: "
                             "every class needs one at least.")
        return self.take(_draw(self.labels, n, seed))

    def split(self, *, test: float = 0.2, seed: int = 0) -> tuple["PhotoSet", "PhotoSet"]:
        """Divide into (train, test), a fraction `test` of the photos for the second, each class in proportion.

        Raises:
            ValueError: `test` is not between 0 and 1, the seed is below 0, or a class has a single photo.

        Example:
            >>> from tllib import datasets
            >>> train, test = datasets.load("pets").split(test=0.25, seed=0)
            >>> len(train), len(test)
            (314, 104)
        """
        check_number("test", test)
        check_count("seed", seed, least=0)
        if not 0 < test < 1:
            raise ValueError(f"test is a share between 0 and 1, got {test}.")
        for name, count in self.counts().items():
            if count < 2:
                raise ValueError(f"Class {name!r} has {count} photo: a split needs two, one to learn from and one to "
                                 "be tested on. Add photos of it or leave the class out.")
        chosen = _draw(self.labels, round(test * len(self)), seed, leave=1)
        return self.take(np.setdiff1d(np.arange(len(self)), chosen)), self.take(chosen)

    def take(self, rows: np.ndarray) -> "PhotoSet":
        """The photos with these numbers, in this order."""
        return replace(self, paths=tuple(self.paths[i] for i in rows), labels=_labels(self.labels[rows]))


def load(name: str | os.PathLike, *, root: str | os.PathLike | None = None, labels: str | None = None,
         split: str | Sequence[str] | None = None, fallback: str | Sequence[str] = (),
         white: float | None = None) -> PhotoSet:
    """Find a data set on this machine, and look at its photos. Nothing is downloaded; drawn sets are drawn once.

    Args:
        name: "pets", "textures", "drawn_digits", "drawn_cells", always there; "cats_vs_dogs", "cats_vs_dogs_small",
            "oxford_pets", which are fetched; or the path of any folder that holds a folder of photos for each class,
            or a folder for each part ("train", "Test_Data", "seg_val") that holds these; parts inside of the classes
            will do as well.
        root: folder that holds a folder for each data set. Defaults to `TLLIB_DATA`, else the project's `data/`.
        labels: "species" or "breed" of pets, "infection" or "winding" of cells. Defaults to the first that a set has.
        split: an official part: "trainval" or "test" of Oxford's pets and of textures, digits and cells; of a folder,
            the name of a part's folder, or a list of them. Defaults to all parts together; folds of a cross-validation
            have to be named.
        fallback: what to load when `name` is not on this machine: a set, or several: the first that is here; `.report`
            says which. With `split`, it is that part of it; of a set without official parts, every fourth photo is
            "test", the others are "trainval".
        white: the value that is white in photos of more than 8 bits, such as 4095 of a camera of 12 bits that writes
            files of 16. Whatever reads the photos heeds it; of a photo that you read yourself, tell `images.load` as
            well. Defaults to None, what each file says.

    Raises:
        FileNotFoundError: it is not there; the message says where to get it and where to put it.
        ValueError: unknown name, label kind or split; a folder without classes, or one in which classes and parts can't
            be told apart; or `white` is no number above 0.
        TypeError: `name` or `root` is neither text nor a path.
    """
    check_path("name", name)
    if root is not None:
        check_path("root", root)
    images.check_white(white)
    if name not in SOURCES:
        if isinstance(name, os.PathLike) or len(Path(name).parts) > 1 or os.path.isdir(name):  # "" is none
            folder = Path(name).expanduser()
            return _looked_at(folder, layouts.by_class(folder, split=split), folder.name, white=white)
        raise unknown_name("data set", name, SOURCES)
    source = SOURCES[name]
    parts = tuple(source.photos) if len(source.photos) > 1 else ()
    if labels not in (None, *source.classes) or split not in (None, *parts):
        raise ValueError(f"{name} has labels {' or '.join(source.classes)} and {' or '.join(parts) or 'no'} official "
                         f"split; got labels={labels!r}, split={split!r}.")
    labels = labels or next(iter(source.classes))
    folder = _place(name, root)
    if archives.missing(name, root):
        others = [fallback] if isinstance(fallback, str) else fallback
        other = next((other for other in others if not archives.missing(other, root)), None)
        if other is None:
            raise FileNotFoundError(f"{source.title} is not at {folder}. datasets.fetch({name!r}) fetches it, or "
                                    f"unpacks what was brought. {archives.by_hand(name, root)}\n"
                                    "Or use 'pets', always there.")
        official = split in SOURCES[other].photos
        instead = load(other, root=root, labels=labels if labels in SOURCES[other].classes else None,
                       split=split if official else None, white=white)
        if split is not None and not official:
            fourth = np.arange(len(instead)) % 4 == 3
            instead = instead.take(np.flatnonzero(fourth if split == "test" else ~fourth))
        return replace(instead, report=f"{source.title} is not on this machine. {instead.report}")
    rows = getattr(layouts, source.layout)(folder, labels=labels, split=split)
    return _looked_at(folder, rows, source.title, source.noun, white=white)


def _place(name: str, root: str | os.PathLike | None) -> Path:
    """Where the pictures of a data set are, or would be."""
    source = SOURCES[name]
    if source.shipped:
        return shipped(name)
    return data_root(root) / name / source.folder if source.archives else drawn_set(name, source.photos)


def _looked_at(folder: Path, rows: layouts.Rows, title: str, noun: str = "photos", *,
               white: float | None) -> PhotoSet:
    """Leave out what is no photo or can't be read, and say so."""
    reasons = {path: _why_in_no_class(path) for path, label in rows if not label}
    reasons |= cleaning.unusable(folder, [path for path, label in rows if label], white=white)
    kept = [(path, label) for path, label in rows if path not in reasons]
    counts = Counter(label for _, label in kept)
    unread = {path for path in reasons if layouts.should_be_picture(path) or path.is_symlink()}
    lost = {label for path, label in rows if label and path in unread} - set(counts)
    without = {label for _, label in rows if label} - set(counts)
    without |= {path.name for path, why in reasons.items() if why == EMPTY}
    remarks = _remarks(reasons, unread, without)
    if lost:
        raise ValueError(f"{title}: class {min(lost)!r} has no photo that can be read. {remarks}")
    if len(counts) < 2:
        raise ValueError(f"{title}: {len(counts)} class folders with photos; expected two or more, such as "
                         f"{folder.name}/cat/1.jpg and {folder.name}/dog/1.jpg. {layouts.LABELS_ELSEWHERE} {remarks}")
    names = tuple(sorted(counts))
    of_class = ", ".join(f"{name} {counts[name]}" for name in names) if len(names) <= 8 else \
        f"{min(counts.values())} to {max(counts.values())} each"
    report = f"{title}: {len(kept)} {noun}, {len(names)} classes ({of_class})"
    if remarks:
        report = f"{report}; {remarks}"
    return PhotoSet(tuple(path for path, _ in kept), _labels([names.index(label) for _, label in kept]), names, report,
                    reasons, white)


def _why_in_no_class(path: Path) -> str:
    if path.is_symlink() and path.is_dir():
        return "a link to a folder, not followed"
    return EMPTY if path.is_dir() else "in no class folder"


def _remarks(reasons: Mapping[Path, str], unread: set[Path], without: set[str]) -> str:
    """What was left out, in a line: photos with the reason, other files by their ending, folders without a photo."""
    remarks = []
    shown = [f"{path.parent.name}/{path.name} ({why})" for path, why in reasons.items() if path in unread]
    if shown:
        more = ", …" if len(shown) > 2 else ""
        remarks.append(f"{len(shown)} set aside: {', '.join(shown[:2])}{more}")
    others = Counter(path.suffix.lower() or path.name for path, why in reasons.items()
                     if path not in unread and why != EMPTY)
    if others:
        kinds = sorted(others.items(), key=lambda kind: (-kind[1], kind))
        remarks.append(f"{others.total()} that are no pictures: " + ", ".join(f"{kind} {n}" for kind, n in kinds))
    if without:
        remarks.append(f"no photo in: {', '.join(sorted(without))}")
    return "; ".join(remarks)


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
