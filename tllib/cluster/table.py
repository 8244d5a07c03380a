"""Parquet files of features -> one `FeatureTable`, whose features stay on disk."""

import json
import os
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from tllib.datasets.layouts import part_of
from tllib.transfer import BackboneId, FeatureTable

import numpy as np
import pyarrow as pa
from pyarrow import fs, parquet

ABOUT = "_about.json"  # names that begin so are no part of a Parquet data set
ROWS = 4096  # read at a time


def read_features(folder: str | os.PathLike) -> FeatureTable:
    """Read what `extract_features` wrote, for `transfer.train_head` and `transfer.evaluate`.

    Args:
        folder: of the Parquet files: a path, or an address that pyarrow knows (`s3://…`, `gs://…`).

    Returns:
        A table in the order of the paths, each photo once, without those that could not be read (`problems` has
        them). Its `x` is a read-only view of an unnamed file on disk: memory holds paths, labels and a few rows.

    Raises:
        FileNotFoundError: there are no features in the folder.
    """
    place, root = located(folder)
    about = read_about(place, root)
    if about is None:
        raise FileNotFoundError(f"No features in {folder}. Run: python -m tllib features PHOTOS --to {folder}")
    every = rows(place, root, ["path", "label", "problem"])
    known = {path: label for path, label, problem in every if not problem}
    paths = sorted(known)
    position = {path: number for number, path in enumerate(paths)}
    class_names = tuple(sorted(set(known.values())))
    with tempfile.TemporaryFile() as file:
        file.truncate(max(len(paths), 1) * about["width"] * 4)
        x = np.memmap(file, "float32", "r+", shape=(len(paths), about["width"]))
        for batch in _batches(place, root, ["path", "features"]):
            there = np.array([position.get(path, -1) for path in batch["path"].to_pylist()])
            found = batch["features"].flatten().to_numpy()  # leaves out the rows without
            kept = there[np.asarray(batch["features"].is_valid())]
            x[kept[kept >= 0]] = found.reshape(-1, about["width"])[kept >= 0]
        x.flush()
        x = np.memmap(file, "float32", "r", shape=x.shape)
    number = {name: row for row, name in enumerate(class_names)}
    y = np.fromiter((number[known[path]] for path in paths), "int32", len(paths))
    places = tuple(path if "://" in path else Path(path) for path in paths)
    return FeatureTable(x, y, places, class_names, BackboneId(about["backbone"], about["network"]))


def problems(folder: str | os.PathLike) -> dict[str, str]:
    """Files that could not be read, not at a later try either: path -> what was wrong."""
    found = {}
    for path, problem in rows(*located(folder), ["path", "problem"]):
        found[path] = problem and found.get(path, problem)
    return {path: problem for path, problem in found.items() if problem}


def located(place: str | os.PathLike) -> tuple[fs.FileSystem, str]:
    """The file system of a path or address, and the path there."""
    if "://" in str(place):
        return fs.FileSystem.from_uri(str(place))
    return fs.LocalFileSystem(), Path(place).expanduser().absolute().as_posix()


def read_about(place: fs.FileSystem, root: str) -> dict | None:
    """Which network made the features of a folder, and how wide they are."""
    if place.get_file_info(f"{root}/{ABOUT}").type == fs.FileType.NotFound:
        return None
    with place.open_input_stream(f"{root}/{ABOUT}") as file:
        return json.loads(file.read())


def rows(place: fs.FileSystem, root: str, columns: Sequence[str]) -> Iterator[tuple]:
    """Rows of all files, as tuples."""
    for batch in _batches(place, root, columns):
        yield from zip(*(batch[name].to_pylist() for name in columns), strict=True)


def _batches(place: fs.FileSystem, root: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some rows at a time, of all files; what was cut short when a machine died is no file and is passed over."""
    for info in sorted(place.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True)),
                       key=lambda info: info.path):
        if info.path.endswith(".parquet"):
            try:
                file = parquet.ParquetFile(info.path, filesystem=place)
            except pa.ArrowInvalid:
                continue
            with file:
                yield from file.iter_batches(ROWS, columns=list(columns))


def label_of(path: str, root: str) -> str:
    """The class folder that a photo lies in: the first below `root` that is no part ("train", "test") of the set."""
    folders = path.removeprefix(root).strip("/").split("/")[:-1]
    while len(folders) > 1 and part_of(folders[0]):
        folders = folders[1:]
    return unicodedata.normalize("NFC", folders[0]) if folders else ""
