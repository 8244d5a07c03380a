"""A finished canvas -> what it is worth, measured anew on whole grey levels."""

from collections.abc import Sequence
from dataclasses import dataclass

from tllib import backbones
from tllib.images import to_uint8

import keras
import numpy as np
from skimage.metrics import structural_similarity


@dataclass(frozen=True)
class ImageResult:
    """A synthesised image. Everything about it is measured on `image`, the exact pixels a PNG file holds.

    Attributes:
        image: uint8 `(h, w, 3)`.
        start: uint8 `(h, w, 3)`, what it began with.
        target: name of the target class; None if any but `source` would do.
        source: name of the class the network saw at the start; None for an image drawn from noise.
        probability: the network's probability, 0 to 1, for `target`, or for any class but `source`.
        success: the network's first choice is as wished.
        steps: gradients taken.
        seconds: time taken; of a batch, each image's share.
        history: term -> its values along the way.
        distance: from `start`: "largest" change of a value and "l2" norm, in grey levels; "pixels", the share that
            changed, 0 to 1; "ssim", structural similarity, 1 being equal (Wang et al., IEEE TIP 2004).
    """

    image: np.ndarray
    start: np.ndarray
    target: str | None
    source: str | None
    probability: float
    success: bool
    steps: int
    seconds: float
    history: dict[str, np.ndarray]
    distance: dict[str, float]


def names_of(network: keras.Model) -> tuple[str, ...]:
    """Names of a network's classes; numbers, as text, if it is not one of ImageNet's."""
    classes = network.output_shape[-1]
    return backbones.class_names() if classes == len(backbones.class_names()) else tuple(map(str, range(classes)))


def number_of(network: keras.Model, target: str | int) -> int:
    """Number of a class given by name or number; an unknown one is a ValueError."""
    classes = network.output_shape[-1]
    if classes == len(backbones.class_names()):
        return backbones.class_index(target)
    if str(target) not in names_of(network):
        raise ValueError(f"This network has {classes} classes without names: give a number, 0 to {classes - 1}, not "
                         f"{target!r}. ImageNet's classes need a network loaded with top=True.")
    return int(target)


def measure(network: keras.Model, images: np.ndarray, starts: np.ndarray, targets: Sequence[int | None],
            histories: Sequence[dict[str, np.ndarray]], seconds: float,
            sources: Sequence[int | None]) -> list[ImageResult]:
    """Round images to uint8 and ask the network, once for all, about exactly those."""
    names, images = names_of(network), to_uint8(images)
    results = []
    for image, start, target, source, history, found in zip(
            images, starts, targets, sources, histories, backbones.softmax(network, images), strict=True):
        first = int(found.argmax())
        results.append(ImageResult(
            image=image, start=start, target=None if target is None else names[target],
            source=None if source is None else names[source],
            probability=float(1 - found[source] if target is None else found[target]),
            success=first != source if target is None else first == target, steps=int(history["step"][-1]),
            seconds=seconds, history=history, distance=distance(start, image)))
    return results


def distance(start: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """How far apart two uint8 images `(h, w, 3)` are, as `ImageResult.distance` says."""
    change = image.astype("float64") - start
    return {"largest": float(np.abs(change).max()), "l2": float(np.linalg.norm(change)),
            "pixels": float((change != 0).any(axis=-1).mean()),
            "ssim": float(structural_similarity(start, image, channel_axis=-1))}
