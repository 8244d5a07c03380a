"""Pretrained networks: pixels in, features or ImageNet logits out."""

from tllib.backbones.backbone import (
    CLASS_NAMES,
    class_index,
    class_names,
    describe,
    first_trainable_layer,
    last_conv_layer,
    load,
    names,
    network_of,
    on_this_machine,
    predict_proba,
    top_k,
    weight_files,
)
from tllib.backbones.costs import Comparison, Cost, compare
from tllib.backbones.logits import input_size, logits_of

__all__ = [
    "CLASS_NAMES",
    "Comparison",
    "Cost",
    "class_index",
    "class_names",
    "compare",
    "describe",
    "first_trainable_layer",
    "input_size",
    "last_conv_layer",
    "load",
    "logits_of",
    "names",
    "network_of",
    "on_this_machine",
    "predict_proba",
    "top_k",
    "weight_files",
]
