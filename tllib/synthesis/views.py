"""Images -> the same images seen through a window that moves and zooms at random at every step.

What the network recognises through every window has real shapes; what it recognises only from one place is noise tuned
to its pixel grid. Cutting and resizing by bilinear sampling is a product with a thin matrix for the rows and one for
the columns: far cheaper than the network, exact gradients, alike on every engine.
"""

import keras
from keras import ops


class RandomView(keras.layers.Layer):
    """Show a random square window of each image, resized to `size`.

    Args:
        size: height and width of what comes out, in pixels.
        zoom: the window's side is drawn between `1 - zoom` and 1 of the image's.
        seed: of the windows.
    """

    def __init__(self, size: int, *, zoom: float = 0.3, seed: int = 0):
        super().__init__(name="view")
        self.size, self.zoom = size, zoom
        self.random = keras.random.SeedGenerator(seed)

    def call(self, images):
        """`(n, h, w, 3)` -> `(n, size, size, 3)`."""
        n, height, width, _ = images.shape
        side = keras.random.uniform((n, 1), 1 - self.zoom, 1.0, seed=self.random)
        corner = keras.random.uniform((2, n, 1), seed=self.random) * (1 - side)
        rows = _sampler(corner[0], side, height, self.size)
        columns = _sampler(corner[1], side, width, self.size)
        images = ops.einsum("noh,nhwc->nowc", rows, images)
        return ops.einsum("now,nhwc->nhoc", columns, images)


def _sampler(start, side, length: int, size: int):
    """Matrices `(n, size, length)`: row i holds the bilinear weights of output pixel i."""
    ticks = (ops.arange(size, dtype="float32") + 0.5) / size
    position = ops.clip((start + side * ticks) * length - 0.5, 0, length - 1)
    return ops.relu(1 - ops.abs(position[..., None] - ops.arange(length, dtype="float32")))
