"""The one table of backbones: a row says how to build it, what it takes and gives, and what its layers are called.

Its ImageNet weights stand in `tllib.backbones.weights`, under the same name.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from tllib.backbones import efficientnet_lite, squeezenet

import keras


@dataclass(frozen=True)
class Family:
    """One row. `build(input_size, **options)` returns a flat model, pixels -> 1000 logits, with fresh weights.

    Attributes:
        build: builder; may take `include_top=False`.
        input_size: height and width of the pictures that it was trained on, in pixels.
        features: length of the feature vector of one picture.
        parameters: number of weights, BatchNorm statistics and ImageNet top included.
        top1: published ImageNet top-1 accuracy, in percent; None if none is published.
        source: paper.
        first_trainable_layer: layer from which `fine_tune` unfreezes: the beginning of the last block.
        last_conv_layer: layer with the last feature maps, `(n, height, width, channels)`, for Grad-CAM.
        any_size: False if its ImageNet top has a weight for each place of the last maps, so that only one size fits.
        worth: what is known of its accuracy instead, if none is published.
    """

    build: Callable[..., keras.Model]
    input_size: int
    features: int
    parameters: int
    top1: float | None
    source: str
    first_trainable_layer: str
    last_conv_layer: str
    any_size: bool = True
    worth: str = ""


def _caffe(pixels):
    """RGB to BGR, minus the mean colour of ImageNet: what the first VGG and ResNet were trained on."""
    offset = [-103.939, -116.779, -123.68]
    return keras.layers.Rescaling(1.0, offset=offset, name="scaling")(keras.ops.flip(pixels, axis=-1))


def _minus_one_to_one(pixels):
    return keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)


def _application(input_size: int, *, name: str, scaling: Callable | None, include_top: bool = True,
                 **options) -> keras.Model:
    """Build one of `keras.applications`, with its scaling first in the same flat model; None: it has its own."""
    pixels = keras.Input((input_size, input_size, 3), name="pixels")
    if include_top:
        options["classifier_activation"] = None
    network = getattr(keras.applications, name)(input_tensor=scaling(pixels) if scaling else pixels, weights=None,
                                                include_top=include_top, **options)
    return keras.Model(pixels, network.output, name=network.name)  # takes a batch; Keras's own, a list of one batch


def _vgg(depth: int, parameters: int) -> Family:
    return Family(partial(_application, name=f"VGG{depth}", scaling=_caffe), 224, 512, parameters, 71.3,
                  "Simonyan and Zisserman, arXiv:1409.1556", first_trainable_layer="block5_conv1",
                  last_conv_layer="block5_pool",
                  any_size=False)


def _resnet(name: str, parameters: int, top1: float, first: str = "conv5_block1_1_conv") -> Family:
    v2 = name.endswith("V2")
    return Family(partial(_application, name=name, scaling=_minus_one_to_one if v2 else _caffe), 224, 2048, parameters,
                  top1, "He et al., arXiv:1603.05027" if v2 else "He et al., arXiv:1512.03385",
                  first_trainable_layer=first,
                  last_conv_layer="post_relu" if v2 else "conv5_block3_out")


def _mobilenet(alpha: float, parameters: int, top1: float) -> Family:
    return Family(partial(_application, name="MobileNet", scaling=_minus_one_to_one, alpha=alpha, dropout=0.0), 224,
                  round(1024 * alpha), parameters, top1, "Howard et al., arXiv:1704.04861",
                  first_trainable_layer="conv_dw_12", last_conv_layer="conv_pw_13_relu")


def _mobilenetv3(size: str, features: int, parameters: int, top1: float, first: str) -> Family:
    return Family(partial(_application, name=f"MobileNetV3{size}", scaling=None), 224, features, parameters, top1,
                  "Howard et al., arXiv:1905.02244", first_trainable_layer=first, last_conv_layer="conv_1_bn")


def _efficientnet_lite(size: int, width: float, depth: float, parameters: int, top1: float | None,
                       first: str) -> Family:
    return Family(partial(efficientnet_lite.build, width=width, depth=depth), size, 1280, parameters,
                  top1, "Tan and Le, EfficientNet, ICML 2019 (Lite form)", first_trainable_layer=first,
                  last_conv_layer="head_relu")


FAMILIES: dict[str, Family] = {
    "vgg16": _vgg(16, 138_357_544),
    "vgg19": _vgg(19, 143_667_240),
    "resnet50": _resnet("ResNet50", 25_636_712, 74.9),
    "resnet101": _resnet("ResNet101", 44_707_176, 76.4),
    "resnet152": _resnet("ResNet152", 60_419_944, 76.6),
    "resnet50v2": _resnet("ResNet50V2", 25_613_800, 76.0, "conv5_block1_preact_bn"),
    "mobilenet": _mobilenet(1.0, 4_253_864, 70.4),
    "mobilenet_025": _mobilenet(0.25, 475_544, 50.6),
    "mobilenetv2": Family(
        partial(_application, name="MobileNetV2", scaling=_minus_one_to_one), 224, 1280, 3_538_984, 71.3,
        "Sandler et al., arXiv:1801.04381", first_trainable_layer="block_14_expand", last_conv_layer="out_relu"),
    "mobilenetv3small": _mobilenetv3("Small", 576, 2_554_968, 68.1, "expanded_conv_8_expand"),
    "mobilenetv3large": _mobilenetv3("Large", 960, 5_507_432, 75.6, "expanded_conv_12_expand"),
    "efficientnetv2b0": Family(
        partial(_application, name="EfficientNetV2B0", scaling=None), 224, 1280, 7_200_312, 78.7,
        "Tan and Le, arXiv:2104.00298", first_trainable_layer="block6a_expand_conv", last_conv_layer="top_activation"),
    "convnext_tiny": Family(
        partial(_application, name="ConvNeXtTiny", scaling=None), 224, 768, 28_589_128, 81.3,
        "Liu et al., arXiv:2201.03545", first_trainable_layer="convnext_tiny_stage_3_block_0_depthwise_conv",
        last_conv_layer="convnext_tiny_stage_3_block_2_identity"),
    "squeezenet": Family(
        squeezenet.build, 227, 512, 1_235_496, 57.5, "Iandola et al., arXiv:1602.07360 (version 1.1)",
        first_trainable_layer="fire8_squeeze1x1", last_conv_layer="fire9_concat"),
    "efficientnet_lite0": _efficientnet_lite(224, 1.0, 1.0, 4_694_024, 75.1, "block15_expand_conv"),
    "efficientnet_lite0_robust": replace(
        _efficientnet_lite(224, 1.0, 1.0, 4_694_024, None, "block15_expand_conv"),
        worth="hard to fool and so less accurate: it names 0.63 of 224 photos as efficientnet_lite0 does"),
    "efficientnet_lite1": _efficientnet_lite(240, 1.0, 1.1, 5_470_344, 76.7, "block20_expand_conv"),
    "efficientnet_lite2": _efficientnet_lite(260, 1.1, 1.2, 6_150_168, 77.6, "block20_expand_conv"),
}
