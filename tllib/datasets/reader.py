"""A PhotoSet -> batches of pixels and labels, read from disk as they are needed."""

import os
from concurrent.futures import ThreadPoolExecutor

from tllib import images
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.photos import PhotoSet

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """What `batches` returns: for `fit`, `predict`, `evaluate` and plain `for` loops.

    Attributes:
        photos: the PhotoSet it reads, with paths and class names.
        epoch: counts from 0; with the seed it decides order and augmentation, so an epoch can be repeated exactly.
    """

    def __init__(self, photos: PhotoSet, size: int, batch_size: int, *, shuffle: bool = False, seed: int = 0,
                 augment: Augmentation | None = None, fill: bool = False):
        super().__init__()  # one worker: with more, Keras on PyTorch loses a batch of the first epoch
        self.photos, self.size, self.batch_size, self.augment, self.fill = photos, size, batch_size, augment, fill
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0
        self.pool = ThreadPoolExecutor(os.cpu_count())

    @property
    def order(self) -> np.ndarray:
        """Number of the photo in each row of the current epoch."""
        count = len(self.photos)
        return np.random.default_rng([self.seed, self.epoch]).permutation(count) if self.shuffle else np.arange(count)

    def __len__(self) -> int:
        return -(-len(self.photos) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= number < len(self):
            raise IndexError(f"batch {number} of {len(self)}")
        places = np.arange(number * self.batch_size, (number + 1) * self.batch_size)
        if not self.fill:  # the last batch may be smaller; filled up, it begins with the first photos again
            places = places[places < len(self.photos)]
        rows = self.order[places % len(self.photos)]
        pixels = np.empty((len(rows), self.size, self.size, 3), "float32")
        list(self.pool.map(self._read, rows, pixels))
        if self.augment is not None:
            changed = self.augment(pixels, np.random.default_rng([self.seed, self.epoch, number]))
            pixels = keras.ops.convert_to_numpy(changed)
        return pixels, self.photos.labels[rows]

    def _read(self, row: int, place: np.ndarray) -> None:
        place[:] = images.load(self.photos.paths[row], size=self.size)

    def on_epoch_end(self):
        """Go on to the next epoch: another order, other augmentation."""
        self.epoch += 1


def batches(photos: PhotoSet, *, size: int = 224, batch_size: int = 32, shuffle: bool = False, seed: int = 0,
            augment: Augmentation | None = None) -> Batches:
    """Stream photos: middle square, resized; memory holds a few batches, however many photos there are.

    JPEG files are decoded at a half, a quarter or an eighth of their size where that is still large enough.

    Args:
        photos: from `load`.
        size: height and width, in pixels.
        batch_size: photos a batch; the last one may be smaller.
        shuffle: a new order every epoch, following `seed`; otherwise the order of `photos.paths`.
        seed: of the shuffling and of `augment`.
        augment: (pixels, random generator) -> pixels, both 0 to 255, such as `random_crop_flip`. A random layer of
            Keras fits too: `lambda pixels, random: layer(pixels, training=True)`.

    Returns:
        A `keras.utils.PyDataset` of (pixels float32 `(b, size, size, 3)`, 0 to 255; labels int32 `(b,)`).

    Raises:
        ValueError: size or batch_size is below 1.
    """
    if size < 1 or batch_size < 1:
        raise ValueError(f"size and batch_size are at least 1; got size={size}, batch_size={batch_size}.")
    return Batches(photos, size, batch_size, shuffle=shuffle, seed=seed, augment=augment)
