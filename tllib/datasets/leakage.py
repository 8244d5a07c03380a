"""One data set, or two parts of it -> photos that are there twice, or nearly: they make results too good to be true.

A perceptual hash describes a photo by 64 yes-or-no answers ("is this frequency above the median?"); a copy that was
resized, saved again or slightly retouched answers nearly all of them alike. One photo is hashed in all eight positions,
upright, mirrored and turned; pairs with like hashes are then compared as small grey pictures, for simple drawings often
have like hashes.
Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010; computed by `imagehash`.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tllib.checking import check_count, check_kind
from tllib.datasets.photos import PhotoSet
from tllib.progress import progress

import imagehash
import numpy as np
from PIL import Image

SIDE = 128  # pixels; what a photo is read at
SMALL = 32  # pixels; the grey picture that is hashed and compared
ALIKE = 0.9  # correlation of two small pictures from which they count as copies


@dataclass(frozen=True)
class Pair:
    """Two photos that are nearly the same, and how many of 64 hash bits differ (0: as good as the same)."""

    first: Path
    second: Path
    bits: int


def near_duplicates(first: PhotoSet, second: PhotoSet | None = None, *, bits: int = 6) -> list[Pair]:
    """Find photos of `second` (say, test) that are also in `first` (say, train); of one set alone, photos in it twice.

    It finds copies that were resized, saved again, made grey or brighter, mirrored, or turned by 90, 180 or 270
    degrees. It does not find copies that were cropped by more than a few percent, set in a frame, or turned by other
    angles, nor two photos of the same scene.

    Args:
        first: one part of a split, or a whole set.
        second: the other part. Defaults to None: pairs within `first`.
        bits: largest number of differing hash bits, of 64, that still counts as nearly the same.

    Returns:
        Pairs, nearest first. An empty list means that there are no such copies; a cropped one may still be there.

    Raises:
        TypeError: `first` or `second` is no PhotoSet.
        ValueError: `bits` is not in 0 to 64.

    Example:
        leaked = datasets.near_duplicates(train, test)
    """
    check_kind("first", first, PhotoSet, "datasets.load(name) gives one.")
    within = second is None
    second = first if within else second
    check_kind("second", second, PhotoSet, "datasets.load(name) gives one.")
    check_count("bits", bits, least=0, most=64)
    ours = _small(first)
    theirs = ours if within else _small(second)
    their_hashes = _hashes(theirs)
    found: dict[tuple[int, int], int] = {}
    for turned in _positions(ours):
        for row, own in enumerate(_hashes(turned)):  # one row at a time: memory for one row of distances
            distances = np.bitwise_count(own ^ their_hashes)
            for column in np.flatnonzero(distances <= bits).tolist():
                if within and column <= row:
                    continue  # itself, or a pair that has been seen the other way round
                if _alike(turned[row], theirs[column]):
                    found[row, column] = min(int(distances[column]), found.get((row, column), bits))
    pairs = [Pair(first.paths[row], second.paths[column], count) for (row, column), count in found.items()]
    return sorted(pairs, key=lambda pair: (pair.bits, str(pair.first), str(pair.second)))


def _small(photos: PhotoSet) -> np.ndarray:
    """Photos as small grey pictures, uint8 `(n, SMALL, SMALL)`."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        smaller = pool.map(lambda row: _small_one(photos, row), range(len(photos)))
        read = progress(smaller, what="comparing photos", total=len(photos), unit="photo")
        return np.array(list(read), "uint8").reshape(-1, SMALL, SMALL)


def _small_one(photos: PhotoSet, row: int) -> np.ndarray:
    photo = Image.fromarray(photos.read(row, size=SIDE)).convert("L")
    return np.asarray(photo.resize((SMALL, SMALL), Image.Resampling.LANCZOS))


def _positions(pictures: np.ndarray) -> list[np.ndarray]:
    """The pictures as they are and mirrored, each turned by 0, 90, 180 and 270 degrees."""
    return [np.rot90(each, turns, axes=(1, 2)) for each in (pictures, pictures[:, :, ::-1]) for turns in range(4)]


def _hashes(pictures: np.ndarray) -> np.ndarray:
    return np.array([int(str(imagehash.phash(Image.fromarray(picture))), 16) for picture in pictures], "uint64")


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures correlate, however bright each is as a whole."""
    a, b = one - one.mean(), other - other.mean()
    return bool((a * b).sum() >= ALIKE * np.linalg.norm(a) * np.linalg.norm(b))
