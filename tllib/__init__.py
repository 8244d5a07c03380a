"""Learn transfer learning: pretrained networks, ideal images, adversarial images.

`images` keeps the pixel convention; `datasets` turns photo files into batches; `backbones` are pretrained networks;
`transfer` makes classifiers of them; `synthesis` draws with them; `show` makes the plots. A room is imported when it
is first used: `from tllib import backbones`. `classroom` packs data for machines offline (`python -m tllib --help`).
"""

__all__ = ["backbones", "classroom", "datasets", "images", "show", "synthesis", "transfer"]
