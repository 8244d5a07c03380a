"""The name of a drawn data set -> the folder of its pictures, drawn on first use."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tllib.drawings import pets, textures_digits_cells
from tllib.files import cache_root


def drawn(name: str, counts: Mapping[str, int]) -> Path:
    """Draw a set into the cache folder, unless it is there; a changed drawing code draws a new one.

    Args:
        name: "cartoon_pets", "textures", "drawn_digits" or "drawn_cells".
        counts: part -> number of pictures.
    """
    code = pets if name == "cartoon_pets" else textures_digits_cells
    version = hashlib.sha256(Path(code.__file__).read_bytes()).hexdigest()[:8]
    folder = cache_root() / f"{name}-{version}"
    return pets.write_set(folder) if code is pets else pets.write(folder, code.pictures(name, counts))
