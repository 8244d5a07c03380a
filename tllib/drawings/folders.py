"""The name of a drawn data set -> the folder of its pictures, drawn on first use."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from tllib.drawings import textures_digits_cells
from tllib.files import cache_root, replacing

import numpy as np
from PIL import Image


def drawn(name: str, counts: Mapping[str, int]) -> Path:
    """Draw a set into the cache folder, unless it is there; a changed drawing code draws a new one.

    Args:
        name: "textures", "drawn_digits" or "drawn_cells".
        counts: part -> number of pictures.
    """
    version = hashlib.sha256(Path(textures_digits_cells.__file__).read_bytes()).hexdigest()[:8]
    return write(cache_root() / f"{name}-{version}", textures_digits_cells.pictures(name, counts))


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
