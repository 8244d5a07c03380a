"""Photos -> one feature vector each, computed once, with labels and paths from the same pass."""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tllib import backbones, datasets
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.reader import Batches
from tllib.progress import progress
from tllib.transfer.cache import FeatureCache

import keras
import numpy as np

CHUNK = 512  # photos whose features are computed, kept and forgotten together


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


def extract_features(backbone: keras.Model, photos: datasets.PhotoSet, *, mirror: bool = False, batch_size: int = 32,
                     cache: bool = True) -> FeatureTable:
    """Show every photo to the backbone once: a frozen network gives the same features every time.

    What was computed is kept on disk; what was interrupted goes on where it was. Memory holds a few hundred rows.

    Args:
        backbone: from `backbones.load(name)`; features out.
        photos: read from disk a batch at a time, in their own order.
        mirror: show each photo mirrored: more rows to learn from, or a second look to average with.
        batch_size: photos a batch, at most.
        cache: keep features in the cache folder (`TLLIB_CACHE`), under the content of the photo and the network with
            its weights. Safe to delete at any time.

    Returns:
        A table; its `x` is a read-only view of an unnamed file on disk.

    Raises:
        ValueError: the model does not give one vector a photo.
    """
    if len(backbone.output_shape) != 2:
        raise ValueError(f"A backbone gives one vector a photo, this model gives {backbone.output_shape}. "
                         "Use backbones.load(name) without top.")
    width = backbone.output_shape[1]
    bar = progress(what="features", total=len(photos), unit="photo")
    kept = FeatureCache(backbone, "mirrored" * mirror, enabled=cache)
    with bar, closing(kept), tempfile.TemporaryFile() as file:
        for start in range(0, len(photos), CHUNK):
            part = photos.take(np.arange(start, min(start + CHUNK, len(photos))))
            x = np.empty((len(part), width), "float32")
            missing = kept.fill(part.paths, x)
            if len(missing):
                x[missing] = predict(backbone, part.take(missing), batch_size=batch_size,
                                     augment=_mirrored if mirror else None)
                kept.add(missing, x)
            file.write(x.tobytes())
            bar.update(len(part))
        file.flush()
        x = np.memmap(file, "float32", "r", shape=(len(photos), width))
    return FeatureTable(x, photos.labels, photos.paths, photos.class_names)


def predict(model: keras.Model, photos: datasets.PhotoSet, *, batch_size: int = 32,
            augment: Augmentation | None = None) -> np.ndarray:
    """What a model says of each photo, float32 `(n, …)`, in equal batches that its devices can share."""
    size = even_size(len(photos), batch_size, backbones.device_count(model))
    batches = Batches(photos, backbones.input_size(model), size, augment=augment, fill=True)
    return model.predict(batches, verbose=0)[:len(photos)].astype("float32", copy=False)


def even_size(count: int, at_most: int, devices: int) -> int:
    """Size of batches that are all alike, hold little twice, and divide among devices."""
    size = -(-count // -(-count // at_most))
    return -(-size // devices) * devices


def _mirrored(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return pixels[:, :, ::-1]
