"""Photo files -> a PhotoSet -> batches of pixels."""

from tllib.datasets.archives import fetch
from tllib.datasets.augmentation import random_crop_flip
from tllib.datasets.leakage import near_duplicates
from tllib.datasets.photos import PhotoSet, load
from tllib.datasets.sources import SOURCES, Archive, Source

__all__ = ["SOURCES", "Archive", "Batches", "PhotoSet", "Source", "batches", "fetch", "load", "near_duplicates",
           "random_crop_flip"]


def __getattr__(name: str):
    """Import `reader`, and Keras with it, when batches are asked for: finding and cleaning photos needs neither."""
    if name in ("Batches", "batches"):
        from tllib.datasets import reader
        return getattr(reader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
