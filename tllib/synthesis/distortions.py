"""A picture -> what is left of it after a treatment that may undo an attack; and how many attacks outlive each."""

from collections.abc import Callable
from dataclasses import dataclass

from tllib.images import as_jpeg

import cv2
import numpy as np


@dataclass(frozen=True)
class Distortion:
    """Something that happens to pictures.

    Attributes:
        name: what it is, in words.
        apply: uint8 `(h, w, 3)` -> uint8 of the same shape.
        undo: a change of the result, float `(h, w, 3)` -> about the change of the picture that causes it.
    """

    name: str
    apply: Callable[[np.ndarray], np.ndarray]
    undo: Callable[[np.ndarray], np.ndarray] = lambda change: change


def _nothing(image: np.ndarray) -> np.ndarray:
    return image


def _resized(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    small = cv2.resize(image, (round(0.75 * width), round(0.75 * height)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _turned(degrees: float) -> Callable[[np.ndarray], np.ndarray]:
    def turn(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
        return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return turn


UNTOUCHED = Distortion("saved as PNG", _nothing)
JPEG = Distortion("JPEG, quality 75", as_jpeg)
RESIZED = Distortion("resized to 3/4 and back", _resized)
TURNED = Distortion("turned by 5 degrees", _turned(5), _turned(-5))
TURNED_BACK = Distortion("turned by -5 degrees", _turned(-5), _turned(5))
SMOOTHED = Distortion("smoothed (3 x 3 median)", lambda image: cv2.medianBlur(image, 3))

DISTORTIONS = (UNTOUCHED, JPEG, RESIZED, TURNED, TURNED_BACK, SMOOTHED)
