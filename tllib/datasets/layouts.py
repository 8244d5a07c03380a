"""The folder of a data set -> (path, label) of everything in it, "" for what belongs to no class.

Each function knows one way to lay a set out. All take the folder, the kind of `labels` and the official `split`; None:
the first kind that the set has, all parts.

Whether folders are classes or parts of the set ("train", "test") is told by the words in their names. A single "train"
beside "bus" and "car" is a class. Where it can't be told, the reader is asked.
"""

import functools
import itertools
import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

from tllib import images

from PIL import Image

Rows = list[tuple[Path, str]]
_letters = attrgetter("parts")  # to sort by: Windows' paths take a and A for the same, and so have another order

# Words that name a part of a data set -> which part; of "testset" and "train_images", too.
_PARTS = {
    "train": "train", "training": "train", "trainval": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "eval": "validation", "evaluation": "validation", "holdout": "validation",
    "test": "test", "testing": "test",
    "pred": "unlabelled", "predict": "unlabelled", "prediction": "unlabelled", "predictions": "unlabelled",
    "unlabeled": "unlabelled", "unlabelled": "unlabelled",
}
_NUMBERED = {"fold", "kfold", "split", "part"}  # with a number, a part as well
# Words that say only that there are files inside, or of what kind.
_CONTENTS = {"image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "data", "dataset", "jpeg",
             "jpg", "png", "mask", "masks", "label", "labels", "annotation", "annotations"}
LABELS_ELSEWHERE = "If a table or the file names say what each photo shows, move it into a folder called as its class."


def by_class(folder: Path, *, labels: str | None = None, split: str | Sequence[str] | None = None) -> Rows:
    """Read a folder per class, photos at any depth below it; or a folder per part ("train", "test"), holding these.

    Parts may lie inside the classes as well: `cats/train`, `cats/test`, `dogs/train` … `split` names one folder of a
    part, or several.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"No folder at {folder}. Give one that holds a folder of photos for each class.")
    place = _unwrapped(folder)
    parts = _parts(place, split)
    divided = {} if parts else _divided_classes(place, split)
    chosen = _chosen(folder, [*parts, *itertools.chain(*divided.values())], split)
    homes = [_unwrapped(part) for part in chosen] if parts else [place]
    classes = {entry: entry.name for home in homes for entry in _classes(home)}
    _check_one_level(homes if parts else [], list(classes))
    not_chosen = [part for part in parts if part not in chosen]
    if divided and split is not None:
        not_chosen = list(divided)  # all but the chosen parts of them
        classes = {part: entry.name for entry, own in divided.items() for part in own if part in chosen}
    held = {entry: _files(entry) for entry in classes}
    rows = [(path, unicodedata.normalize("NFC", classes[entry])) for entry, files in held.items() for path in files]
    if parts and not rows:
        raise ValueError(f"{place} holds {_listed(chosen)}, parts of a data set, but they hold no folder per class. "
                         f"{LABELS_ELSEWHERE}")
    outside = _walk(folder, without={*classes, *not_chosen})
    links = [path for entry in (folder, *filter(Path.is_symlink, classes)) for path in _links(entry)]
    empty = [entry for entry, files in held.items() if not files]
    rest = [*outside, *(link for link in links if link not in held), *empty]
    return rows + [(path, "") for path in sorted(rest, key=_letters)]


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


def by_name(folder: Path, *, labels: str | None = None, split: str | None = None) -> Rows:
    """Read `<part>/<label>_<n>.png`, or `<part>/<infection>_<winding>_<n>.png`."""
    return [(path, path.stem.split("_")[labels == "winding"]) for part in ([split] if split else ("trainval", "test"))
            for path in _files(folder / part)]


def _unwrapped(folder: Path) -> Path:
    """Where a set begins, below a folder that only repeats a name or says "images": `seg_train/seg_train`."""
    inside = _with_pictures(folder)
    if len(inside) != 1:
        return folder
    name = inside[0].name
    if name == folder.name:
        return _unwrapped(inside[0])
    says_nothing = part_of(name) is None and not _CONTENTS.isdisjoint(_words(name))
    return _unwrapped(inside[0]) if says_nothing and _with_pictures(inside[0]) else folder


def _parts(place: Path, split: str | Sequence[str] | None) -> list[Path]:
    """The folders in `place` that are parts of the set; none if they are classes.

    Raises:
        ValueError: it can't be told, or shouldn't be joined, and no `split` says what is wanted.
    """
    folders = _with_pictures(place)
    parts = [folder for folder in folders if part_of(folder.name)]
    others = [folder for folder in folders if folder not in parts]
    kinds = {part_of(folder.name) for folder in parts}
    if len(others) > 1 and all(map(_is_content, folders)):
        raise ValueError(f"{place} holds {_listed(folders)}: kinds of files, not classes. {LABELS_ELSEWHERE}")
    if not parts:
        return []
    hold_classes = any(len(_with_pictures(part)) > 1 for part in parts)
    differ_by_number = len({re.sub(r"\d+", "", part.name) for part in parts}) == 1
    if split is None and kinds == {"fold"} and hold_classes:
        raise _say_which(place, parts)
    if not others and (len(kinds) > 1 or differ_by_number):
        return parts
    if len(kinds) == 1 and not hold_classes:
        return []  # "train" beside "bus", "valid" beside "not valid": classes
    if split is None:
        raise _like_parts(place, parts, others)
    return parts


def _divided_classes(place: Path, split: str | Sequence[str] | None) -> dict[Path, list[Path]]:
    """Class folder -> the parts of the set inside it, `cats/train` and `cats/test`; none if the classes hold no parts.

    Raises:
        ValueError: it can't be told, or shouldn't be joined, and no `split` says what is wanted; or `split` does, but
            not all classes hold parts.
    """
    inside = {entry: _with_pictures(_unwrapped(entry)) for entry in _with_pictures(place)}
    parts = {entry: [folder for folder in folders if part_of(folder.name)] for entry, folders in inside.items()}
    whole = [entry for entry, own in parts.items() if not own]
    if len(whole) == len(parts) or (whole and split is None):
        return {}
    if whole:
        holding = _listed([entry for entry in parts if entry not in whole])
        raise ValueError(f"{place}: of the classes, {holding} hold parts, {_listed(whole)} none. Divide all alike, or "
                         "leave out split.")
    if split is not None:
        return parts
    for entry, own in parts.items():
        others = [folder for folder in inside[entry] if folder not in own]
        if others:
            raise _like_parts(entry, own, others)
        if len(own) > 1 and {part_of(part.name) for part in own} == {"fold"}:
            raise _say_which(entry, own)
    return parts


def _say_which(place: Path, parts: list[Path]) -> ValueError:
    return ValueError(f"{place} holds {_listed(parts)}. Say which to load, one or several: "
                      f"split={parts[0].name!r}, or split={[part.name for part in parts[1:3]]}.")


def _like_parts(place: Path, parts: list[Path], others: list[Path]) -> ValueError:
    beside = f", beside {_listed(others)}" if others else ""
    return ValueError(f"{place} holds {_listed(parts)}, like parts of a data set{beside}. Name a part, "
                      f"split={parts[0].name!r}, or move what doesn't belong there elsewhere.")


def _chosen(folder: Path, parts: list[Path], split: str | Sequence[str] | None) -> list[Path]:
    """The parts that `split` names, all for None."""
    if split is None:
        return parts
    known = dict.fromkeys(part.name for part in parts)
    wanted = [split] if isinstance(split, str) else list(split)
    for name in wanted:
        if name not in known:
            raise ValueError(f"{folder} has no part {name!r}: {', '.join(known) or 'only classes'}.")
    return [part for name in wanted for part in parts if part.name == name]


def _check_one_level(parts: list[Path], classes: list[Path]) -> None:
    """Refuse parts that are divided once more, and a single folder that may hold the classes."""
    for part in parts:
        if again := _parts(part, None):
            raise ValueError(f"{part} is divided once more, into {_listed(again)}. Load it by itself: "
                             f"datasets.load({str(part)!r}).")
    if not parts and len(classes) == 1 and len(inside := _with_pictures(classes[0])) > 1:
        only = classes[0]
        raise ValueError(f"{only.parent} holds a single folder, {only.name}, which holds {_listed(inside)}. If "
                         f"{only.name} is a class, put the folder of another class beside it. If those in it are the "
                         f"classes, or parts: datasets.load({str(only)!r}).")


def part_of(name: str) -> str | None:
    """Which part of a set a folder's name tells of: "train", "validation", "test", "unlabelled", "fold"; None: none."""
    words = _words(name)
    for word in words:
        bare = re.sub(r"(?<=...)(set|data|images|imgs|photos)$", "", word)
        if bare in _PARTS:
            return _PARTS[bare]
    numbered = any(word in _NUMBERED and following.isdigit() for word, following in itertools.pairwise(words))
    return "fold" if numbered else None


def _is_content(folder: Path) -> bool:
    words = {word for word in _words(folder.name) if not word.isdigit()}
    return bool(words) and words <= _CONTENTS


def _words(name: str) -> list[str]:
    """Small words of a name: "TrainData_01" -> train, data, 01."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _listed(folders: list[Path]) -> str:
    return ", ".join(folder.name for folder in folders[:4]) + (", …" if len(folders) > 4 else "")


def _with_pictures(folder: Path) -> list[Path]:
    """The folders in a folder that hold pictures at any depth, going by the endings of names."""
    return [entry for entry in _classes(folder) if any(map(should_be_picture, _walk(entry)))]


def should_be_picture(path: Path) -> bool:
    """Whether a file's name ends like a picture's."""
    return path.suffix.lower() in _endings()


@functools.cache  # not on import: Pillow loads all its readers for it
def _endings() -> set[str]:
    images.heic_reader()
    return {*Image.registered_extensions()}


def _classes(home: Path) -> list[Path]:
    """The folders in a folder, without links that lead back up."""
    return [entry for entry in _folders(home)
            if not (entry.is_symlink() and home.resolve().is_relative_to(entry.resolve()))]


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in sorted(folder.iterdir(), key=_letters) if entry.is_dir() and not _hidden(entry.name)]


def _hidden(name: str) -> bool:
    return name[0] == "." or name in ("@eaDir", "$RECYCLE.BIN")  # previews of a network drive; Windows' bin


def _files(folder: Path) -> list[Path]:
    """Every file below a folder but hidden ones, sorted; links to folders are not followed."""
    return sorted(_walk(folder), key=_letters)


def _walk(folder: Path, without: Collection[Path] = ()) -> Iterator[Path]:
    """Every file below a folder but hidden ones, and but those in the folders `without`."""
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not _hidden(name) and Path(place, name) not in without]
        yield from (Path(place, name) for name in names if not _hidden(name))


def _unreadable(error: OSError) -> None:
    raise error


def _links(folder: Path) -> list[Path]:
    """Links to folders, at any depth."""
    return [Path(place, name) for place, folders, _ in os.walk(folder) for name in folders
            if os.path.islink(os.path.join(place, name))]
