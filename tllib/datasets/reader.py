"""A PhotoSet -> batches of pixels and labels, read from disk while the previous batch is being used."""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from tllib import images
from tllib.datasets.photos import PhotoSet

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """What `batches` returns: for `fit`, `predict`, `evaluate` and plain `for` loops.

    Attributes:
        photos: the PhotoSet it reads, with paths and class names.
        order: number of the photo in each row of the current epoch.
    """

    def __init__(self, photos: PhotoSet, size: int, batch_size: int, *, shuffle: bool = False, seed: int = 0,
                 augment: Callable | None = None, cache: bool = False, fill: bool = False):
        super().__init__()
        self.photos, self.size, self.batch_size, self.augment, self.fill = photos, size, batch_size, augment, fill
        self.random = np.random.default_rng(seed) if shuffle else None
        self.pool = ThreadPoolExecutor(os.cpu_count())
        self.cached = self.is_cached = None
        if cache:  # an unnamed file on disk: no memory of its own, gone with the last process that uses it
            shape = (len(photos), size, size, 3)
            with tempfile.TemporaryFile() as file:
                self.cached = np.memmap(file, "uint8", "w+", shape=shape)
            self.is_cached = np.zeros(len(photos), bool)
        self.ahead: dict[int, tuple[np.ndarray, list[Future]]] = {}
        self.order = np.arange(len(photos))
        self.on_epoch_end()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class number."""
        return self.photos.class_names

    def __len__(self) -> int:
        return -(-len(self.photos) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= number < len(self):
            raise IndexError(f"batch {number} of {len(self)}")
        pixels, reading = self.ahead.pop(number, None) or self._start(number)
        self.ahead = {number + 1: self._start(number + 1)} if number + 1 < len(self) else {}
        for share in reading:
            share.result()
        if self.augment is not None:
            pixels = keras.ops.convert_to_numpy(self.augment(pixels, training=True))
        return pixels, self.photos.labels[self._rows(number)]

    def _rows(self, number: int) -> np.ndarray:
        rows = np.arange(number * self.batch_size, (number + 1) * self.batch_size)
        return self.order[rows % len(self.order) if self.fill else rows[rows < len(self.order)]]

    def _start(self, number: int) -> tuple[np.ndarray, list[Future]]:
        """An empty batch, and the work that is filling it, a share for each core."""
        rows = self._rows(number)
        pixels = np.empty((len(rows), self.size, self.size, 3), "float32")
        cores = os.cpu_count()
        return pixels, [self.pool.submit(self._read, rows[i::cores], pixels[i::cores]) for i in range(cores)]

    def _read(self, rows: np.ndarray, places: np.ndarray) -> None:
        for row, place in zip(rows, places, strict=True):
            if self.cached is not None and self.is_cached[row]:
                place[:] = self.cached[row]
                continue
            photo = images.load(self.photos.paths[row], size=self.size)
            place[:] = photo
            if self.cached is not None:
                self.cached[row], self.is_cached[row] = photo, True

    def on_epoch_end(self):
        """Shuffle anew, if shuffling was asked for."""
        self.ahead = {}
        if self.random is not None:
            self.order = self.random.permutation(len(self.photos))


def batches(photos: PhotoSet, *, size: int = 224, batch_size: int = 32, shuffle: bool = False, seed: int = 0,
            augment: Callable | None = None, cache: bool = False, shard: tuple[int, int] = (0, 1),
            fill: bool = False) -> Batches:
    """Stream photos: middle square, resized; memory holds two batches, however many photos there are.

    JPEG files are decoded at a half, a quarter or an eighth of their size where that is still large enough.

    Args:
        photos: from `load`.
        size: height and width, in pixels.
        batch_size: photos a batch; the last one may be smaller.
        shuffle: a new order every epoch, following `seed`; otherwise the order of `photos.paths`.
        seed: of the shuffling.
        augment: a Keras layer or model, pixels -> pixels, 0 to 255, such as `keras.layers.RandomFlip("horizontal")`;
            it sees every batch anew, after the cache. Seed the layer itself.
        cache: keep the resized pixels in an unnamed file on disk after the first epoch, 3 * size * size bytes a photo.
        shard: (i, n) reads photos i, i + n, i + 2n, …: for the i-th of n workers, which together read every photo once.

    Returns:
        A `keras.utils.PyDataset` of (pixels float32 `(b, size, size, 3)`, 0 to 255; labels int32 `(b,)`).

    Raises:
        ValueError: size, batch_size or shard make no sense.
    """
    index, count = shard
    if not 0 <= index < count or size < 1 or batch_size < 1:
        raise ValueError(f"size and batch_size are at least 1, shard is (i, n) with 0 <= i < n; got size={size}, "
                         f"batch_size={batch_size}, shard={shard}.")
    part = slice(index, None, count)
    photos = replace(photos, paths=photos.paths[part], labels=photos.labels[part])
    return Batches(photos, size, batch_size, shuffle=shuffle, seed=seed, augment=augment, cache=cache, fill=fill)
