"""Parameters -> images: what gradient descent changes when it draws, pixels or the waves they are made of."""

from dataclasses import dataclass

import numpy as np
from keras import ops


@dataclass(frozen=True)
class Pixels:
    """Images `(n, size, size, 3)`, 0 to 255, that are their own parameters."""

    def encode(self, images: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Give the parameters of images `(n, size, size, 3)`: themselves, whatever the noise."""
        return images.astype("float32")

    def paint(self, parameters):
        """Give the images of parameters, as a tensor."""
        return parameters

    def within_bounds(self, parameters):
        """Clip what left 0 to 255, which a picture file can't hold."""
        return ops.clip(parameters, 0.0, 255.0)


@dataclass(frozen=True)
class Fourier:
    """Images made of cosine waves; the parameters are the waves' strengths, `(n, 3, size, size)`.

    A wave of f half turns along the side counts 1 / f^1.5, from 4 on, as in photos: broad shapes come first. The three
    colours are light-dark, red-blue and green-magenta. A logistic curve keeps pixels within 0 to 255.

    Args:
        colour: strength of red-blue beside light-dark, 0 for grey to 1; green-magenta has two thirds of it.
        contrast: spread of the pixels, in units of the logistic curve, when all strengths are 1.

    Source: Olah et al., "Feature Visualization", Distill 2017 (there with a Fourier transform; a cosine transform is
    two matrix products, alike on every Keras engine).
    """

    colour: float = 0.6
    contrast: float = 2.0

    def encode(self, images: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Give the strengths that `paint` would paint images `(n, size, size, 3)` from, plus faint noise.

        Black and white themselves are just out of reach.

        Args:
            images: `(n, size, size, 3)`, 0 to 255.
            noise: `(n, 3, size, size)`, standard normal; a hundredth of it is added.
        """
        waves, scale, colours = self._parts(images.shape[1])
        share = np.clip(images.astype("float64") / 255, 0.01, 0.99)
        planes = np.log(share / (1 - share)) @ np.linalg.pinv(colours)
        strengths = waves.T @ planes.transpose(0, 3, 1, 2) @ waves / scale
        return (strengths + 0.01 * noise).astype("float32")

    def paint(self, parameters):
        """Give the images of parameters, as a tensor."""
        waves, scale, colours = (part.astype("float32") for part in self._parts(parameters.shape[-1]))
        planes = ops.matmul(ops.matmul(waves, ops.multiply(parameters, scale)), waves.T)
        return 255 * ops.sigmoid(ops.matmul(ops.transpose(planes, (0, 2, 3, 1)), colours))

    def within_bounds(self, parameters):
        """Leave the strengths as they are: `paint` bounds the pixels."""
        return parameters

    def _parts(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Waves, a column each; how much each pair of them counts; and colours, a row each."""
        index = np.arange(size)
        waves = np.cos(np.pi * (index[:, None] + 0.5) * index / size) * np.sqrt(2 / size)
        waves[:, 0] /= np.sqrt(2)  # now orthonormal: column f is the wave with f half turns
        falling = 1 / np.maximum(np.hypot(index[:, None], index), 4) ** 1.5
        scale = self.contrast * size / np.linalg.norm(falling) * falling
        axes = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
        return waves, scale, axes * [[1], [self.colour], [2 / 3 * self.colour]]
