"""EfficientNet-Lite: its architecture as a flat Keras model, and its published weights in Keras's layout.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, in the
"Lite" form for phones: ReLU6 instead of swish, no squeeze-and-excite, stem and head never scaled.
"""

import math
import re

import keras
import numpy as np
from keras import layers

#       repeats, kernel, stride, expansion, channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def build(input_size: int, *, width: float = 1.0, depth: float = 1.0) -> keras.Model:
    """Build the network with fresh weights: pixels `(n, size, size, 3)`, 0 to 255 -> 1000 logits.

    Args:
        input_size: height and width of the pictures, in pixels.
        width: multiplies the number of channels of each stage.
        depth: multiplies the number of blocks of each stage but the first and the last.
    """
    pixels = keras.Input((input_size, input_size, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scaling")(pixels)
    x = _conv(x, 32, 3, 2, "conv_stem", "bn0", "stem")
    block = 0
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(STAGES):
        inner = 0 < stage < len(STAGES) - 1
        for repeat in range(math.ceil(repeats * depth) if inner else repeats):
            x = _block(x, kernel, stride if repeat == 0 else 1, expansion, _round_to_8(channels * width),
                       f"block{block}")
            block += 1
    x = _conv(x, 1280, 1, 1, "conv_head", "bn1", "head")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(pixels, layers.Dense(1000, name="fc")(x))


def convert(tensors: dict[str, np.ndarray], model: keras.Model) -> dict[str, np.ndarray]:
    """Put PyTorch tensors in Keras's layout, one array for each weight path of `model`.

    Raises:
        ValueError: a tensor is missing, left over or of the wrong shape.
    """
    left = {name for name in tensors if not name.endswith("num_batches_tracked")}
    arrays = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        prefix = re.sub(r"^(?:block(\d+))?_?", lambda m: f"_blocks.{m[1]}._" if m[1] else "_", layer.name, count=1)
        for weight in layer.weights:
            name = f"{prefix}.{_TORCH_NAMES[weight.name]}"
            axes = _KERNEL_AXES[type(layer)] if weight.name == "kernel" else (0,)
            tensor = tensors.get(name, np.empty(()))
            array = np.ascontiguousarray(tensor.transpose(axes)) if tensor.ndim == len(axes) else tensor
            if array.shape != tuple(weight.shape):
                raise ValueError(f"{name} should give {weight.path} of shape {weight.shape}, found {tensor.shape}")
            left.discard(name)
            arrays[weight.path] = array
    if left:
        raise ValueError(f"tensors without a place in the network: {sorted(left)[:3]}")
    return arrays


_TORCH_NAMES = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
                "moving_mean": "running_mean", "moving_variance": "running_var"}
# PyTorch keeps kernels as (out, in, height, width); Keras wants (height, width, in, out), a depthwise one (…, 1) last.
_KERNEL_AXES = {layers.Conv2D: (2, 3, 1, 0), layers.DepthwiseConv2D: (2, 3, 0, 1), layers.Dense: (1, 0)}


def _conv(x, channels, kernel, stride, conv_name, norm_name, relu_name=None):
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=conv_name)(x)
    return _norm_relu(x, norm_name, relu_name)


def _norm_relu(x, norm_name, relu_name):
    x = layers.BatchNormalization(epsilon=1e-3, name=norm_name)(x)
    return layers.ReLU(max_value=6, name=f"{relu_name}_relu")(x) if relu_name else x


def _block(x, kernel, stride, expansion, channels, name):
    """Widen, filter each channel, narrow again, and add the input where the shapes allow it."""
    start = x
    if expansion > 1:
        x = _conv(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand_conv", f"{name}_bn0", f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _norm_relu(x, f"{name}_bn1", f"{name}_depthwise")
    x = _conv(x, channels, 1, 1, f"{name}_project_conv", f"{name}_bn2")
    return layers.Add(name=f"{name}_add")([x, start]) if stride == 1 and x.shape == start.shape else x


def _round_to_8(channels: float) -> int:
    """Nearest multiple of 8, never more than 10 % below."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
