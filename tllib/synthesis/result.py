"""A finished canvas -> what it is worth, measured anew on whole grey levels; and what another network thinks of it."""

import time
from dataclasses import dataclass

import keras
import numpy as np

from tllib import backbones
from tllib import images as pixels


@dataclass(frozen=True)
class ImageResult:
    """A synthesised image. Everything about it is measured on `image`, the exact pixels a PNG file holds.

    Attributes:
        image: uint8 `(h, w, 3)`.
        start: uint8 `(h, w, 3)`, what it began with.
        target: name of the wished-for class.
        probability: the network's probability for it, 0 to 1.
        success: it is the network's first choice.
        steps: gradient steps taken.
        seconds: time taken.
        history: term -> its values along the way.
        distance: from `start`: "largest" change of a pixel and "l2" norm, in grey levels.
    """

    image: np.ndarray
    start: np.ndarray
    target: str
    probability: float
    success: bool
    steps: int
    seconds: float
    history: dict[str, np.ndarray]
    distance: dict[str, float]


def measure(network: keras.Model, canvas: keras.layers.Layer, start: np.ndarray, target: int,
            history: dict[str, np.ndarray], began: float) -> ImageResult:
    """Round the canvas's first image to uint8 and ask the network about exactly that."""
    image = pixels.to_uint8(canvas.pixels()[0])
    found = backbones.probabilities(network, image)[0]
    change = image.astype("float64") - start
    return ImageResult(
        image=image, start=start, target=backbones.class_names()[target], probability=float(found[target]),
        success=bool(found.argmax() == target), steps=int(history["step"][-1]), seconds=time.perf_counter() - began,
        history=history,
        distance={"largest": float(np.abs(change).max()), "l2": float(np.sqrt((change**2).sum()))})


def second_opinion(network: keras.Model, image: np.ndarray, target: str | int) -> tuple[float, int]:
    """Ask a network that did not draw the image.

    Args:
        network: from `backbones.load(..., top=True)`, any input size.
        image: `(h, w, 3)`, 0 to 255.
        target: ImageNet class, by name or number.

    Returns:
        Its probability for the class, 0 to 1, and the rank of the class among the 1000, 1 being its first choice.
    """
    index = backbones.class_index(target)
    found = backbones.probabilities(network, image)[0]
    return float(found[index]), int((found > found[index]).sum()) + 1
