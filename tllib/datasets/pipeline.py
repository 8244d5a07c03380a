"""A PhotoSet -> batches of pixels and labels, read from disk as they are needed."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from tllib import images
from tllib.datasets.photos import PhotoSet


class Batches(keras.utils.PyDataset):
    """What `batches` returns: for `fit`, `predict`, `evaluate` and plain `for` loops."""

    def __init__(self, photos: PhotoSet, size: int, batch_size: int, shuffle: bool, seed: int):
        super().__init__()
        self.photos, self.size, self.batch_size = photos, size, batch_size
        self.random = np.random.default_rng(seed) if shuffle else None
        self.order = np.arange(len(photos))
        self.pool = ThreadPoolExecutor()
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.photos) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= number < len(self):
            raise IndexError(f"batch {number} of {len(self)}")
        rows = self.order[number * self.batch_size:(number + 1) * self.batch_size]
        pixels = self.pool.map(lambda row: images.load(self.photos.paths[row], size=self.size), rows)
        return np.stack(list(pixels)).astype("float32"), self.photos.labels[rows]

    def on_epoch_end(self):
        """Shuffle anew, if shuffling was asked for."""
        if self.random is not None:
            self.order = self.random.permutation(len(self.photos))


def batches(photos: PhotoSet, *, size: int = 224, batch_size: int = 32, shuffle: bool = False,
            seed: int = 0) -> Batches:
    """Stream photos: middle square, resized; memory holds a batch, however many photos there are.

    Args:
        photos: from `load`.
        size: height and width, in pixels.
        batch_size: photos a batch; the last one may be smaller.
        shuffle: a new order every epoch, following `seed`; otherwise the order of `photos.paths`.
        seed: of the shuffling.

    Returns:
        A `keras.utils.PyDataset` of (pixels float32 `(b, size, size, 3)`, 0 to 255; labels int32 `(b,)`).
    """
    return Batches(photos, size, batch_size, shuffle, seed)
