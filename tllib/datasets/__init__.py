"""Photo files -> a PhotoSet -> batches of pixels."""

from tllib.datasets.download import fetch
from tllib.datasets.leakage import near_duplicates
from tllib.datasets.photos import PhotoSet, load
from tllib.datasets.pipeline import Batches, batches
from tllib.datasets.sources import SOURCES, Archive, Source

__all__ = ["SOURCES", "Archive", "Batches", "PhotoSet", "Source", "batches", "fetch", "load", "near_duplicates"]
