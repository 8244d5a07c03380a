"""A batch of photos -> randomly cropped, resized, mirrored copies."""

from collections.abc import Callable

from tllib.checking import check_kind, check_number

import cv2
import numpy as np

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # pixels, 0 to 255 -> pixels, 0 to 255


def random_crop_flip(images: np.ndarray, random: np.random.Generator, *, crop: float = 0.4) -> np.ndarray:
    """Crop a random window out of each photo, resize it to the photo's size, and mirror every second one.

    Args:
        images: `(n, h, w, 3)`, 0 to 255.
        random: `np.random.default_rng(seed)`; the same state gives the same windows.
        crop: the window's side is drawn between `1 - crop` and 1 of the photo's; 0 only mirrors.

    Returns:
        float32, same shape, 0 to 255. The argument is left as it was.

    Raises:
        ValueError: no batch of RGB images, or `crop` is not in 0 to 1.
        TypeError: no array, or no generator.
    """
    check_kind("images", images, np.ndarray, "Give a batch of pixels (n, h, w, 3), 0 to 255.")
    check_kind("random", random, np.random.Generator, "np.random.default_rng(seed) gives one.")
    check_number("crop", crop)
    if images.ndim != 4 or images.shape[-1] != 3 or not 0 <= crop < 1:
        raise ValueError("random_crop_flip takes a batch (n, h, w, 3) and 0 <= crop < 1, got "
                         f"{images.shape} and {crop}.")
    height, width = images.shape[1:3]
    changed = np.empty(images.shape, "float32")
    for image, place in zip(images, changed, strict=True):
        share = random.uniform(1 - crop, 1)
        rows, columns = max(round(share * height), 1), max(round(share * width), 1)
        top, left = random.integers(height - rows + 1), random.integers(width - columns + 1)
        window = image[top:top + rows, left:left + columns].astype("float32")
        place[:] = cv2.resize(window, (width, height), interpolation=cv2.INTER_LINEAR)
        if random.integers(2):
            place[:] = place[:, ::-1].copy()
    return changed
