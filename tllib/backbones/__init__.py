"""Pretrained networks: pixels in, features or ImageNet logits out."""

from tllib.backbones.backbone import (
    CLASS_NAMES,
    class_index,
    class_names,
    describe,
    jit_compile,
    load,
    names,
    probabilities,
    top_k,
)
from tllib.backbones.weights import weight_files

__all__ = ["CLASS_NAMES", "class_index", "class_names", "describe", "jit_compile", "load", "names", "probabilities",
           "top_k", "weight_files"]
