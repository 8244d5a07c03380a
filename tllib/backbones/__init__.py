"""Pretrained networks: pixels in, features or ImageNet logits out."""

from tllib.backbones.backbone import (
    CLASS_NAMES,
    class_index,
    class_names,
    describe,
    last_block,
    last_maps,
    load,
    names,
    network_of,
    on_this_machine,
    probabilities,
    softmax,
    top_k,
    weight_files,
)
from tllib.backbones.costs import Comparison, Cost, compare
from tllib.backbones.logits import input_size, logits_of

__all__ = ["CLASS_NAMES", "Comparison", "Cost", "class_index", "class_names", "compare", "describe",
           "input_size", "last_block", "last_maps", "load", "logits_of", "names", "network_of",
           "on_this_machine", "probabilities", "softmax", "top_k", "weight_files"]
