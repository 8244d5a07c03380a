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
        n, height, width, channels = images.shape
        share = self.weight / (n * channels * ((height - 1) * width + height * (width - 1)))
        # TensorFlow adds three or more gradients of one tensor in any order, so last digits would differ from run to
        # run: no tensor is used more than twice; 2 and -2, halved at the end, make by_row and by_column two tensors.
        images = share * images
        by_row, by_column = 2.0 * images, -2.0 * images
        down = ops.abs(by_row[:, 1:] - by_row[:, :-1])
        right = ops.abs(by_column[:, :, 1:] - by_column[:, :, :-1])
        return (ops.sum(down) + ops.sum(right)) / 2

    def get_config(self) -> dict:
        """What Keras saves."""
        return {"weight": self.weight}
