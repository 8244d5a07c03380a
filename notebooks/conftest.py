"""For nbval: no progress bars, whose text depends on the machine's speed; no lesson whose engine is not installed."""

import os
from importlib.util import find_spec

os.environ.setdefault("TLLIB_PROGRESS", "0")
collect_ignore = [] if find_spec("torch") else ["03_transfer_learning_pytorch.ipynb"]
