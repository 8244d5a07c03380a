"""Images -> the same images seen through a window that moves, zooms and turns at random, and under noise."""

import math

import keras
from keras import ops

CLEAN = 0.4  # of the way, after which there is no noise
STRAY = 0.12  # of the image's side: how far the middles of windows lie from its middle (standard deviation)


class RandomView(keras.layers.Layer):
    """Show a random square window of each image, turned a little, resized to `size` and under noise.

    A drawing begins with the whole image under much noise, which hides all but broad shapes, and ends with close views
    without noise. What the network recognises through every window, and not from one place only, has real shapes.

    Args:
        size: height and width of what comes out, in pixels.
        zoom: the window's side is drawn between `1 - zoom * progress` and 1 of the image's.
        turn: the window is turned by up to so many degrees either way. What lies outside the image is mirrored.
        noise: standard deviation of the noise in the beginning, in grey levels; gone when `CLEAN` of the way is done.
        seed: of windows and noise.
    """

    def __init__(self, size: int, *, zoom: float = 0.3, turn: float = 0.0, noise: float = 0.0, seed: int = 0):
        super().__init__(name="view", dtype="float32")
        self.size, self.zoom, self.turn, self.noise = size, zoom, turn, noise
        self.random = keras.random.SeedGenerator(seed)

    def restart(self, seed: int) -> None:
        """Show the windows of this seed, from the first."""
        self.random.state.assign([seed, 0])

    def call(self, images, progress):
        """`(n, h, w, 3)` and how much of the way is done, `(n, 1)`, 0 to 1 -> `(n, size, size, 3)`."""
        if self.zoom or images.shape[1:3] != (self.size, self.size):
            images = self._zoomed(images, progress)
        if self.turn:
            images = self._turned(images)
        if not self.noise:
            return images
        spread = self.noise * ops.relu(1 - progress / CLEAN)[..., None, None]
        return images + spread * keras.random.normal(images.shape, seed=self.random)

    def _zoomed(self, images, progress):
        n = images.shape[0]
        side = 1 - self.zoom * progress * keras.random.uniform((n, 1), seed=self.random)
        middle = 0.5 + STRAY * keras.random.normal((2, n, 1), seed=self.random)
        corner = ops.maximum(0, ops.minimum(middle - side / 2, 1 - side))
        return window(images, corner, side, self.size)

    def _turned(self, images):
        angle = keras.random.uniform((images.shape[0],), -1, 1, seed=self.random) * (self.turn * math.pi / 180)
        cos, sin, none, middle = ops.cos(angle), ops.sin(angle), ops.zeros_like(angle), (self.size - 1) / 2
        rows = [cos, -sin, middle * (1 - cos + sin), sin, cos, middle * (1 - sin - cos), none, none]
        return ops.image.affine_transform(images, ops.stack(rows, axis=-1), fill_mode="reflect",
                                          data_format="channels_last")


def window(images, corner, side, size: int):
    """Cut windows out of images and resize them: corner `(2, n, 1)` and side `(n, 1)` as fractions of the image's."""
    height, width = images.shape[1:3]
    images = ops.einsum("noh,nhwc->nowc", _sampler(corner[0], side, height, size), images)
    return ops.einsum("now,nhwc->nhoc", _sampler(corner[1], side, width, size), images)


def _sampler(start, side, length: int, size: int):
    """Matrices `(n, size, length)`: row i holds the weights of the pixels that output pixel i is made of.

    Enlarging is bilinear: a triangle over the nearest two pixels. Shrinking stretches the triangle over all pixels that
    fall on an output pixel (antialiasing, as Pillow and `keras.ops.image.resize` do it): each one has its share.
    """
    ticks = (ops.arange(size, dtype="float32") + 0.5) / size
    position = (start + side * ticks) * length - 0.5
    width = ops.maximum(1.0, side * length / size)  # of half a triangle, in pixels: more than 1 where it shrinks
    shrinks = width > 1
    position = ops.where(shrinks, position, ops.clip(position, 0, length - 1))
    distance = ops.abs(position[..., None] - ops.arange(length, dtype="float32"))
    weights = ops.relu(1 - distance / width[..., None])
    shares = weights / ops.sum(weights, axis=-1, keepdims=True)
    return ops.where(shrinks[..., None], shares, weights)
