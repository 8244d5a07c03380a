"""For nbval: no progress bars, whose text depends on how fast the machine is."""

import os

os.environ.setdefault("TQDM_DISABLE", "1")
