"""A label and a generator -> a picture unlike ImageNet's photos: a texture, a digit, blood cells; and sets of them on
disk, drawn on first use.

Textures are pieces of three grey photos that scikit-image carries (brick, grass, gravel; all CC0). Digits are set in
matplotlib's DejaVu typefaces. Blood cells are drawn: a plausible smear, not a medical picture.

Nothing leaks from "trainval" to "test": the textures of one are cut from the left of each photo, those of the other
from its right; the digits of one have no serifs, those of the other do; every smear of cells is another one.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tllib.files import cache_root, replacing

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LABELS = {
    "textures": ("brick", "grass", "gravel"),
    "drawn_digits": tuple("0123456789"),
    "drawn_cells": ("healthy_clockwise", "healthy_anticlockwise", "infected_clockwise", "infected_anticlockwise"),
}
COLUMNS = {"trainval": (0, 320), "test": (320, 512)}  # of a photo, 512 wide
FONTS = {"trainval": ("Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "SansMono-Bold"),
         "test": ("Serif", "Serif-Bold", "Serif-Italic")}


def drawn_set(name: str, counts: Mapping[str, int]) -> Path:
    """Draw a set into the cache folder, unless it is there; a changed drawing code draws a new one.

    Args:
        name: "textures", "drawn_digits" or "drawn_cells".
        counts: part -> number of pictures.
    """
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return write(cache_root() / f"{name}-{version}", pictures(name, counts))


def write(folder: Path, pictures: Iterable[tuple[str, np.ndarray]]) -> Path:
    """Write (file name, uint8 pixels) below `folder`, unless it is there already; then nothing is drawn.

    They are written to a folder beside it that takes its place when complete: a half-drawn set is never believed.
    """
    if folder.is_dir():
        return folder
    try:
        with replacing(folder) as temporary:
            for name, picture in pictures:
                (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(temporary / name, compress_level=3)  # noise hardly shrinks
    except OSError:
        if not folder.is_dir():  # if it is there, another process was quicker: its drawings are the same
            raise
    return folder


def texture(label: str, part: str, random: np.random.Generator, *, size: int = 128) -> np.ndarray:
    """Cut a square out of a photo of brick, grass or gravel, turned, its brightness and contrast drawn anew.

    Args:
        label: one of `LABELS["textures"]`.
        part: "trainval" or "test": which columns of the photo.
        random: decides the rest.
        size: height and width of the picture; the square has 48 to 128 pixels of the photo.

    Returns:
        uint8 `(size, size, 3)`, grey.
    """
    left, right = COLUMNS[part]
    photo, side, angle = _photo(label), random.uniform(48, 128), random.uniform(0, 2 * np.pi)
    reach = 0.72 * side  # half a diagonal, and a little for the interpolation
    middle = np.array([random.uniform(left + reach, right - reach), random.uniform(reach, photo.height - reach)])
    across = np.array([np.cos(angle), np.sin(angle)]) * side / size
    down = np.array([-across[1], across[0]])
    corner = middle - (across + down) * size / 2
    turn = (across[0], down[0], corner[0], across[1], down[1], corner[1])
    grey = np.asarray(photo.transform((size, size), Image.Transform.AFFINE, turn, Image.Resampling.BICUBIC), "float32")
    grey = (grey - grey.mean()) / max(grey.std(), 1) * random.uniform(25, 50) + random.uniform(90, 160)
    return _pixels(np.repeat(grey[..., None], 3, axis=2))


def digit(label: str, part: str, random: np.random.Generator, *, size: int = 96) -> np.ndarray:
    """Draw a digit in some typeface, size, place, slant and pair of colours, under noise.

    Args:
        label: "0" to "9".
        part: "trainval" (without serifs) or "test" (with serifs).
        random: decides the rest.
        size: height and width of the picture.

    Returns:
        uint8 `(size, size, 3)`.
    """
    ground, ink = random.uniform(40, 215, 3), random.uniform(0, 255, 3)
    while abs(ground.mean() - ink.mean()) < 60:
        ink = random.uniform(0, 255, 3)
    letters = _font(str(random.choice(FONTS[part])), int(size * random.uniform(0.62, 1.35)))
    mask = Image.new("L", (2 * size, 2 * size))
    place = size * (1 + random.uniform(-0.26, 0.26, 2))
    ImageDraw.Draw(mask).text(tuple(place), label, 255, letters, anchor="mm")
    mask = mask.rotate(random.uniform(-25, 25), Image.Resampling.BICUBIC).resize((size, size), Image.Resampling.LANCZOS)
    share = np.asarray(mask, "float32")[..., None] / 255
    noise = random.normal(0, random.uniform(5, 30), (size, size, 1))
    return _pixels(ground + (ink - ground) * share + noise)


def cells(label: str, part: str, random: np.random.Generator, *, size: int = 224) -> np.ndarray:
    """Draw red blood cells, some with a purple spot, and spiral bacteria between them.

    The label asks two questions. "infected": the spots are rings with a dot, as young malaria parasites are; "healthy":
    they are blots of dye. "clockwise": all spirals, followed from their middle outwards, turn clockwise; else all turn
    the other way. Nothing else depends on the label.

    Args:
        label: one of `LABELS["drawn_cells"]`.
        part: either; it makes no difference here.
        random: decides the rest.
        size: height and width of the picture.

    Returns:
        uint8 `(size, size, 3)`.
    """
    infection, winding = label.split("_")
    unit = size / 112  # it is drawn twice as large as asked for; 224 units wide
    stain = random.uniform(-12, 12) + random.uniform(-8, 8, 3)
    ground, flesh, rim, pale, purple, blue = (
        tuple((np.array(colour) + stain).clip(0, 255).astype(int)) for colour in (
            (238, 226, 222), (218, 142, 140), (196, 116, 118), (240, 206, 200), (104, 60, 140), (70, 70, 120)))
    picture, hollows = Image.new("RGB", (2 * size, 2 * size), ground), Image.new("L", (2 * size, 2 * size))
    pencil, around = ImageDraw.Draw(picture), np.linspace(0, 2 * np.pi, 48, endpoint=False)
    discs = [(*_somewhere(slot, 5, 13, random), random.uniform(18, 23))
             for slot in random.permutation(25)[:random.integers(16, 22)]]
    for x, y, radius in discs:
        bumps = 1 + 0.06 * np.cos(2 * around + random.uniform(0, 6)) + 0.03 * np.cos(3 * around + random.uniform(0, 6))
        edge = np.stack([x + radius * bumps * np.cos(around), y + radius * bumps * np.sin(around)], axis=1) * unit
        pencil.polygon(edge.ravel().tolist(), flesh, rim, round(1.5 * unit))
        ImageDraw.Draw(hollows).ellipse(_box(x, y, 0.45 * radius, unit), 255)
    picture.paste(pale, (0, 0), Image.fromarray(cv2.GaussianBlur(np.asarray(hollows), (0, 0), 3.5 * unit)))
    for x, y, radius in discs[:random.integers(3, 6)]:
        angle, spot, gap = random.uniform(0, 2 * np.pi), random.uniform(5, 7), random.uniform(0, 2 * np.pi)
        x, y = x + 0.3 * radius * np.cos(angle), y + 0.3 * radius * np.sin(angle)
        if infection == "infected":
            pencil.arc(_box(x, y, spot, unit), np.degrees(gap), np.degrees(gap) + 330, purple, round(2.5 * unit))
            pencil.ellipse(_box(x + spot * np.cos(gap), y + spot * np.sin(gap), 2.5, unit), purple)
        else:
            pencil.ellipse(_box(x, y, 0.66 * spot, unit), purple)
    along = np.linspace(0, 1, 60)
    for slot in random.permutation(9)[:4]:
        x, y = _somewhere(slot, 3, 9, random)
        angle = random.uniform(0, 2 * np.pi) + 3.2 * np.pi * along * (1 if winding == "clockwise" else -1)
        radius = random.uniform(18, 26) * (0.18 + 0.82 * along)
        curve = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1) * unit
        pencil.line(curve.ravel().tolist(), blue, round(3.5 * unit), "curve")
    seen = cv2.GaussianBlur(np.asarray(picture), (0, 0), random.uniform(0.5, 1.1) * unit)
    seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
    off = np.linspace(-1, 1, size) ** 2  # the light falls off towards the corners
    light = random.uniform(0.88, 1.0) * (1 - 0.06 * (off[:, None] + off))[..., None]
    return _pixels(seen * light + random.normal(0, 3, (size, size, 1)))


DRAW = {"textures": texture, "drawn_digits": digit, "drawn_cells": cells}


def pictures(name: str, counts: dict[str, int]) -> Iterator[tuple[str, np.ndarray]]:
    """Make a set, `counts[part]` pictures a part, equally many of each label: (`<part>/<label>_<n>.png`, uint8 pixels).

    Args:
        name: "textures", "drawn_digits" or "drawn_cells".
        counts: part -> number of pictures, a multiple of the number of labels.
    """
    for part, count in counts.items():
        for label in LABELS[name]:
            for number in range(count // len(LABELS[name])):
                file = f"{part}/{label}_{number:03d}.png"
                yield file, DRAW[name](label, part, np.random.default_rng(zlib.crc32(f"{name}/{file}".encode())))


def _somewhere(slot: int, across: int, sway: float, random: np.random.Generator) -> np.ndarray:
    """A place near the middle of one of `across` times `across` fields of a square of 224 units."""
    return (np.array([slot % across, slot // across]) + 0.5) * 224 / across + random.uniform(-sway, sway, 2)


def _box(x: float, y: float, radius: float, unit: float) -> tuple[float, ...]:
    return tuple(unit * edge for edge in (x - radius, y - radius, x + radius, y + radius))


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype("uint8")


@cache
def _photo(name: str) -> Image.Image:
    from skimage import data  # here and below: only who draws waits for these imports
    return Image.fromarray(getattr(data, name)())


@cache
def _font(style: str, size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path
    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", f"DejaVu{style}.ttf"), size)
