"""Photos -> one feature vector each, computed once, with labels and paths from the same pass."""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tllib import backbones, datasets
from tllib.backbones import engine
from tllib.checking import check_class_numbers, check_count, check_kind
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.reader import Batches
from tllib.progress import progress
from tllib.transfer.cache import FeatureCache
from tllib.transfer.provenance import BackboneId, backbone_id

import keras
import numpy as np

CHUNK = 512  # photos whose features are computed, kept and forgotten together


@dataclass(frozen=True)
class FeatureTable:
    """What a backbone says of each photo.

    Attributes:
        x: float32 `(n, d)`, features; finite numbers.
        y: int32 `(n,)`, class numbers, 0 to len(class_names) - 1.
        paths: the photo of each row; may be empty.
        class_names: name of each class number.
        backbone: which network the features come from. Defaults to None, not known.
        white: the value that is white in its photos of more than 8 bits, as of `PhotoSet`.

    Raises:
        ValueError: shapes that don't fit, a class number that is not whole or has no name, or a row with NaN or
            infinity.
    """

    x: np.ndarray
    y: np.ndarray
    paths: tuple[Path, ...]
    class_names: tuple[str, ...]
    backbone: BackboneId | None = None
    white: float | None = None

    def __post_init__(self):
        if np.ndim(self.x) != 2 or np.shape(self.y) != (len(self.x),) or len(self.paths) not in (0, len(self.x)):
            raise ValueError("A table has features (n, d), n class numbers and n paths, or none; got x "
                             f"{np.shape(self.x)}, y {np.shape(self.y)} and {len(self.paths)} paths.")
        check_class_numbers("y", self.y, self.class_names)
        broken = _not_finite(self.x)
        if len(broken):
            first = self.paths[broken[0]] if len(self.paths) else f"number {broken[0]}"
            raise ValueError(f"{len(broken)} of {len(self.x)} rows hold NaN or infinity; the first is {first}. Look at "
                             "these photos and at the network's weights and precision, or leave the rows out.")

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        source = f", from {self.backbone.name}" if self.backbone else ""
        return f"FeatureTable({len(self)} rows of {self.x.shape[1]} features, {len(self.class_names)} classes{source})"


def _not_finite(x: np.ndarray) -> np.ndarray:
    """Numbers of the rows that hold NaN or infinity; a chunk at a time, as `x` may be on disk."""
    starts = range(0, len(x), CHUNK)
    broken = [start + np.flatnonzero(~np.isfinite(x[start:start + CHUNK]).all(axis=1)) for start in starts]
    return np.concatenate(broken) if broken else np.array([], int)


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
        ValueError: the model does not give one vector per photo, or gives NaN or infinity; such rows are not kept;
            or `batch_size` is below 1.
        TypeError: no Keras network, or no PhotoSet.
    """
    backbones.input_size(backbone)  # else refused
    check_kind("photos", photos, datasets.PhotoSet, "datasets.load(name) gives one.")
    check_count("batch_size", batch_size)
    if len(backbone.output_shape) != 2:
        raise ValueError(f"A backbone gives one vector a photo, this model gives {backbone.output_shape}. "
                         "Use backbones.load(name) without top.")
    width = backbone.output_shape[1]
    bar = progress(what="features", total=len(photos), unit="photo")
    source = backbone_id(backbone)
    view = "mirrored" * mirror + (f" white={photos.white}" if photos.white is not None else "")
    kept = FeatureCache(source.name, source.fingerprint, view, enabled=cache)
    with bar, closing(kept), tempfile.TemporaryFile() as file:
        for start in range(0, len(photos), CHUNK):
            part = photos.take(np.arange(start, min(start + CHUNK, len(photos))))
            x = np.empty((len(part), width), "float32")
            missing = kept.fill(part.paths, x)
            if len(missing):
                x[missing] = predict(backbone, part.take(missing), batch_size=batch_size,
                                     augment=_mirrored if mirror else None)
                finite = np.isfinite(x[missing]).all(axis=1)
                kept.add(missing[finite], x)
            file.write(x.tobytes())
            bar.update(len(part))
        file.flush()
        x = np.memmap(file, "float32", "r", shape=(len(photos), width))
    return FeatureTable(x, photos.labels, photos.paths, photos.class_names, source, photos.white)


def predict(model: keras.Model, photos: datasets.PhotoSet, *, batch_size: int = 32,
            augment: Augmentation | None = None) -> np.ndarray:
    """What a model says of each photo, float32 `(n, …)`, in equal batches that its devices can share."""
    size = even_size(len(photos), batch_size, engine.device_count(model))
    batches = Batches(photos, backbones.input_size(model), size, augment=augment, fill=True)
    return model.predict(batches, verbose=0)[:len(photos)].astype("float32", copy=False)


def even_size(count: int, at_most: int, devices: int) -> int:
    """Size of batches that are all alike, hold little twice, and divide among devices."""
    size = -(-count // -(-count // at_most))
    return -(-size // devices) * devices


def _mirrored(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return pixels[:, :, ::-1]
