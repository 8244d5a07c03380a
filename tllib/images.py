"""Photo files and arrays -> pixels in the one convention of this library.

Every public image is RGB, `(height, width, 3)` or a batch of these, 0 to 255, uint8 or float32; scaling lives inside
networks. No function changes its argument.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path

from tllib.files import replacing

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_PIXELS = 500_000_000  # of a JPEG; in a larger one there is more to fear than to see


def check(images: np.ndarray, *, name: str = "image", one: bool = False) -> np.ndarray:
    """Return `images`, `(h, w, 3)` or, unless only `one` will do, `(n, h, w, 3)`, RGB, 0 to 255, as an array.

    Raises:
        ValueError: grey or 4-channel shape, values that look like 0-1, outside 0-255, or not finite; the message calls
            the images `name` and says what to do.
    """
    array = np.asarray(images)
    if array.ndim not in (3, 3 if one else 4) or array.shape[-1] != 3:
        grey = array.ndim == 2 or (array.ndim in (3, 4) and array.shape[-1] == 1)
        hint = ("It looks greyscale: repeat it over three channels with np.repeat(grey[..., None], 3, axis=-1)." if grey
                else "It has an alpha channel: drop it with image[..., :3]." if array.shape[-1:] == (4,)
                else "images.load(path) returns the right shape." if array.ndim < 4 else "Give one after the other.")
        raise ValueError(f"{name}: expected RGB of shape (height, width, 3){' or (n, height, width, 3)' * (not one)}, "
                         f"got {array.shape}. {hint}")
    if not array.size or not np.issubdtype(array.dtype, np.number) or not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got dtype {array.dtype}, shape {array.shape}, "
                         "or a NaN or infinite value among them.")
    low, high = float(array.min()), float(array.max())
    if high <= 1.5 and np.issubdtype(array.dtype, np.floating):  # a black photo of whole numbers is a photo
        raise ValueError(f"{name}: pixels go from 0 to 255 here, but the largest value is {high:.3g}. If they were "
                         "scaled to 0-1, multiply by 255: every network in tllib does its own scaling inside.")
    if low < 0 or high > 255:
        raise ValueError(f"{name}: pixels go from 0 to 255 here, got {low:.4g} to {high:.4g}. Undo any preprocessing.")
    return array


def load(path: str | os.PathLike | bytes, *, size: int | None = None) -> np.ndarray:
    """Read a photo file, whatever its format or extension, upright and in RGB.

    Args:
        path: a JPEG, PNG, GIF (first frame), BMP, WebP … file, or all its bytes.
        size: if given, the middle square is cut out and resized to `size` x `size` pixels.

    Returns:
        uint8 `(h, w, 3)`, or `(size, size, 3)`.

    Raises:
        FileNotFoundError; ValueError: the file is not a picture, is damaged or is cut short.
    """
    content = path
    if not isinstance(path, bytes):
        try:
            with open(os.path.expanduser(path), "rb", buffering=0) as file:
                content = file.read()
        except OSError:
            if os.path.isfile(os.path.expanduser(path)):
                raise
            raise FileNotFoundError(f"No picture at {path}. Give the path of a photo file on this machine.") from None
    try:
        try:
            array = _decode_jpeg(content, size)
        except ValueError:  # damaged, but perhaps Pillow can read it
            array = _decode(content)
        return array if size is None else _middle_square(array, size)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise ValueError(f"{'It' if content is path else path} cannot be read as a picture: {error}") from error


def _decode_jpeg(content: bytes, size: int | None) -> np.ndarray:
    """Decode an ordinary JPEG fast, at 1/2, 1/4 or 1/8 scale where that leaves `size` pixels; pass on other files."""
    if not content.startswith(b"\xff\xd8") or (
            b"Exif\0" in content and _opened(content).getexif().get(0x0112, 1) != 1):  # turned
        return _decode(content)
    height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    if colours not in ("YCbCr", "RGB", "Gray") or height * width > MOST_PIXELS:
        return _decode(content)
    shrinks = size is not None and min(height, width) > size  # then nobody sees the decoder's short cuts
    scale = max((n for n in (1, 2, 4, 8) if shrinks and min(height, width) // n >= size), default=1)
    least = {} if scale == 1 else {"min_width": width // scale, "min_height": height // scale}
    return simplejpeg.decode_jpeg(content, fastdct=shrinks, fastupsample=shrinks, **least)


def _decode(content: bytes) -> np.ndarray:
    """Decode any file that Pillow reads, upright."""
    with _opened(content) as photo:
        exif = photo.getexif()
        for tag in set(exif) - {0x0112}:  # of a number that can't be written back, Pillow would make an error
            del exif[tag]
        ImageOps.exif_transpose(photo, in_place=True)
        if photo.mode[0] in "IF":  # more than 8 bits: Pillow would clip them to white
            grey = np.nan_to_num(np.asarray(photo, "float32"))
            tops = (1, 255) if photo.mode == "F" else (4095, 65535)  # of 12 bits, of 16
            white = next((top for top in tops if grey.max() <= top), grey.max())
            photo = Image.fromarray((grey.clip(0) * (255 / white)).astype("uint8"))
        # Straight from a palette to RGB, Pillow would warn where some colours are transparent.
        return np.array((photo.convert("RGBA") if photo.mode == "P" else photo).convert("RGB"))


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise ValueError("no picture, or of a format that no reader here knows") from None


def fit(image: np.ndarray, size: int) -> np.ndarray:
    """Cut the middle square out of one `(h, w, 3)` image and resize it to uint8 `(size, size, 3)`."""
    return _middle_square(to_uint8(check(image, one=True)), size)


def fit_batch(images: np.ndarray, size: int) -> np.ndarray:
    """Check one image, a batch, or a list of any sizes -> float32 `(n, size, size, 3)`, their middle squares."""
    if not isinstance(images, (list, tuple)):
        images = check(images).reshape(-1, *np.shape(images)[-3:])
    return np.stack([image if image.shape[:2] == (size, size) else fit(image, size)
                     for image in map(check, images)]).astype("float32")


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Round 0-255 pixels to the nearest whole grey level: what a picture file can hold. Always a new array."""
    return np.clip(np.rint(np.asarray(images)), 0, 255).astype("uint8")


def save(path: str | os.PathLike, image: np.ndarray) -> Path:
    """Write one image as a PNG, without loss; an existing file is replaced only by a complete new one.

    Raises:
        ValueError: `path` does not end in .png (other formats change pixels) or `image` is not one RGB image.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path.name}: save as .png. JPEG and others would change the pixels.")
    image = check(image, one=True)
    with replacing(path) as temporary:
        Image.fromarray(to_uint8(image)).save(temporary, format="PNG")
    return path


def save_animation(path: str | os.PathLike, frames: Sequence[np.ndarray], *, frames_per_second: float = 12) -> Path:
    """Write images of one size one after the other, as a GIF that repeats: 256 colours a frame.

    Raises:
        ValueError: `path` does not end in .gif, or there are no frames.
    """
    path = Path(path).expanduser()
    frames = [Image.fromarray(to_uint8(check(frame, name="frame"))) for frame in frames]
    if path.suffix.lower() != ".gif" or not frames:
        raise ValueError(f"{path.name}, {len(frames)} frames: expected a path that ends in .gif, and frames.")
    with replacing(path) as temporary:
        frames[0].save(temporary, format="GIF", save_all=True, append_images=frames[1:],
                       duration=1000 / frames_per_second, loop=0)
    return path


def as_jpeg(image: np.ndarray, *, quality: int = 75) -> np.ndarray:
    """What is left of one image, uint8 `(h, w, 3)`, after it went through a JPEG file of that quality, 1 to 95."""
    Image.fromarray(to_uint8(check(image))).save(file := io.BytesIO(), "JPEG", quality=quality)
    return np.asarray(Image.open(file)).copy()


def _middle_square(image: np.ndarray, size: int) -> np.ndarray:
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top:top + side, left:left + side]
    # Averaging areas keeps fine detail from turning into false patterns, which matters from a half downwards.
    way = cv2.INTER_AREA if side > 2 * size else cv2.INTER_LINEAR
    return square.copy() if side == size else cv2.resize(square, (size, size), interpolation=way)
