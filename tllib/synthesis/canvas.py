"""A starting image -> a Keras layer whose only weight is that image, so that `fit` can paint on it.

Two canvases: `PixelCanvas` keeps the pixels themselves; `WaveCanvas` keeps the strengths of cosine waves, as a JPEG
file does, scaled so that broad shapes appear before fine grain.
"""

import keras
import numpy as np
from keras import ops


class PixelCanvas(keras.layers.Layer):
    """Images as a weight: pixels, 0 to 255.

    Args:
        start: float or uint8 `(n, h, w, 3)`, 0 to 255.
        penalty: a `keras.regularizers.Regularizer` on the images, added to the loss.
        constraint: a `keras.constraints.Constraint`, applied after every step.
        rounded: show the network whole grey levels only, which is all a file can hold; the gradient passes as if
            nothing had been rounded.
    """

    def __init__(self, start: np.ndarray, *, penalty=None, constraint=None, rounded: bool = False):
        super().__init__(name="canvas")
        self.rounded = rounded
        self.image = self.add_weight(shape=start.shape, regularizer=penalty, constraint=constraint, name="image")
        self.image.assign(start)

    def call(self, step):
        """Give the images; `step` only makes this a layer with an input, as Keras wants it."""
        image = self.image + 0 * ops.sum(step)
        return image + ops.stop_gradient(ops.round(image) - image) if self.rounded else image

    def pixels(self) -> np.ndarray:
        """Images as they are now, float32 `(n, h, w, 3)`."""
        return ops.convert_to_numpy(self.image)


class WaveCanvas(keras.layers.Layer):
    """Images as a weight: strengths of cosine waves in three uncorrelated colours; pixels stay within 0 to 255.

    A step changes every wave by about as much, and slow waves are made stronger, as in natural photos (strength falls
    as 1 / frequency). The colours are light-dark, red-blue and green-magenta, in falling strength.

    Args:
        size: height and width of the one image, in pixels.
        penalty: a `keras.regularizers.Regularizer` on the image, added to the loss.
        contrast: spread of the pixels, in units of the logistic curve that bounds them, when all strengths are 1.
        seed: of the faint noise it starts from.

    Source: Olah et al., "Feature Visualization", Distill 2017 (there with a Fourier transform; a cosine transform is
    two matrix products, alike on every Keras engine).
    """

    def __init__(self, size: int, *, penalty=None, contrast: float = 2.0, seed: int = 0):
        super().__init__(name="canvas")
        self.penalty = penalty
        index = np.arange(size)
        waves = np.cos(np.pi * (index[:, None] + 0.5) * index / size) * np.sqrt(2 / size)
        waves[:, 0] /= np.sqrt(2)  # now orthonormal: column f is the wave with f half turns
        falling = 1 / np.maximum(np.hypot(index[:, None], index), 1)
        self.scale = (contrast * size / np.linalg.norm(falling) * falling)[None, ..., None].astype("float32")
        self.waves = waves.astype("float32")
        axes = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
        self.colours = (axes * [[1.0], [0.3], [0.15]]).astype("float32")
        self.strengths = self.add_weight(shape=(1, size, size, 3), name="image")
        self.strengths.assign(np.random.default_rng(seed).normal(0, 0.01, self.strengths.shape))

    def call(self, step):
        """Paint the image from its waves; `step` only makes this a layer with an input."""
        image = self._paint() + 0 * ops.sum(step)
        if self.penalty is not None:
            self.add_loss(self.penalty(image))
        return image

    def pixels(self) -> np.ndarray:
        """The image as it is now, float32 `(1, size, size, 3)`."""
        return ops.convert_to_numpy(self._paint())

    def _paint(self):
        x = ops.einsum("yu,nuvc->nyvc", self.waves, self.strengths * self.scale)
        x = ops.einsum("xv,nyvc->nyxc", self.waves, x)
        return 255 * ops.sigmoid(ops.matmul(x, self.colours))
