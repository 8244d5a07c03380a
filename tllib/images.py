"""Photo files, PIL images and arrays -> pixels in the one convention of this library.

Every public image is RGB, `(height, width, 3)` or a batch of these, 0 to 255, uint8 or float32; scaling lives inside
networks. Whether floats go to 255 or to 1 is told by all that come together, as one of them may be dark. Where an image
is asked for, a PIL image will do: it is read as `load` reads its file. No function changes its argument.
"""

import functools
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from tllib.checking import check_count, check_kind, check_number, check_path
from tllib.files import replacing

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 500_000_000  # of a JPEG: a small file that claims more would fill the memory (a "decompression bomb")
LARGEST_OF_0_TO_1 = 1.5  # floats up to here were scaled to 0-1, and perhaps sharpened or resized a little beyond

# Tags of a TIFF file, as the TIFF 6.0 specification numbers them.
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT, S_MAX_SAMPLE_VALUE = 258, 262, 339, 341
WHITE_IS_ZERO, SIGNED = 0, 2


def check(images: np.ndarray | Image.Image, *, name: str = "image", one: bool = False) -> np.ndarray:
    """Return one image or a batch as an array, once it is known to follow the convention.

    An array is judged as a whole: one dark picture in a batch is fine. All zeros are black on every scale.

    Args:
        images: `(h, w, 3)` or `(n, h, w, 3)`, RGB, 0 to 255, or a PIL image.
        name: what error messages call it.
        one: accept a single image only.

    Returns:
        The array itself; of a PIL image, uint8 `(h, w, 3)`.

    Raises:
        ValueError: grey, 4-channel or channels-first shape, values that look like 0-1, outside 0-255, or not finite,
            16-bit numbers, nothing at all; the message says what to do.
    """
    array = _array(images, name)
    _check_shape(array, name, one)
    _check_numbers(array, name)
    _check_scale({name: array})
    _check_range(array, name)
    return array


def check_each(images: Sequence[np.ndarray] | np.ndarray | Image.Image, *, name: str = "image") -> list[np.ndarray]:
    """Return one image, a batch, or a list of any sizes, as a list of single images that follow the convention.

    A list is judged as a whole, as an array is: one dark picture among others is fine.

    Args:
        images: `(h, w, 3)`, `(n, h, w, 3)`, a PIL image, or a list or tuple of single images.
        name: what error messages call it, with its number in a list.

    Raises:
        ValueError: as `check`.
    """
    arrays = _arrays(images, name)
    for each, array in arrays.items():
        _check_range(array, each)
    return _singles(arrays)


def grey_levels(images: Sequence[np.ndarray] | np.ndarray | Image.Image, *, name: str = "image") -> list[np.ndarray]:
    """Round what `check_each` takes to a list of single images, uint8 `(h, w, 3)`, and cut off what lies outside.

    Raises:
        ValueError: as `check`, but for values outside 0-255.
    """
    return [rounded(image) for image in _singles(_arrays(images, name))]


def _arrays(images: Sequence[np.ndarray] | np.ndarray | Image.Image, name: str) -> dict[str, np.ndarray]:
    """Name -> array, all but its range checked: one for each image of a list, or a single one, which may be a batch."""
    several = isinstance(images, (list, tuple))
    given = {f"{name} {number}": image for number, image in enumerate(images)} if several else {name: images}
    arrays = {each: _array(image, each) for each, image in given.items()}
    for each, array in arrays.items():
        _check_shape(array, each, one=several)
        _check_numbers(array, each)
    _check_scale(arrays)
    return arrays


def _singles(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [image for array in arrays.values() for image in array.reshape(-1, *array.shape[-3:])]


def _array(images: np.ndarray | Image.Image, name: str) -> np.ndarray:
    """Turn one image or several into an array, whatever they hold."""
    if isinstance(images, Image.Image):
        try:
            return _pixels(images)
        except (OSError, ValueError) as error:
            raise ValueError(f"{name}: this PIL image cannot be read: {error}") from error
    if isinstance(images, (list, tuple)):
        images = [_array(image, name) if isinstance(image, Image.Image) else image for image in images]
    try:
        return np.asarray(images)
    except ValueError:  # NumPy's words for it are about sequences and dimensions
        raise ValueError(f"{name}: these pictures differ in size and cannot be one batch. Give one after the other, "
                         "or cut them to one size with images.crop_resize.") from None


def _check_shape(array: np.ndarray, name: str, one: bool) -> None:
    dimensions = (3,) if one else (3, 4)
    if array.ndim in dimensions and array.shape[-1] == 3:
        return
    expected = "(height, width, 3)" if one else "(height, width, 3) or (n, height, width, 3)"
    if array.ndim == 2 or (array.ndim in (3, 4) and array.shape[-1] == 1):
        hint = "It looks greyscale: repeat it over three channels with np.repeat(grey[..., None], 3, axis=-1)."
    elif array.shape[-1:] == (4,):
        hint = "It has an alpha channel: drop it with image[..., :3]."
    elif array.ndim in (3, 4) and array.shape[-3] == 3:
        hint = "Its colours come first: put them last with np.moveaxis(image, -3, -1)."
    elif array.ndim < 4:
        hint = "images.load(path) returns the right shape."
    else:
        hint = "Give one after the other."
    raise ValueError(f"{name}: expected RGB of shape {expected}, got {array.shape}. {hint}")


def _check_numbers(array: np.ndarray, name: str) -> None:
    if not array.size:
        raise ValueError(f"{name}: there is nothing in it, its shape is {array.shape}.")
    floats = np.issubdtype(array.dtype, np.floating)
    if not floats and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected finite numbers, got dtype {array.dtype}. Whole numbers or floats from 0 to "
                         "255 are pixels.")
    if array.dtype in (np.uint16, np.uint32):  # a dark one would pass for a picture of 8 bits
        raise ValueError(f"{name}: expected 0 to 255, got {array.dtype}, as of a camera with more than 8 bits. "
                         "images.load scales files; scale an array by what is white in it: image * (255 / 65535).")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got a NaN or infinite value among them.")


def _check_scale(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse floats of 0 to 1. All that came together are judged together, for one of them may be a dark picture."""
    largest = {name: float(array.max()) for name, array in arrays.items()
               if np.issubdtype(array.dtype, np.floating) and array.any()}  # dark whole numbers are a photo
    if largest and max(largest.values()) <= LARGEST_OF_0_TO_1:
        name, high = next(iter(largest.items()))
        raise ValueError(f"{name}: pixels go from 0 to 255 here, but the largest value is {high:.3g}. If they were "
                         "scaled to 0-1, multiply by 255: every network in tllib does its own scaling inside.")


def _check_range(array: np.ndarray, name: str) -> None:
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255:
        raise ValueError(f"{name}: pixels go from 0 to 255 here, got {low:.4g} to {high:.4g}. Undo any preprocessing.")


def load(photo: str | os.PathLike | bytes | Image.Image, *, size: int | None = None,
         white: float | None = None) -> np.ndarray:
    """Read a photo, whatever its format or extension, upright and in RGB.

    Pictures of more than 8 bits, as microscopes and scanners make them, are scaled by the file's depth and never by
    what is in the picture, so that two frames of one camera can be compared. White is the largest number of the file's
    type: 65535 of 16 bits, 1.0 of floats; of a TIFF file, what its tags BitsPerSample and SMaxSampleValue say. A camera
    of 12 bits that writes 16-bit files comes out dark: give `white=4095`.

    Args:
        photo: a JPEG, PNG, HEIC, GIF (first frame), BMP, WebP, TIFF … file, or all its bytes, or a PIL image.
        size: if given, the middle square is cut out and resized to `size` x `size` pixels.
        white: the value that is white in a picture of more than 8 bits, 4095 say; larger ones are cut off. Others are
            left as they are. Defaults to what the file says.

    Returns:
        uint8 `(h, w, 3)`, or `(size, size, 3)`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not a picture, is damaged or cut short, or does not say what is white: whole numbers of
            32 bits, or floats beyond 1.5; or `size` is no whole number from 1.
        TypeError: `photo` is no path, bytes or PIL image.
    """
    check_kind("photo", photo, (str, os.PathLike, bytes, Image.Image), "Give the path of a photo file.")
    check_white(white)
    if size is not None:
        check_count("size", size)
    content = photo if isinstance(photo, (bytes, Image.Image)) else _read(photo)
    try:
        array = _decode(content, size, white)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever they like
        what = "It" if content is photo else photo
        raise ValueError(f"{what} cannot be read as a picture: {error}") from error
    return array if size is None else _middle_square(array, size)


def check_white(white: float | None) -> None:
    """Refuse a value that nothing in a picture can have, as what is white in it; None is that of the file.

    Raises:
        ValueError: it is no number above 0.
    """
    if white is None:
        return
    check_number("white", white)
    if white <= 0:
        raise ValueError(f"white={white!r}: expected the value that is white in the picture, 4095 say.")


def _read(path: str | os.PathLike) -> bytes:
    path = os.path.expanduser(path)
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        if os.path.isfile(path):
            raise
        raise FileNotFoundError(f"No picture at {path}. Give the path of a photo file on this machine.") from None


def _decode(content: bytes | Image.Image, size: int | None, white: float | None) -> np.ndarray:
    """Decode an ordinary JPEG fast, and whatever else Pillow reads with Pillow."""
    if isinstance(content, Image.Image):
        return _pixels(content, white)
    if content.startswith(b"\xff\xd8"):
        try:
            array = _decode_jpeg(content, size)
        except ValueError:  # damaged, but perhaps Pillow can read it
            array = None
        if array is not None:
            return array
    with _opened(content) as photo:
        if white is not None and not _is_deep(photo):  # of deep colours, Pillow keeps 8 bits
            deep = cv2.imdecode(np.frombuffer(content, "uint8"), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
            if deep is not None and deep.dtype != np.uint8:
                return _scaled(deep[..., ::-1], white)
        return _pixels(photo, white)


def _decode_jpeg(content: bytes, size: int | None) -> np.ndarray | None:
    """Decode at 1/2, 1/4 or 1/8 scale where that leaves `size` pixels; None for a JPEG that Pillow should read."""
    if b"Exif\0" in content and _orientation(_opened(content)) != 1:
        return None
    height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    if colours not in ("YCbCr", "RGB", "Gray") or height * width > MOST_PIXELS:
        return None
    shrinks = size is not None and min(height, width) > size  # then nobody sees the decoder's short cuts
    scale = max((n for n in (1, 2, 4, 8) if shrinks and min(height, width) // n >= size), default=1)
    least = {} if scale == 1 else {"min_width": width // scale, "min_height": height // scale}
    return simplejpeg.decode_jpeg(content, fastdct=shrinks, fastupsample=shrinks, **least)


TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
         5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
         8: Image.Transpose.ROTATE_90}  # EXIF orientation -> what makes it upright


def _orientation(photo: Image.Image) -> int:
    return photo.getexif().get(0x0112, 1)


def _is_deep(photo: Image.Image) -> bool:
    """Tell whether Pillow holds more than 8 bits of each pixel: 16 or 32 of whole numbers, or floats. All are grey."""
    return photo.mode.startswith(("I", "F"))


def _pixels(photo: Image.Image, white: float | None = None) -> np.ndarray:
    """Turn a PIL image of any mode into uint8 `(h, w, 3)`, upright. `white` is that of `load`."""
    photo.load()  # of a TIFF file, this turns it, too
    upright = photo.transpose(TURNS[_orientation(photo)]) if _orientation(photo) in TURNS else photo
    if _is_deep(photo):
        grey = np.nan_to_num(np.asarray(upright, "float32"))
        white = _white(photo, grey) if white is None else white
        if getattr(photo, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:
            grey = white - grey
        return np.repeat(_scaled(grey, white)[..., None], 3, axis=-1)
    if upright.mode == "P":  # straight to RGB, Pillow would warn where some colours are transparent
        upright = upright.convert("RGBA")
    return np.array(upright.convert("RGB"))


def _scaled(values: np.ndarray, white: float) -> np.ndarray:
    """Scale values so that `white` becomes 255, and round them to uint8."""
    return rounded(np.nan_to_num(values.astype("float32")) * (255 / white))


def _white(photo: Image.Image, grey: np.ndarray) -> float:
    """The value that is white by the depth of a PIL image."""
    tags = getattr(photo, "tag_v2", {})
    bits = 16 if photo.format == "PPM" or photo.mode.startswith("I;16") else 32
    bits = tags.get(BITS_PER_SAMPLE, (bits,))[0]
    if S_MAX_SAMPLE_VALUE in tags:
        white = float(np.ravel(tags[S_MAX_SAMPLE_VALUE])[0])
        if np.isfinite(white) and white > 0:
            return white
    if photo.mode == "F" and grey.max() <= LARGEST_OF_0_TO_1:
        return 1.0
    if photo.mode == "F":
        raise ValueError(f"it holds floats up to {grey.max():.4g}, and 0 to 1 is expected. Say which value is white: "
                         "images.load(..., white=255), or of a folder datasets.load(..., white=255).")
    if bits > 16:
        raise ValueError(f"it holds whole numbers of {bits} bits, and does not say which is white. Say it: "
                         "images.load(..., white=65535), or of a folder datasets.load(..., white=65535).")
    return 2.0 ** (bits - 1 if SIGNED in tags.get(SAMPLE_FORMAT, ()) else bits) - 1


def _opened(content: bytes) -> Image.Image:
    heif = heic_reader()
    try:
        return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        if heif.is_supported(content):  # going by how it begins
            raise ValueError("a HEIC photo that is damaged or cut short") from None
        raise ValueError("no picture, or of a format that no reader here knows") from None


@functools.cache  # not on import: whoever meets no such photo need not wait for its library
def heic_reader() -> ModuleType:
    """Have Pillow read HEIC, the photos of iPhones, from now on.

    Its reader turns a photo as the file's properties "irot" and "imir" say. The orientation in EXIF is a note about the
    same turn, not a second one: the reader sets it to 1.

    Returns:
        The module `pillow_heif`.

    Source: ISO/IEC 23008-12, HEIF.
    """
    import pillow_heif
    pillow_heif.register_heif_opener()
    return pillow_heif


def crop_resize(image: np.ndarray | Image.Image, size: int) -> np.ndarray:
    """Cut the middle square out of one `(h, w, 3)` image and resize it to uint8 `(size, size, 3)`.

    Raises:
        ValueError: as `check`, or `size` is no whole number from 1.
    """
    check_count("size", size)
    return _middle_square(rounded(check(image, one=True)), size)


def crop_resize_batch(images: Sequence[np.ndarray] | np.ndarray | Image.Image, size: int) -> np.ndarray:
    """Check one image, a batch, or a list of any sizes -> float32 `(n, size, size, 3)`, their middle squares.

    Raises:
        ValueError: as `check`, an empty list, or `size` is no whole number from 1.
    """
    check_count("size", size)
    pictures = check_each(images)
    if not pictures:
        raise ValueError("images: the list is empty. Give one image or more.")
    return np.stack([picture if picture.shape[:2] == (size, size) else _middle_square(rounded(picture), size)
                     for picture in pictures]).astype("float32")


def resize_weights(side: int, size: int) -> np.ndarray:
    """Matrix, float32 `(size, side)`, with which `crop_resize` resizes, for gradients to pass through.

    A square image of `side` pixels, multiplied by it along rows and along columns, is what `crop_resize` makes of it.
    """
    if side == size:
        return np.eye(side, dtype="float32")
    return cv2.resize(np.eye(side, dtype="float32"), (side, size), interpolation=_interpolation(side, size))


def to_uint8(images: np.ndarray | Image.Image) -> np.ndarray:
    """Round 0-255 pixels to the nearest whole grey level, and cut off what lies outside. Always a new array.

    Args:
        images: of any shape, or a PIL image.

    Raises:
        ValueError: values that look like 0-1, or are not finite.
    """
    array = _array(images, "image")
    _check_numbers(array, "image")
    _check_scale({"image": array})
    return rounded(array)


def rounded(array: np.ndarray) -> np.ndarray:
    """Round pixels that are known to go from 0 to 255, as `to_uint8` does, and judge them no more.

    Use it for what was checked before, of which a dark picture may be left, and for what was drawn here.
    """
    return np.clip(np.rint(array), 0, 255).astype("uint8")


def save(path: str | os.PathLike, image: np.ndarray | Image.Image) -> Path:
    """Write one image as a PNG, without loss; an existing file is replaced only by a complete new one.

    Raises:
        ValueError: `path` does not end in .png (other formats change pixels) or `image` is not one RGB image.
    """
    check_path("path", path)
    path = Path(path).expanduser()
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path.name}: save as .png. JPEG and others would change the pixels.")
    image = check(image, one=True)
    with replacing(path) as temporary:
        Image.fromarray(rounded(image)).save(temporary, format="PNG")
    return path


def save_animation(path: str | os.PathLike, frames: Sequence[np.ndarray] | np.ndarray, *,
                   frames_per_second: float = 12) -> Path:
    """Write images one after the other, as a GIF that repeats: 256 colours per frame.

    Args:
        path: ends in .gif.
        frames: images `(h, w, 3)` of one size, in a list, or a batch.
        frames_per_second: 1 to 50, which is as fast as browsers show a GIF.

    Raises:
        ValueError: `path` does not end in .gif, there are no frames, or they differ in size.
    """
    check_path("path", path)
    path = Path(path).expanduser()
    frames = check_each(frames, name="frame")
    if path.suffix.lower() != ".gif" or not frames:
        raise ValueError(f"{path.name}, {len(frames)} frames: expected a path that ends in .gif, and frames.")
    if len({frame.shape for frame in frames}) > 1:
        raise ValueError("The frames differ in size: cut them to one size with images.crop_resize.")
    check_number("frames_per_second", frames_per_second, least=1, most=50)
    first, *others = [Image.fromarray(rounded(frame)) for frame in frames]
    with replacing(path) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=others, duration=1000 / frames_per_second,
                   loop=0)
    return path


def as_jpeg(image: np.ndarray | Image.Image, *, quality: int = 75) -> np.ndarray:
    """What is left of one image, uint8 `(h, w, 3)`, after it went through a JPEG file of that quality, 1 to 95."""
    check_count("quality", quality, most=95)
    file = io.BytesIO()
    Image.fromarray(rounded(check(image, one=True))).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def _middle_square(image: np.ndarray, size: int) -> np.ndarray:
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top:top + side, left:left + side]
    if side == size:
        return square.copy()
    return cv2.resize(square, (size, size), interpolation=_interpolation(side, size))


def _interpolation(side: int, size: int) -> int:
    # Averaging areas keeps fine detail from turning into false patterns, which matters from a half downwards.
    return cv2.INTER_AREA if side > 2 * size else cv2.INTER_LINEAR
