import dataclasses

from tllib import datasets

import numpy as np
import pytest
from PIL import Image, ImageOps


def test_copies_across_a_split_are_found_and_others_are_not(tmp_path, shared):
    train, test = datasets.load("cats_vs_dogs", root=shared / "data").subset(60).split(test=0.5, seed=0)
    assert datasets.near_duplicates(train, test) == []
    copies = []
    with Image.open(train.paths[0]) as photo:
        half = (photo.width // 2, photo.height // 2)
        for name, change in {"same.png": lambda it: it, "small.jpg": lambda it: it.resize(half),
                             "brighter.jpg": lambda it: it.point(lambda value: min(255, value + 12)),
                             "again.jpg": lambda it: it}.items():
            change(photo.convert("RGB")).save(tmp_path / name, **({"quality": 40} if name == "again.jpg" else {}))
            copies.append(tmp_path / name)
    leaky = dataclasses.replace(test, paths=test.paths[4:] + tuple(copies))
    found = datasets.near_duplicates(train, leaky)
    assert {pair.second for pair in found} == set(copies) and {pair.first for pair in found} == {train.paths[0]}
    assert found[0].bits == 0 and [pair.bits for pair in found] == sorted(pair.bits for pair in found)


def test_photos_that_are_copied_leak(tmp_path):
    photos = datasets.load("pets").subset(16)
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(photos.paths[3].read_bytes())
    part = dataclasses.replace(photos, paths=(copy,), labels=photos.labels[:1])
    nearest = datasets.near_duplicates(photos, part)[0]
    assert (nearest.first, nearest.second, nearest.bits) == (photos.paths[3], copy, 0)


def test_photos_that_are_twice_in_one_set(tmp_path):
    photos = datasets.load("pets").subset(16)
    assert datasets.near_duplicates(photos) == []
    copy = tmp_path / "copy.jpg"
    with Image.open(photos.paths[3]) as photo:
        ImageOps.mirror(photo).save(copy)
    twice = dataclasses.replace(photos, paths=(*photos.paths, copy), labels=np.append(photos.labels, photos.labels[3]))
    assert [(pair.first, pair.second) for pair in datasets.near_duplicates(twice)] == [(photos.paths[3], copy)]


TURNED = {
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "90": lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
    "180": lambda photo: photo.transpose(Image.Transpose.ROTATE_180),
    "270": lambda photo: photo.transpose(Image.Transpose.ROTATE_270),
    "mirrored and turned": lambda photo: photo.transpose(Image.Transpose.TRANSVERSE),
    "grey": lambda photo: photo.convert("L"),
    "grey and mirrored": lambda photo: ImageOps.mirror(photo.convert("L")),
}


@pytest.mark.parametrize("change", TURNED.values(), ids=TURNED)
def test_mirrored_turned_and_grey_copies_are_found(tmp_path, change):
    photos = datasets.load("pets").subset(32)
    copies = []
    for number, path in enumerate(photos.paths):
        copies.append(tmp_path / f"{number}.jpg")
        with Image.open(path) as photo:
            change(photo.convert("RGB")).save(copies[-1], quality=60)
    found = datasets.near_duplicates(photos, dataclasses.replace(photos, paths=tuple(copies)))
    assert {(pair.first, pair.second) for pair in found} == set(zip(photos.paths, copies, strict=True))


@pytest.mark.parametrize("name", ["pets", "drawn_digits"])
def test_different_pictures_are_no_copies(name):
    photos = datasets.load(name)
    one, other = photos.take(np.arange(0, len(photos), 2)), photos.take(np.arange(1, len(photos), 2))
    assert datasets.near_duplicates(one, other) == []


def test_different_photos_are_no_copies(shared):
    photos = datasets.load("oxford_pets", root=shared / "data")
    one, other = photos.take(np.arange(0, len(photos), 2)), photos.take(np.arange(1, len(photos), 2))
    assert datasets.near_duplicates(one, other) == []
