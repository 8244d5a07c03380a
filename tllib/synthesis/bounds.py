"""Images after a step -> the nearest images that are allowed: Keras constraints."""

import keras
import numpy as np
from keras import ops


class Box(keras.constraints.Constraint):
    """Every pixel between `low` and `high`: what a picture file can hold."""

    def __init__(self, low: float = 0.0, high: float = 255.0):
        self.low, self.high = low, high

    def __call__(self, images):
        """Clip pixel by pixel."""
        return ops.clip(images, self.low, self.high)


class Ball(Box):
    """Every pixel within `epsilon` grey levels of `centre`, and within 0 to 255 (the L-infinity ball).

    Args:
        centre: `(n, h, w, 3)`, 0 to 255.
        epsilon: largest change of a pixel, in grey levels.
    """

    def __init__(self, centre: np.ndarray, epsilon: float):
        centre = np.asarray(centre, "float32")
        super().__init__(np.maximum(centre - epsilon, 0), np.minimum(centre + epsilon, 255))
