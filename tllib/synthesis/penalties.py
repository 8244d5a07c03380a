"""Images -> how rough they are: Keras regularizers that keep a synthesised image calm."""

import keras
from keras import ops


class TotalVariation(keras.regularizers.Regularizer):
    """Mean absolute difference of neighbouring pixels, in grey levels, times `weight`.

    A mean over all pairs, down and to the right, so a weight means the same at every image size and batch.

    Source: Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 1992.
    """

    def __init__(self, weight: float = 1.0):
        self.weight = weight

    def __call__(self, images):
        """`(n, h, w, c)` -> a scalar."""
        down = ops.abs(images[:, 1:] - images[:, :-1])
        right = ops.abs(images[:, :, 1:] - images[:, :, :-1])
        pairs = _count(down) + _count(right)
        return self.weight * (ops.sum(down) + ops.sum(right)) / pairs

    def get_config(self) -> dict:
        """What Keras saves."""
        return {"weight": self.weight}


def _count(tensor) -> int:
    n = 1
    for length in tensor.shape:
        n *= length
    return n
