"""For nbval: nothing that depends on the machine's speed; no lesson whose engine is not installed."""

import os
from importlib.util import find_spec

os.environ.setdefault("TLLIB_PROGRESS", "0")  # the text of progress bars
collect_ignore = [] if find_spec("efficientnet_lite_pytorch") else ["03_transfer_learning_pytorch.ipynb"]


def pytest_itemcollected(item):
    """Wait for the last output of a cell as long as for the cell: a machine with other work is no failure."""
    if hasattr(item, "output_timeout"):
        item.output_timeout = item.config.option.nbval_cell_timeout
