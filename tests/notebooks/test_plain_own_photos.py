"""Lesson 08 on the prepared photos: what its text says of the two splits, and a script that runs by itself."""

import subprocess
import sys

from tests.notebooks.plain import LESSONS, code_of
from tllib import backbones, classroom, datasets, transfer

import nbformat
import numpy as np
import pytest

IMPORTS, PLAIN = code_of("08_your_own_photos")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Names that the plain cells make."""
    place = classroom.prepared_photos(tmp_path_factory.mktemp("lesson") / "prepared")
    photos, backbone = datasets.load(place / "my_photos"), backbones.load("efficientnet_lite0")
    pixels = np.stack([photos.read(row, size=224) for row in range(len(photos))])
    folders = np.array([str(path.parent) for path in photos.paths])
    names = {"photos": photos, "features": backbone.predict(pixels, verbose=0), "backbone": backbone,
             "objects": np.unique(folders, return_inverse=True)[1], "place": place}
    for source in (IMPORTS, *PLAIN):
        exec(source, names)
    return names


def test_a_split_by_photo_promises_what_new_animals_do_not_keep(made):
    accuracy = made["accuracy"]
    assert accuracy["by photo"] >= 0.95 and accuracy["by object"] <= 0.8
    new = datasets.load(made["place"] / "my_new_photos")
    pixels = np.stack([new.read(row, size=224) for row in range(len(new))])
    head = made["train_head"](np.arange(len(made["photos"])))
    answers = head.predict(made["backbone"].predict(pixels, verbose=0), verbose=0).argmax(axis=1)
    assert 0.4 <= np.mean(answers == new.labels) <= 0.87


def test_all_pictures_of_an_animal_are_in_one_fold(made):
    for animal in np.unique(made["objects"]):
        assert len(np.unique(made["by_object"][made["objects"] == animal])) == 1
    for number in range(5):
        assert len(np.unique(made["photos"].labels[made["by_object"] == number])) == 2


def test_the_script_says_the_same_in_another_process(made, tmp_path, monkeypatch):
    for folder in ("notebooks", "build"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    photos = made["photos"]
    head = made["train_head"](np.arange(len(photos)))
    classifier = transfer.assemble(made["backbone"], head, photos.class_names)
    cells = nbformat.read(LESSONS / "08_your_own_photos.ipynb", as_version=4).cells
    exec(next(cell.source for cell in cells if "script = " in cell.source), made | {"classifier": classifier})
    ran = subprocess.run([sys.executable, "../build/predict.py", photos.paths[0]], capture_output=True, text=True)
    probability = classifier.predict(photos.read(0))[0][0]
    assert ran.stdout == f"{photos.paths[0].name}: Birman, {probability:.0%}\n", ran.stderr
    nothing = subprocess.run([sys.executable, "../build/predict.py"], capture_output=True, text=True)
    assert nothing.returncode == 1 and "PHOTO" in nothing.stderr
