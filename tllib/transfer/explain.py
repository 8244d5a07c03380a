"""A network and an image -> what its layers answer, and where it looked."""

from tllib import backbones
from tllib.backbones import engine
from tllib.images import fit_batch
from tllib.suggest import unknown_name
from tllib.transfer.classifier import Classifier

import keras
import numpy as np


def activations(model: keras.Model, image: np.ndarray, layers: list[str]) -> dict[str, np.ndarray]:
    """Layer name -> what it gives for one image `(h, w, 3)`, 0 to 255; float32, for maps `(height, width, channels)`.

    Raises:
        ValueError: more than one image, or no such layer; the nearest names are suggested.
    """
    known = {layer.name: layer for layer in model.layers}
    for name in layers:
        if name not in known:
            raise unknown_name("layer", name, known)
    probe = keras.Model(model.input, [known[name].output for name in layers])
    probe.compile(jit_compile=backbones.jit_compile())
    batch = fit_batch(image, model.input_shape[1])
    if len(batch) != 1:
        raise ValueError(f"One image (height, width, 3) at a time, got {len(batch)}: call it once for each.")
    answers = keras.tree.flatten(engine.predict(probe, batch))
    return {name: answer[0] for name, answer in zip(layers, answers, strict=True)}


def grad_cam(classifier: Classifier, image: np.ndarray, class_name: str | None = None) -> np.ndarray:
    """Where in an image the evidence for a class lies: relu(sum over maps of d logit / d map * map).

    Between the last maps and the logits lie only an average and linear layers: the derivative is a weight of the head.

    Args:
        classifier: from `assemble`, `fine_tune` or `load_classifier`.
        image: `(h, w, 3)`, 0 to 255, of any size; its middle square is looked at.
        class_name: one of `classifier.class_names`. Defaults to the one the classifier chooses.

    Returns:
        float32 `(size, size)`, 0 to 1, size as the network's input.

    Source: Selvaraju et al., Grad-CAM, arXiv:1610.02391, in the case in which it equals Zhou et al., arXiv:1512.04150.
    """
    if class_name is not None and class_name not in classifier.class_names:
        raise unknown_name("class", class_name, classifier.class_names)
    model, maps_name = classifier.model, backbones.last_maps(classifier.backbone)
    maps = activations(model, image, [maps_name])[maps_name]
    if class_name is None:
        class_name = classifier.class_names[int(classifier.predict(image)[0].argmax())]
    logits = model.get_layer("class_logits").get_weights()[0][:, classifier.class_names.index(class_name)]
    spread = np.sqrt(np.asarray(model.get_layer("standardise").variance, "float32")).ravel()
    seen = np.maximum(maps @ (logits / np.maximum(spread, 1e-7)), 0)
    size = model.input_shape[1]
    large = keras.ops.image.resize(seen[None, :, :, None], (size, size), interpolation="bilinear")
    large = keras.ops.convert_to_numpy(large)[0, :, :, 0]
    return large / max(float(large.max()), 1e-7)
