import os
import subprocess
import sys

from tllib import datasets, images
from tllib.datasets import drawn

import numpy as np
import pytest
from PIL import Image


def random(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", drawn.LABELS)
def test_every_seed_draws_another_picture_and_the_same_one_again(name):
    label, draw = drawn.LABELS[name][0], drawn.DRAW[name]
    one, again, other = (draw(label, "test", random(seed), size=64) for seed in (1, 1, 2))
    assert one.shape == (64, 64, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 5


def test_the_same_in_another_process():
    code = ("from tllib.datasets import drawn; "
            "print([int(p.astype('int64').sum()) for n in drawn.LABELS for _, p in drawn.pictures(n, {'test': 10})])")
    sums = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": hash_seed}, text=True,
                           capture_output=True, check=True).stdout for hash_seed in ("1", "2")}
    assert len(sums) == 1


def test_no_texture_crosses_from_one_part_into_the_other(monkeypatch):
    halves = np.zeros((512, 512), "uint8")
    halves[:, drawn.COLUMNS["trainval"][1]:] = 255
    monkeypatch.setattr(drawn, "_photo", lambda name: Image.fromarray(halves))
    for part in ("trainval", "test"):
        assert all(np.ptp(drawn.texture("brick", part, random(seed), size=64)) == 0 for seed in range(60)), part


def test_textures_do_not_give_themselves_away_by_brightness():
    means = {label: [drawn.texture(label, "test", random(seed), size=32).mean() for seed in range(40)]
             for label in drawn.LABELS["textures"]}
    assert all(abs(np.mean(found) - 125) < 12 for found in means.values())


def test_no_typeface_is_in_both_parts():
    assert not set(drawn.FONTS["trainval"]) & set(drawn.FONTS["test"])


def test_a_digit_is_inside_its_picture():
    for seed in range(40):
        picture = drawn.digit("8", "test", random(seed)).astype(int)
        border = np.concatenate([picture[:2].reshape(-1, 3), picture[-2:].reshape(-1, 3)])
        assert border.std(axis=0).max() < 45, seed


def test_infection_changes_the_spots_only_and_winding_the_spirals_only():
    plain = drawn.cells("healthy_clockwise", "test", random()).astype(int)
    ill = drawn.cells("infected_clockwise", "test", random()).astype(int)
    other = drawn.cells("healthy_anticlockwise", "test", random()).astype(int)
    assert 0 < (np.abs(plain - ill).max(axis=2) > 20).mean() < 0.02
    assert 0.01 < (np.abs(plain - other).max(axis=2) > 20).mean() < 0.15


def test_colour_tells_nothing_of_cells():
    found = {label: np.mean([drawn.cells(label, "test", random(seed), size=112).mean(axis=(0, 1))
                             for seed in range(20)], axis=0) for label in drawn.LABELS["drawn_cells"]}
    assert max(np.abs(one - other).max() for one in found.values() for other in found.values()) < 1


def test_load(tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path))
    photos = datasets.load("textures")
    assert photos.report == "Textures: 240 pictures, 3 classes (brick 80, grass 80, gravel 80)"
    train, test = (datasets.load("textures", split=part) for part in ("trainval", "test"))
    assert (len(train), len(test)) == (150, 90) and not set(train.paths) & set(test.paths)
    assert photos.paths == train.paths + test.paths
    assert all(path.stem.startswith(photos.class_names[label])
               for path, label in zip(photos.paths, photos.labels, strict=True))
    assert images.load(photos.paths[0], size=224).shape == (224, 224, 3)
    before = {path: path.stat().st_mtime_ns for path in photos.paths}
    assert {path: path.stat().st_mtime_ns for path in datasets.load("textures").paths} == before


def test_cells_have_two_labels():
    infection, winding = (datasets.load("drawn_cells", labels=labels) for labels in (None, "winding"))
    assert infection.paths == winding.paths and len(infection) == 320
    assert infection.class_names == ("healthy", "infected")
    assert winding.class_names == ("anticlockwise", "clockwise")
    assert np.bincount(2 * infection.labels + winding.labels).tolist() == [80] * 4, "one tells nothing of the other"


def test_digits():
    photos = datasets.load("drawn_digits", split="test")
    assert photos.class_names == tuple("0123456789") and set(photos.counts().values()) == {12}


@pytest.mark.parametrize("name, options, message", [
    ("textures", {"split": "train"}, "trainval or test official split"),
    ("drawn_cells", {"labels": "breed"}, "has labels infection or winding"),
    ("drawn_cell", {}, r"Did you mean 'drawn_cells'"),
])
def test_wrong_wishes(name, options, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(name, **options)
