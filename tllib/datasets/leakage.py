"""Two parts of a data set -> photos that are in both, or nearly: what makes a test result too good to be true.

A perceptual hash describes a photo by 64 yes-or-no answers ("is this frequency above the median?"); a copy that was
resized, saved again or slightly retouched answers nearly all of them alike.
Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010; computed by `imagehash`.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tllib import images
from tllib.datasets.photos import PhotoSet
from tllib.progress import progress

import imagehash
import numpy as np
from PIL import Image

SIDE = 128  # pixels; what a photo is reduced to before it is hashed


@dataclass(frozen=True)
class Pair:
    """A photo of one part, one of the other, and how many of 64 hash bits differ (0: as good as the same)."""

    first: Path
    second: Path
    bits: int


def near_duplicates(first: PhotoSet, second: PhotoSet, *, bits: int = 6) -> list[Pair]:
    """Find photos of `second` (say, test) that are also in `first` (say, train), if cropped alike.

    Args:
        first: one part of a split.
        second: the other part.
        bits: largest number of differing hash bits, of 64, that still counts as nearly the same.

    Returns:
        Pairs, nearest first. An empty list is what you hope for.

    Example:
        leaked = datasets.near_duplicates(train, test)
    """
    ours, theirs = _hashes(first.paths), _hashes(second.paths)
    found = []
    for row, bits_of_row in enumerate(ours):  # one row at a time: memory for one row of distances
        distances = np.bitwise_count(bits_of_row ^ theirs)
        found += [Pair(first.paths[row], second.paths[column], int(distances[column]))
                  for column in np.flatnonzero(distances <= bits)]
    return sorted(found, key=lambda pair: (pair.bits, str(pair.first), str(pair.second)))


def _hashes(paths: tuple[Path, ...]) -> np.ndarray:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = progress(pool.map(_hash, paths), what="comparing photos", total=len(paths), unit="photo")
        return np.fromiter(hashes, "uint64")


def _hash(path: Path) -> int:
    return int(str(imagehash.phash(Image.fromarray(images.load(path, size=SIDE)))), 16)
