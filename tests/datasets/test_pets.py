"""The photos that ship: whole, credited, divided without a photo on both sides."""

import csv
import hashlib
import importlib.util

from tllib import datasets, images
from tllib.command.environment import CHECKOUT
from tllib.files import shipped

import numpy as np
import pytest
from PIL import Image

FOLDER = CHECKOUT / "data" / "pets"


@pytest.fixture(scope="module")
def breeds():
    return [datasets.load("pets", labels="breed", split=part) for part in ("trainval", "test")]


def test_the_parts_are_all_photos_and_have_none_in_common(breeds):
    learned, judged = (set(part.paths) for part in breeds)
    assert (len(learned), len(judged)) == (252, 166) and not learned & judged
    assert learned | judged == set(datasets.load("pets").paths) == set((FOLDER / "images").iterdir())


def test_every_breed_has_five_to_learn_from_and_two_to_be_judged_by(breeds):
    learned, judged = breeds
    assert len(learned.class_names) == 37 and learned.class_names == judged.class_names
    assert min(learned.counts().values()) >= 5 and min(judged.counts().values()) >= 2


def test_species_are_those_of_the_breeds(breeds):
    species = datasets.load("pets", split="test")
    assert species.class_names == ("Cat", "Dog") and species.paths == breeds[1].paths
    capital = [breeds[1].class_names[label][0].isupper() for label in breeds[1].labels]
    assert np.array_equal(species.labels == 0, capital), "in Oxford's names, cats have a capital"


def test_no_photo_to_be_judged_by_is_nearly_one_to_learn_from(breeds):
    assert datasets.near_duplicates(*breeds) == []


def test_they_are_small_and_say_nothing_of_camera_or_place(breeds):
    files = [path for part in breeds for path in part.paths]
    assert sum(file.stat().st_size for file in files) < 9_500_000
    for file in files:
        with Image.open(file) as photo:
            assert min(photo.size) == 256 and photo.mode == "RGB" and not photo.getexif()


def test_an_installed_package_brings_them(tmp_path, monkeypatch):
    monkeypatch.setattr("tllib.files.__file__", str(tmp_path / "site-packages/tllib/files.py"))
    with pytest.raises(FileNotFoundError, match=r"pets comes with tllib, but is not at .*Install tllib again\."):
        shipped("pets")
    (tmp_path / "site-packages/tllib/lessons/data/pets").mkdir(parents=True)
    assert shipped("pets") == tmp_path / "site-packages/tllib/lessons/data/pets"


def test_they_are_there_wherever_other_data_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path))
    assert len(datasets.load("pets")) == 418


def test_they_stand_in_for_the_full_sets_part_by_part(tmp_path, breeds):
    photos = datasets.load("oxford_pets", root=tmp_path, fallback="pets", split="test")
    assert photos.paths == breeds[1].paths and photos.class_names == breeds[1].class_names
    assert photos.report.startswith("Oxford-IIIT Pet is not on this machine. Pets: 166 photos")
    both = datasets.load("cats_vs_dogs", root=tmp_path, fallback=("cats_vs_dogs_small", "pets"))
    assert both.counts() == {"Cat": 170, "Dog": 248}


def test_the_maker_makes_them_of_the_originals(shared):
    places = [shared / "data" / name / "images" for name in ("oxford_pets", "oxford_pets_more")]
    spec = importlib.util.spec_from_file_location("shipped_pets", CHECKOUT / "benchmarks" / "shipped_pets.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    with maker.LIST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    parts = {row["name"]: row["part"] for row in rows}
    assert len(rows) == 418 and maker.divided(list(parts)) == parts
    for row in rows[::60]:
        original = next(file for place in places if (file := place / f"{row['name']}.jpg").is_file()).read_bytes()
        assert hashlib.sha256(original).hexdigest() == row["sha256"]
        made, kept = images.load(maker.scaled(original)), images.load(FOLDER / "images" / f"{row['name']}.jpg")
        assert np.abs(made.astype(int) - kept).mean() < 1, "another JPEG writer may round otherwise"
