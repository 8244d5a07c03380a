"""More photos than one machine can look at -> their features, by Ray Data, as Parquet files; and back as one table.

Ray schedules, retries and survives the loss of a machine; photos are read and shown to the network by the same code as
on one machine. It comes with the extra `cluster`: `pip install 'tllib[cluster]'`, on every machine of the cluster.
"""

from tllib.cluster.features import Extraction, extract_features
from tllib.cluster.table import problems, read_features

__all__ = ["Extraction", "extract_features", "problems", "read_features"]
