"""Images -> windows of them that move and zoom at random, under noise: what a network is shown while it draws."""

import numpy as np
from keras import ops

JITTER = 0.12  # of the image's side: how far the middles of windows lie from its middle (standard deviation)
CLEAR = 0.4  # of the way, after which there is no noise


def random_window(random: np.random.Generator, crop: float, border: float = 0.0) -> np.ndarray:
    """Choose a square window near the middle of an image.

    What a network recognises through every window, and not from one place only, has real shapes.

    Args:
        random: where chance comes from.
        crop: the window's side is between `1 - crop` and 1 of the largest.
        border: the largest window's side is `1 - border` of the image's.

    Returns:
        Top, left and side, `(3,)`, as fractions of the image's side.
    """
    side = (1 - border) * (1 - crop * random.uniform())
    middle = 0.5 + JITTER * random.normal(size=2)
    top, left = np.clip(middle - side / 2, 0, 1 - side)
    return np.array([top, left, side], "float32")


def fading_noise(random: np.random.Generator, size: int, levels: float, done: float) -> np.ndarray:
    """Noise to lie over a window, which hides all but broad shapes while a drawing begins.

    Args:
        random: where chance comes from.
        size: height and width, in pixels.
        levels: standard deviation at first, in grey levels; it falls to 0 when `CLEAR` of the way is done.
        done: share of the way, 0 to 1.

    Returns:
        float32 `(size, size, 3)`.
    """
    levels *= max(0, 1 - done / CLEAR)
    if levels == 0:
        return np.zeros((size, size, 3), "float32")
    return np.float32(levels) * random.standard_normal((size, size, 3), "float32")


def crop_resize(images, windows, size: int):
    """Cut a window out of each image and resize it.

    Enlarging is bilinear. Where a window shrinks, each pixel of it has its share (antialiasing).

    Args:
        images: `(n, height, width, 3)`.
        windows: `(n, 3)`, top, left and side as fractions of the image's.
        size: height and width of what comes out, in pixels.

    Returns:
        A tensor `(n, size, size, 3)`.
    """
    height, width = images.shape[1:3]
    side = windows[:, 2:]
    images = ops.einsum("noh,nhwc->nowc", _sampler(windows[:, :1], side, height, size), images)
    return ops.einsum("now,nhwc->nhoc", _sampler(windows[:, 1:2], side, width, size), images)


def _sampler(start, side, length: int, size: int):
    """Matrices `(n, size, length)`: row i holds the weights of the pixels that output pixel i is made of.

    Enlarging is bilinear: a triangle over the nearest two pixels. Shrinking stretches the triangle over all pixels that
    fall on an output pixel, as Pillow and `keras.ops.image.resize` do it.
    """
    scale = side * length / size  # input pixels per output pixel; in this order the whole image stays exactly itself
    position = start * length + scale * (ops.arange(size, dtype="float32") + 0.5) - 0.5
    width = ops.maximum(1.0, scale)  # of half a triangle, in pixels: more than 1 where it shrinks
    shrinks = width > 1
    position = ops.where(shrinks, position, ops.clip(position, 0, length - 1))
    distance = ops.abs(position[..., None] - ops.arange(length, dtype="float32"))
    weights = ops.relu(1 - distance / width[..., None])
    shares = weights / ops.sum(weights, axis=-1, keepdims=True)
    return ops.where(shrinks[..., None], shares, weights)
