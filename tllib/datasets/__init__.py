"""Photo files -> a PhotoSet -> batches of pixels."""

from tllib.datasets.augmentation import shake
from tllib.datasets.download import fetch
from tllib.datasets.leakage import near_duplicates
from tllib.datasets.photos import PhotoSet, load
from tllib.datasets.sources import SOURCES, Archive, Source

__all__ = ["SOURCES", "Archive", "Batches", "PhotoSet", "Source", "batches", "fetch", "load", "near_duplicates",
           "shake"]


def __getattr__(name: str):
    """Import `pipeline`, and Keras with it, when batches are asked for: finding and cleaning photos needs neither."""
    if name in ("Batches", "batches"):
        from tllib.datasets import pipeline
        return getattr(pipeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
