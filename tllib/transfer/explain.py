"""A network and an image -> what its layers answer, and where it looked."""

from collections.abc import Callable

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_kind, check_several
from tllib.images import crop_resize_batch
from tllib.suggest import check_known
from tllib.transfer.classifier import Classifier

import keras
import numpy as np


def activations(model: keras.Model, image: np.ndarray, layers: list[str]) -> dict[str, np.ndarray]:
    """Layer name -> what it gives for one image `(h, w, 3)`, 0 to 255; float32, for maps `(height, width, channels)`.

    Raises:
        ValueError: more than one image, or no such layer; the nearest names are suggested.
    """
    size = backbones.input_size(model)
    check_several("layers", layers)
    known = {layer.name: layer for layer in model.layers}
    for name in layers:
        check_known("layer", name, known)
    probe = keras.Model(model.inputs, [known[name].output for name in layers])
    batch = crop_resize_batch(image, size)
    if len(batch) != 1:
        raise ValueError(f"One image (height, width, 3) at a time, got {len(batch)}: call it once for each.")
    answers = keras.tree.flatten(engine.predict(probe, batch))
    return {name: answer[0] for name, answer in zip(layers, answers, strict=True)}


def grad_cam(classifier: Classifier, image: np.ndarray, class_name: str | None = None) -> np.ndarray:
    """Where in an image the evidence for a class lies: relu(sum over maps of mean(d logit / d map) * map).

    Args:
        classifier: from `assemble`, `fine_tune` or `load_classifier`; or one of your own, with any head on a backbone
            of `backbones.load`, whose layers are among its own.
        image: `(h, w, 3)`, 0 to 255, of any size; its middle square is looked at.
        class_name: one of `classifier.class_names`. Defaults to the one the classifier chooses.

    Returns:
        float32 `(size, size)`, 0 to 1, size as the network's input; 0 everywhere if nothing speaks for the class.

    Raises:
        ValueError: unknown class, more than one image, or a network without its backbone's last maps.
        TypeError: `classifier` is no Classifier.

    Source: Selvaraju et al., Grad-CAM, arXiv:1610.02391.
    """
    check_kind("classifier", classifier, Classifier, "transfer.assemble and fine_tune give one.")
    if class_name is not None:
        check_known("class", class_name, classifier.class_names)
    model, maps_name = classifier.model, backbones.last_conv_layer(classifier.backbone)
    size = backbones.input_size(model)
    if maps_name not in [layer.name for layer in model.layers]:
        raise ValueError(f"The network {model.name!r} has no layer {maps_name!r}, the last maps of "
                         f"{classifier.backbone}. Join backbone and head in one flat model: "
                         "keras.Model(backbone.input, head(backbone.output)).")
    maps = activations(model, image, [maps_name])[maps_name]
    if class_name is None:
        class_name = classifier.class_names[int(classifier.predict(image)[0].argmax())]
    number = np.array(classifier.class_names.index(class_name), "int32")
    slopes, _ = _maps_gradient(model, maps_name)(maps[None], crop_resize_batch(image, size), number)
    seen = np.maximum(maps @ slopes[0].mean(axis=(0, 1)), 0)
    large = keras.ops.image.resize(seen[None, :, :, None], (size, size), interpolation="bilinear",
                                   data_format="channels_last")
    large = keras.ops.convert_to_numpy(large)[0, :, :, 0]
    return large / max(float(large.max()), 1e-7)


@engine.remember  # compiling takes a second
def _maps_gradient(network: keras.Model, maps_name: str) -> Callable:
    """Differentiate one logit of a network by the maps of a layer: (maps, pixels, class number) -> (like maps, logits).

    What bypasses the layer, as a residual connection does, is computed from the pixels.
    """
    logits = backbones.logits_of(network)
    upper = keras.Model([network.get_layer(maps_name).output, logits.inputs[0]], logits.outputs[0])

    def logit(maps, pixels, number):
        found = keras.ops.cast(upper([maps, pixels], training=False), "float32")
        return keras.ops.take(found[0], number), found
    return engine.gradient(logit, [upper])
