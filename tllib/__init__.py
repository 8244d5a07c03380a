"""Learn transfer learning: pretrained networks, ideal images, adversarial images.

`images` keeps the pixel convention; `datasets` turns photo files into batches; `backbones` are pretrained networks;
`transfer` makes classifiers of them; `synthesis` draws with them; `show` makes the plots; `widgets` are controls for
notebooks; `classroom` is what only lessons use: it checks answers, says what is on this machine, and packs data
for machines offline (`python -m tllib --help`); `languages` translates lessons. `download` and
`unpack` fetch and verify. A room is imported when it is first used: `from tllib import backbones`.
"""

import os

# TensorFlow reads this once, when it is imported: oneDNN's kernels, up to twice as fast on CPUs that it leaves without.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__all__ = ["backbones", "classroom", "cluster", "datasets", "images", "show", "synthesis", "transfer",
           "widgets"]
