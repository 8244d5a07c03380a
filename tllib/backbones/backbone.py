"""A name -> a pretrained network: pixels in, features or ImageNet logits out; and logits -> class names."""

import os
from functools import cache
from pathlib import Path

from tllib.backbones import class_words
from tllib.backbones.engine import predict
from tllib.backbones.families import FAMILIES, Family
from tllib.backbones.logits import input_size, logits_of
from tllib.backbones.weights import (
    BUILT_ON,
    FILES,
    PACKAGED,
    SHIPPED,
    files_here,
    find_file,
    names_here,
    set_from_file,
    set_from_package,
    set_from_shipped,
)
from tllib.checking import check_count, check_finite, check_path
from tllib.images import crop_resize_batch
from tllib.suggest import check_known

import keras
import numpy as np
import scipy.special

CLASS_NAMES = Path(__file__).with_name("imagenet_classes.txt")


def names() -> list[str]:
    """Names that `load` understands."""
    return sorted(FAMILIES)


def on_this_machine() -> list[str]:
    """Names of the backbones that `load` gives without fetching anything."""
    return names_here()


def weight_files() -> list[Path]:
    """Every file with ImageNet weights that `load` would find on this machine now."""
    return list(dict.fromkeys(file for name in FAMILIES for file in files_here(name)))


def describe(name: str) -> str:
    """One line on a backbone: what it eats, what it gives, its size and its accuracy."""
    row = _row(name)
    accuracy = row.worth or f"top-1 {row.top1} % (published)"
    return (f"{name}: {row.input_size} x {row.input_size} pixels -> {row.features} features, "
            f"{row.parameters / 1e6:.1f} million parameters with its ImageNet top, {accuracy}, {row.source}")


def first_trainable_layer(name: str) -> str:
    """Name of the layer at which the last block of a backbone begins: where to unfreeze from."""
    return _row(name).first_trainable_layer


def last_conv_layer(name: str) -> str:
    """Name of the layer with a backbone's last feature maps, `(n, height, width, channels)`."""
    return _row(name).last_conv_layer


def load(name: str, *, top: bool = False, size: int | None = None, weights: str | os.PathLike | None = "imagenet",
         precision: str | None = None, seed: int = 0) -> keras.Model:
    """Load a network, frozen, with its scaling inside.

    Args:
        name: one of `names()`.
        top: False gives a backbone, pixels -> features `(n, d)`; True keeps the classifier, pixels -> 1000 logits.
        size: height and width of the pictures it takes, 32 to 1024 pixels. Defaults to those it was trained on, which
            `describe` tells; with fewer it is faster (half the size, a quarter of the time) and less accurate.
        weights: "imagenet" (found on this machine, or fetched and verified), the path of a Keras `.h5` file with the
            ImageNet top, or None for random weights (a control: the same network without what it learned).
        precision: "float32", "mixed_float16" or "mixed_bfloat16": numbers the layers compute with; weights are float32
            always. Mixed precision pays on GPUs with tensor cores; on CPUs it is slower. Defaults to Keras's setting.
        seed: used by random weights only.

    Returns:
        A flat `keras.Model`. Input: `(n, size, size, 3)`, RGB, 0 to 255. `trainable` is False throughout. With `top`
        it carries the names of its classes as an attribute, `class_names`.

    Raises:
        FileNotFoundError: the weights are not here and can't be fetched; the message says how to get them.
        ValueError: unknown name or precision, a size or seed out of range, or weights that do not fit; or another size
            for VGG with its top, which is made for 224 pixels.
        TypeError: `weights` is no path.

    Example:
        >>> from tllib import backbones
        >>> backbones.load("efficientnet_lite0").output_shape
        (None, 1280)
    """
    row = _row(name)
    check_count("seed", seed, least=0)
    size = row.input_size if size is None else size
    check_count("size", size, least=32, most=1024)
    if weights is not None:
        check_path("weights", weights)
    if precision not in (None, "float32", "mixed_float16", "mixed_bfloat16"):
        raise ValueError(f"precision is 'float32', 'mixed_float16' or 'mixed_bfloat16', got {precision!r}.")
    file, whole = weights, True
    if weights == "imagenet" and name in FILES:
        file, whole = find_file(name, top=top)
    if whole and weights is not None and size != row.input_size and not row.any_size:
        raise ValueError(f"size={size}: {name} with its ImageNet top takes {row.input_size} pixels only, for it has a "
                         "weight for each place of its last maps. Leave size out, or load it without the top.")
    policy, order = keras.config.dtype_policy(), keras.config.image_data_format()
    try:
        keras.config.set_dtype_policy(precision or policy)
        keras.config.set_image_data_format("channels_last")
        model = row.build(size, **{} if whole else {"include_top": False})
    finally:
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(order)
    if weights is None:
        _randomise(model, seed)
    elif file == "imagenet":
        packaged = BUILT_ON.get(name, name)
        if packaged in PACKAGED:
            set_from_package(model, packaged)
        if name in SHIPPED:
            set_from_shipped(model, name)
    else:
        set_from_file(model, file)
    if top:
        model.class_names = class_names()
    else:
        model = keras.Model(model.input, features_of(model, row))
    model.name = name
    model.trainable = False
    return model


def features_of(model: keras.Model, row: Family) -> keras.KerasTensor:
    """The vector that the top would have classified: averages of the last maps, as its dense layer takes them."""
    after = model.layers[model.layers.index(model.get_layer(row.last_conv_layer)):]
    pooled = [layer.output for layer in after if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
    if pooled and isinstance(after[-2], keras.layers.LayerNormalization):  # ConvNeXt's top normalises them first
        return after[-2].output
    if pooled:
        return pooled[0] if len(pooled[0].shape) == 2 else keras.layers.Flatten(name="features")(pooled[0])
    maps = model.output if len(model.output.shape) == 4 else model.get_layer(row.last_conv_layer).output
    return keras.layers.GlobalAveragePooling2D(name="features")(maps)


def network_of(classifier: keras.Model) -> keras.Model:
    """The Keras model in a `transfer.Classifier`; any other network as it is."""
    return classifier if isinstance(classifier, keras.Model) else getattr(classifier, "model", classifier)


def top_k(network: keras.Model, images: np.ndarray, k: int = 5) -> list[list[tuple[str, float]]]:
    """Name the k most probable classes of one image `(h, w, 3)`, 0 to 255, or a batch, of any size.

    Args:
        network: from `load(..., top=True)`; a `transfer.Classifier`; or any network of logits or probabilities that
            carries the names of its classes, `network.class_names = (...)`.
        images: `(h, w, 3)` or `(n, h, w, 3)`.
        k: how many names per image.

    Returns:
        For each image a list of (class name, probability in 0 to 1), the most probable first.

    Raises:
        ValueError: the names of the network's classes are not known, or k is no whole number from 1.
    """
    check_count("k", k)
    names = getattr(network, "class_names", None)
    outputs = logits_of(network_of(network)).output_shape[-1]
    if names is None or len(names) != outputs:
        raise ValueError(f"This network gives {outputs} numbers and knows no names for them. For "
                         "ImageNet's classes load it with top=True; for your own set network.class_names = (...).")
    found = predict_proba(network, images)
    order = np.argsort(-found, axis=1)[:, :k]
    return [[(names[i], float(row[i])) for i in best] for row, best in zip(found, order, strict=True)]


def predict_proba(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """Ask any network of logits or probabilities, your own classifier's say, what pictures show.

    Args:
        network: pixels -> logits or probabilities `(n, classes)`, see `logits_of`; or a `transfer.Classifier`.
        images: one `(h, w, 3)`, 0 to 255, or a batch or list of these, of any size.

    Returns:
        Probabilities `(n, classes)`, float64; each row sums to 1.

    Raises:
        ValueError: no network of that kind, or it gives NaN or infinity.
    """
    network = network_of(network)
    logits = predict(logits_of(network), crop_resize_batch(images, input_size(network))).astype("float64")
    check_finite(f"The network {network.name!r}", logits)
    return scipy.special.softmax(logits, axis=1)


@cache
def class_names() -> tuple[str, ...]:
    """The 1000 ImageNet class names, in the order of the logits."""
    return tuple(CLASS_NAMES.read_text(encoding="utf-8").splitlines())


def class_index(name: str | int) -> int:
    """The number, 0 to 999, of an ImageNet class given by name or by number.

    Names may be in any case, with underscores for spaces, or as other lists have them ("tabby, tabby cat").

    Raises:
        ValueError: no such class; what an everyday word ("cat") may mean is listed, or the nearest names.
    """
    known = class_names()
    if isinstance(name, (int, np.integer)) and 0 <= name < len(known):
        return int(name)
    if isinstance(name, (int, np.integer)) or str(name).isdecimal():
        raise ValueError(f"Unknown ImageNet class {name!r}. Give a name, which is text, or a number, which is an int "
                         f"from 0 to {len(known) - 1}.")
    return class_words.find(str(name), known)


def _row(name: str) -> Family:
    check_known("backbone", name, FAMILIES)
    return FAMILIES[name]


def _randomise(model: keras.Model, seed: int) -> None:
    """Draw every kernel anew from `seed`, with variance 2 / fan-in (He et al., arXiv:1502.01852)."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        for weight in layer.weights:
            if weight.name.endswith("kernel"):
                fan_in = np.prod(weight.shape[:2] if depthwise else weight.shape[:-1])
                values = np.empty(weight.shape, "float32")
                for part in np.array_split(values.reshape(-1), -(-values.size // 2**22)):  # VGG has one of 103 million
                    part[:] = random.normal(0, np.sqrt(2 / fan_in), part.size)
                weight.assign(values)
    _normalise(model, random)


def _normalise(model: keras.Model, random: np.random.Generator) -> None:
    """Keep what the layers give near 1: by BatchNorm's statistics, else by the first kernel.

    BatchNorm layers take the mean and variance that they see in pictures of noise, as in a first step of training.
    Otherwise the first kernel makes up for pixels that spread by some 64, where He's rule supposes 1.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        first = next(weight for weight in model.weights if weight.name.endswith("kernel"))
        first.assign(first / 64)
        return
    settings = [(norm, "momentum", norm.momentum) for norm in norms]  # 0: this batch alone counts
    settings += [(layer, "rate", layer.rate) for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    for layer, setting, _ in settings:
        setattr(layer, setting, 0.0)
    model(_noise(random, model.input_shape[1]), training=True)
    for layer, setting, value in settings:
        setattr(layer, setting, value)


def _noise(random: np.random.Generator, size: int, count: int = 8) -> np.ndarray:
    """Pictures `(count, size, size, 3)`, 0 to 255, of random colours in patches of 1 to 256 pixels.

    Like photos, they have more contrast from one large patch to the next than from pixel to pixel.
    """
    pictures = np.full((count, size, size, 3), 127.5, "float32")
    for patch, contrast in ((1, 10), (4, 20), (16, 30), (64, 40), (256, 50)):
        across = -(-size // patch)
        colours = random.normal(0, contrast, (count, across, across, 3))
        pictures += colours.repeat(patch, axis=1).repeat(patch, axis=2)[:, :size, :size]
    return np.clip(pictures, 0, 255)
