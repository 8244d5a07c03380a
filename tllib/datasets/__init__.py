"""Photo files -> a PhotoSet -> batches of pixels."""

from tllib.datasets.augmentation import random_crop_flip
from tllib.datasets.batches import batches
from tllib.datasets.leakage import near_duplicates
from tllib.datasets.photos import PhotoSet, load
from tllib.supply.fetch import fetch
from tllib.supply.sources import SOURCES, Archive, Source

__all__ = ["SOURCES", "Archive", "Batches", "PhotoSet", "Source", "batches", "fetch", "load", "near_duplicates",
           "random_crop_flip"]


def __getattr__(name: str):
    """Import `reader`, and Keras with it, when it is asked for: finding and cleaning photos needs neither."""
    if name == "Batches":
        from tllib.datasets.reader import Batches
        return Batches
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
