"""Photos -> one feature vector each, computed once, with labels and paths from the same pass."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tllib import datasets


@dataclass(frozen=True)
class FeatureTable:
    """What a backbone says of each photo.

    Attributes:
        x: float32 `(n, d)`, features.
        y: int32 `(n,)`, class numbers.
        paths: the photo of each row.
        class_names: name of each class number.
    """

    x: np.ndarray
    y: np.ndarray
    paths: tuple[Path, ...]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)


def extract_features(backbone: keras.Model, photos: datasets.PhotoSet, *, mirror: bool = False,
                     batch_size: int = 32) -> FeatureTable:
    """Show every photo to the backbone once.

    A frozen network gives the same features every time, so computing them once and training on the table is the whole
    trick behind training in seconds.

    Args:
        backbone: from `backbones.load(name)`; features out.
        photos: read from disk a batch at a time, in their own order.
        mirror: show each photo mirrored, left for right. What is in it stays the same, the features differ a little:
            more rows to learn from, or a second look to average with.
        batch_size: photos a batch.

    Raises:
        ValueError: the model does not give one vector a photo.
    """
    if len(backbone.output_shape) != 2:
        raise ValueError(f"A backbone gives one vector a photo, this model gives {backbone.output_shape}. "
                         "Use backbones.load(name) without top.")
    batches = datasets.batches(photos, size=backbone.input_shape[1], batch_size=batch_size,
                               augment=_mirrored if mirror else None)
    x = backbone.predict(batches, verbose=0)
    return FeatureTable(x, photos.labels, photos.paths, photos.class_names)


def _mirrored(pixels: np.ndarray, training: bool) -> np.ndarray:
    return pixels[:, :, ::-1]
