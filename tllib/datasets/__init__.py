"""Photo files -> a PhotoSet -> batches of pixels."""

from tllib.datasets.photos import PhotoSet, load
from tllib.datasets.pipeline import Batches, batches
from tllib.datasets.sources import SOURCES

__all__ = ["SOURCES", "Batches", "PhotoSet", "batches", "load"]
