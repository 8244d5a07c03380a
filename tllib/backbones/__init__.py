"""Pretrained networks: pixels in, features or ImageNet logits out."""

from tllib.backbones.backbone import (
    class_index,
    class_names,
    describe,
    jit_compile,
    load,
    names,
    probabilities,
    top_k,
)

__all__ = ["class_index", "class_names", "describe", "jit_compile", "load", "names", "probabilities", "top_k"]
