"""Images -> how rough they are, which keeps a drawing calm when it costs something."""

from keras import ops


def total_variation(images):
    """Mean absolute difference of neighbouring pixels, down and to the right, in grey levels.

    A mean over all pairs, so it means the same at every image size.

    Args:
        images: `(n, h, w, c)`, tensor or array.

    Returns:
        A tensor `(n,)`.

    Source: Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 1992.
    """
    _, height, width, channels = images.shape
    pairs = channels * ((height - 1) * width + height * (width - 1))
    # TensorFlow adds three or more gradients of one tensor in any order, so last digits would differ from run to run:
    # no tensor is used more than twice; 2 and -2, halved at the end, make by_row and by_column two tensors.
    images = images / pairs
    by_row, by_column = 2.0 * images, -2.0 * images
    down = ops.abs(by_row[:, 1:] - by_row[:, :-1])
    right = ops.abs(by_column[:, :, 1:] - by_column[:, :, :-1])
    return (ops.sum(down, axis=(1, 2, 3)) + ops.sum(right, axis=(1, 2, 3))) / 2
