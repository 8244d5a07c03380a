"""A PhotoSet -> batches of pixels and labels, read from disk as they are needed."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tllib.checking import check_count, check_kind
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.photos import PhotoSet

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """What `batches` returns: for `fit`, `predict`, `evaluate`, plain `for` loops and PyTorch's `DataLoader`.

    Each loop `for pixels, labels in batches:` is an epoch of its own, even if it is left early; so is each epoch of
    `fit`. `batches[i]` is batch i of the epoch that comes next, and stays so until that has begun.

    Attributes:
        photos: the PhotoSet it reads, with paths and class names.
        epoch: number of the epoch that comes next (within `fit`: of the current one), counted from 0. With the seed it
            decides order and augmentation, so set it to repeat an epoch exactly.
    """

    def __init__(self, photos: PhotoSet, size: int, batch_size: int, *, shuffle: bool = False, seed: int = 0,
                 augment: Augmentation | None = None, fill: bool = False):
        super().__init__()  # one worker: with more, Keras on PyTorch loses a batch of the first epoch
        self.photos, self.size, self.batch_size, self.augment, self.fill = photos, size, batch_size, augment, fill
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0

    def __len__(self) -> int:
        return -(-len(self.photos) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        epoch = self.epoch
        self.on_epoch_end()
        return (self._batch(epoch, number) for number in range(len(self)))

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= number < len(self):
            raise IndexError(f"batch {number} of {len(self)}")
        return self._batch(self.epoch, number)

    def _batch(self, epoch: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        places = np.arange(number * self.batch_size, (number + 1) * self.batch_size)
        if not self.fill:  # the last batch may be smaller; filled up, it begins with the first photos again
            places = places[places < len(self.photos)]
        rows = self._order(epoch)[places % len(self.photos)]
        pixels = np.empty((len(rows), self.size, self.size, 3), "float32")
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # not kept: threads can't go along to another process
            list(pool.map(self._read, rows, pixels))
        if self.augment is not None:
            pixels = _augmented(pixels, self.augment, np.random.default_rng([self.seed, epoch, number]))
        return pixels, self.photos.labels[rows]

    def _order(self, epoch: int) -> np.ndarray:
        """Number of the photo in each row of an epoch."""
        count = len(self.photos)
        if not self.shuffle:
            return np.arange(count)
        return np.random.default_rng([self.seed, epoch]).permutation(count)

    def _read(self, row: int, place: np.ndarray) -> None:
        place[:] = self.photos.read(row, size=self.size)

    def on_epoch_end(self):
        """Go on to the next epoch: another order, other augmentation. `fit` and plain loops do so by themselves."""
        self.epoch += 1


def batches(photos: PhotoSet, *, size: int = 224, batch_size: int = 32, shuffle: bool = False, seed: int = 0,
            augment: Augmentation | None = None) -> Batches:
    """Stream photos: middle square, resized; memory holds a few batches, however many photos there are.

    JPEG files are decoded at a half, a quarter or an eighth of their size where that is still large enough.

    PyTorch: `DataLoader(batches, batch_size=None)` takes them, with helper processes too. It asks for batches by
    number, so call `batches.on_epoch_end()` after each pass.

    Args:
        photos: from `load`.
        size: height and width, in pixels.
        batch_size: photos per batch; the last one may be smaller.
        shuffle: a new order every epoch, following `seed`; otherwise the order of `photos.paths`.
        seed: for the shuffling and for `augment`; the same seed gives the same first epoch, the same second, and so on.
        augment: (pixels, random generator) -> pixels of the same shape, both 0 to 255, such as `random_crop_flip`. A
            random layer of Keras fits too: `lambda pixels, random: layer(pixels, training=True)`.

    Returns:
        A `keras.utils.PyDataset` of (pixels float32 `(b, size, size, 3)`, 0 to 255; labels int32 `(b,)`).

    Raises:
        TypeError: `photos` is no PhotoSet, or `augment` no function.
        ValueError: size or batch_size is below 1, or the seed below 0; later, with the first batch, `augment` gave
            something else than pixels of 0 to 255, as one that divides by 255 does.
    """
    check_kind("photos", photos, PhotoSet, "datasets.load(name) gives one.")
    check_count("size", size)
    check_count("batch_size", batch_size)
    check_count("seed", seed, least=0)
    if augment is not None:
        check_kind("augment", augment, Callable, "Give a function (pixels, random) -> pixels.")
    return Batches(photos, size, batch_size, shuffle=shuffle, seed=seed, augment=augment)


def _augmented(pixels: np.ndarray, augment: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Augment a batch, and see that what comes back are pixels still.

    Args:
        pixels: float32 `(n, h, w, 3)`, 0 to 255; `augment` may write into it.
        augment: from the reader.
        random: given to `augment`.

    Returns:
        float32, same shape, 0 to 255: what noise or a sharp resize put a little beyond is cut off.

    Raises:
        ValueError: another shape, no numbers, NaN, or pixels that were scaled or shifted as networks elsewhere want.
    """
    shape, brightest = pixels.shape, pixels.max()
    answer = augment(pixels, random)
    if tuple(getattr(answer, "shape", ())) != shape:
        found = f"shape {tuple(answer.shape)}" if hasattr(answer, "shape") else f"a {type(answer).__name__}"
        raise ValueError(f"augment was given pixels of shape {shape} and returned {found}. Let it return the pixels "
                         "alone, all of them and in the same shape.")
    changed = keras.ops.convert_to_numpy(answer).astype("float32", copy=False)
    low, high = float(changed.min()), float(changed.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("augment returned NaN or infinite pixels. Look for a division by zero in it.")
    if _rescaled(low, high, brightest) or _shifted(changed, low, high):
        raise ValueError(f"augment returned pixels from {low:.4g} to {high:.4g}, but pixels go from 0 to 255 here, for "
                         "every network in tllib does its own scaling inside. Leave out the division by 255, the "
                         "Rescaling or Normalization layer; if it is noise, end with np.clip(pixels, 0, 255).")
    return changed if low >= 0 and high <= 255 else changed.clip(0, 255)


def _rescaled(low: float, high: float, brightest: float) -> bool:
    """Whether a batch was scaled to 0-1, -1-1 or a standard deviation of 1; one that was dark before can't tell."""
    if brightest < 64:
        return False
    return high <= 1.5 or (low < 0 and max(high, -low) <= 16)


def _shifted(pixels: np.ndarray, low: float, high: float) -> bool:
    """Whether more than one value in a hundred lies far outside of 0 to 255, as after subtracting a mean."""
    if low >= -64 and high <= 319:
        return False
    return np.mean((pixels < -64) | (pixels > 319)) > 0.01
