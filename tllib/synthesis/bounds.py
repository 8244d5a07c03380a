"""Images after a step -> the nearest images that are allowed: Keras constraints."""

import keras
from keras import ops


class Box(keras.constraints.Constraint):
    """Every pixel between `low` and `high`: what a picture file can hold."""

    def __init__(self, low: float = 0.0, high: float = 255.0):
        self.low, self.high = low, high

    def __call__(self, images):
        """Clip pixel by pixel."""
        return ops.clip(images, self.low, self.high)
