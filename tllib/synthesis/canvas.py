"""A starting image -> a Keras layer whose only weight is that image, so that `fit` can paint on it."""

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


class PixelCanvas(keras.layers.Layer):
    """Images as a weight: pixels, 0 to 255.

    Args:
        start: float or uint8 `(n, h, w, 3)`, 0 to 255.
        penalty: a `keras.regularizers.Regularizer` on the images, added to the loss.
        constraint: a `keras.constraints.Constraint`, applied after every step.
    """

    def __init__(self, start: np.ndarray, *, penalty=None, constraint=None):
        super().__init__(name="canvas", dtype="float32")
        self.image = self.add_weight(shape=start.shape, regularizer=penalty, constraint=constraint, name="image")
        self.restart(start)

    def restart(self, start: np.ndarray, seed: int = 0) -> None:
        """Begin with other images; nothing here is random."""
        self.image.assign(start)

    def call(self, progress):
        """Give the images; `progress` only makes this a layer with an input, as Keras wants it."""
        return self.image + 0 * ops.sum(progress)

    def pixels(self) -> np.ndarray:
        """Images as they are now, float32 `(n, h, w, 3)`."""
        return ops.convert_to_numpy(self.image)


class WaveCanvas(keras.layers.Layer):
    """Images as a weight: strengths of cosine waves, scaled by 1 / frequency^1.5 from 4 half turns on.

    The colours are light-dark, red-blue and green-magenta; pixels stay within 0 to 255.

    Args:
        start, penalty: as for `PixelCanvas`; the images are square.
        colour: strength of red-blue beside light-dark, 0 for grey to 1; green-magenta has two thirds of it.
        contrast: spread of the pixels, in units of the logistic curve that bounds them, when all strengths are 1.
        seed: of faint noise in the waves (of image i: seed + i), so that drawings of the same thing differ.

    Source: Olah et al., "Feature Visualization", Distill 2017 (there with a Fourier transform; a cosine transform is
    two matrix products, alike on every Keras engine).
    """

    def __init__(self, start: np.ndarray, *, penalty=None, colour: float = 0.6, contrast: float = 2.0,
                 seed: int = 0):
        super().__init__(name="canvas", dtype="float32")
        self.penalty = penalty
        size = start.shape[1]
        index = np.arange(size)
        waves = np.cos(np.pi * (index[:, None] + 0.5) * index / size) * np.sqrt(2 / size)
        waves[:, 0] /= np.sqrt(2)  # now orthonormal: column f is the wave with f half turns
        falling = 1 / np.maximum(np.hypot(index[:, None], index), 4) ** 1.5
        self.scale = (contrast * size / np.linalg.norm(falling) * falling).astype("float32")
        self.waves = waves.astype("float32")
        axes = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
        self.colours = (axes * [[1], [colour], [2 / 3 * colour]]).astype("float32")
        self.strengths = self.add_weight(shape=(len(start), 3, size, size), name="image")
        self.restart(start, seed)

    def restart(self, start: np.ndarray, seed: int = 0) -> None:
        """Begin with other images, and faint noise of image i by seed + i."""
        shape = self.strengths.shape[1:]
        noise = [np.random.default_rng(seed + row).normal(0, 0.01, shape) for row in range(len(start))]
        self.strengths.assign(self._strengths(np.asarray(start, "float64")) + noise)

    def call(self, progress):
        """Paint the images from their waves; `progress` only makes this a layer with an input."""
        image = self._paint() + 0 * ops.sum(progress)
        if self.penalty is not None:
            self.add_loss(self.penalty(image))
        return image

    def pixels(self) -> np.ndarray:
        """The images as they are now, float32 `(n, size, size, 3)`."""
        return ops.convert_to_numpy(self._paint())

    def _paint(self):
        colours = ops.matmul(ops.matmul(self.waves, self.strengths * self.scale), self.waves.T)
        return 255 * ops.sigmoid(ops.matmul(ops.transpose(colours, (0, 2, 3, 1)), self.colours))

    def _strengths(self, images):
        """What `_paint` would paint these images from; black and white themselves are just out of reach."""
        share = np.clip(images / 255, 0.01, 0.99)
        colours = np.log(share / (1 - share)) @ np.linalg.pinv(self.colours)
        return self.waves.T @ colours.transpose(0, 3, 1, 2) @ self.waves / self.scale
