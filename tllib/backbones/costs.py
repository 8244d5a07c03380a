"""Names of backbones -> a table of what each costs and what it is worth: size, work a photo, accuracy, speed here."""

import gc
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tllib.backbones.backbone import features_of, names
from tllib.backbones.families import FAMILIES
from tllib.checking import check_count, check_several
from tllib.progress import progress
from tllib.suggest import check_known

import keras
import numpy as np


@dataclass(frozen=True)
class Cost:
    """One backbone.

    Attributes:
        name: as `load` knows it.
        input_size: height and width of the pictures, in pixels.
        features: length of the vector that describes a photo.
        parameters: number of weights, with the ImageNet top.
        megabytes: their size in memory, 4 bytes each.
        gigaflops: additions and multiplications for one photo, in thousand millions.
        top1: published ImageNet accuracy, in percent; None if none is published.
        photos_per_second: measured on this machine, without the top; None if not measured.
    """

    name: str
    input_size: int
    features: int
    parameters: int
    megabytes: float
    gigaflops: float
    top1: float | None
    photos_per_second: float | None


@dataclass(frozen=True)
class Comparison:
    """Rows in the order they were asked for; `print` shows them as a table."""

    rows: tuple[Cost, ...]

    def __str__(self) -> str:
        heads = f"{'million weights':>16s}{'MB':>6s}{'GFLOPs':>8s}{'top-1 %':>9s}{'photos/s here':>15s}"
        width = max(20, *(len(row.name) for row in self.rows))
        lines = [f"{'backbone':{width}s}{heads}", "-" * (width + 54)]
        for row in self.rows:
            top1 = "–" if row.top1 is None else f"{row.top1:.1f}"
            speed = "–" if row.photos_per_second is None else f"{row.photos_per_second:.0f}"
            lines.append(f"{row.name:{width}s}{row.parameters / 1e6:16.1f}{row.megabytes:6.0f}{row.gigaflops:8.1f}"
                         f"{top1:>9s}{speed:>15s}")
        return "\n".join(lines)


def compare(wanted: Sequence[str] | None = None, *, measure: bool = True, batch_size: int = 8) -> Comparison:
    """Put backbones side by side. It takes no weight files: neither size nor speed depends on what was learned.

    Args:
        wanted: a list of names. Defaults to all.
        measure: time each on random photos, some seconds per backbone.
        batch_size: photos at once while measuring.

    Raises:
        ValueError: an unknown name, a single text instead of a list, or a batch_size below 1.
    """
    wanted = names() if wanted is None else wanted
    check_several("wanted", wanted)
    check_count("batch_size", batch_size)
    for name in wanted:
        check_known("backbone", name, names())
    rows = []
    for name in progress(wanted, what="comparing", unit="backbone"):
        row = FAMILIES[name]
        network = row.build(row.input_size)  # with Keras's own random weights
        work = 2 * multiply_adds(network) / 1e9
        speed = _speed(keras.Model(network.input, features_of(network, row)), batch_size) if measure else None
        del network
        gc.collect()  # VGG's 138 million weights, before the next network comes
        rows.append(Cost(name, row.input_size, row.features, row.parameters, 4 * row.parameters / 1e6, work, row.top1,
                         speed))
    return Comparison(tuple(rows))


def multiply_adds(model: keras.Model) -> int:
    """Multiplications, each with an addition, that the convolutions and dense layers of `model` do for one photo."""
    total = 0
    for layer in model._flatten_layers():
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)):
            total += math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    return total


def _speed(backbone: keras.Model, batch_size: int, rounds: int = 3) -> float:
    size = backbone.input_shape[1]
    photos = np.random.default_rng(0).uniform(0, 255, (batch_size, size, size, 3)).astype("float32")
    backbone.predict(photos, verbose=0)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        backbone.predict(photos, verbose=0)
        seconds.append(time.perf_counter() - began)
    return batch_size / statistics.median(seconds)
