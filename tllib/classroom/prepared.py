"""The pets that ship -> folders of photos, laid out as a learner's own would be, for whoever has none at hand.

Of each breed, `ANIMALS` animals stand for as many objects. Each was photographed once only, so that parts of its photo,
mirrored, brighter or darker, have to stand for photos from other sides; they are more alike than such photos would be.
"""

import os
from pathlib import Path

from tllib import datasets
from tllib.checking import check_path
from tllib.files import replacing

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

BREEDS = ("Birman", "Ragdoll")  # cream with a dark face, both: hard to tell apart
ANIMALS = 5  # of each breed; all others are new
VIEWS = 4  # pictures of an animal, the first of them the whole photo
SMALLEST = 0.7  # side of a part, as a share of the photo's
LIGHT = 0.3  # brighter or darker by this share at most
_NOTICE = "NOTICE.txt"
_ABOUT = """Prepared photos for the lesson "Your own photos". The folder may be deleted; the lesson makes it again.

my_photos: {animals} animals per breed, a folder for each. In it is a photo and parts of it, some of them mirrored,
brighter or darker. my_new_photos: photos of other animals. All are made of these photos of Oxford-IIIT Pet, scaled:

{origins}

Parkhi, Vedaldi, Zisserman, Jawahar, Cats and Dogs, CVPR 2012. Licence: CC BY-SA 4.0
(https://creativecommons.org/licenses/by-sa/4.0/). The copyright remains with the original owners of the images.
"""


def prepared_photos(folder: str | os.PathLike) -> Path:
    """Make the folders `my_photos` and `my_new_photos` of the pets that ship; nothing that is there is changed.

    In `my_photos` are two breeds, five animals of each, four pictures of each animal: its photo, and three parts of it.
    In `my_new_photos` are photos of other animals of these breeds, as they are.

    Args:
        folder: which is to hold the two. If it was made before, it is left as it is.

    Returns:
        The folder.

    Raises:
        FileExistsError: there is a folder or file of that name which this function did not make.
    """
    check_path("folder", folder)
    folder = Path(folder).expanduser()
    if (folder / _NOTICE).is_file():
        return folder
    if folder.exists():
        raise FileExistsError(f"{folder} is there already, and holds something else. Give the name of a folder that is "
                              "not there yet.")
    with replacing(folder) as partial:
        _make(partial)
    return folder


def _make(folder: Path) -> None:
    random = np.random.default_rng(0)
    number = 0
    origins = []
    photos_of = _photos()
    for breed, photos in photos_of.items():
        for animal, origin in enumerate(photos[:ANIMALS], start=1):
            place = folder / "my_photos" / breed / f"animal_{animal}"
            place.mkdir(parents=True)
            for view in _views(origin, random):
                number += 1
                view.save(place / f"IMG_{number:04d}.jpg", quality=90)
            origins.append(f"{place.relative_to(folder).as_posix()}: {origin.name}")
    for breed, photos in photos_of.items():
        place = folder / "my_new_photos" / breed
        place.mkdir(parents=True)
        for origin in photos[ANIMALS:]:
            number += 1
            copy = place / f"IMG_{number:04d}.jpg"
            copy.write_bytes(origin.read_bytes())
            origins.append(f"{copy.relative_to(folder).as_posix()}: {origin.name}")
    about = _ABOUT.format(animals=ANIMALS, origins="\n".join(origins))
    (folder / _NOTICE).write_text(about, encoding="utf-8")


def _photos() -> dict[str, list[Path]]:
    """Breed -> its photos, in the order in which the set gives them; those of its test part come last."""
    parts = [datasets.load("pets", labels="breed", split=split) for split in ("trainval", "test")]
    return {breed: [path for pets in parts for path, label in zip(pets.paths, pets.labels, strict=True)
                    if pets.class_names[label] == breed] for breed in BREEDS}


def _views(path: Path, random: np.random.Generator) -> list[Image.Image]:
    """A photo, and parts of it: every second one mirrored, each brighter or darker."""
    with Image.open(path) as file:
        photo = file.convert("RGB")
    views = [photo]
    while len(views) < VIEWS:
        share = random.uniform(SMALLEST, 0.9)
        width, height = round(share * photo.width), round(share * photo.height)
        left, top = (int(random.integers(room + 1)) for room in (photo.width - width, photo.height - height))
        part = photo.crop((left, top, left + width, top + height))
        part = ImageOps.mirror(part) if len(views) % 2 else part
        views.append(ImageEnhance.Brightness(part).enhance(random.uniform(1 - LIGHT, 1 + LIGHT)))
    return views
