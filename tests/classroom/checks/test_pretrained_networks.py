import json
import re
from pathlib import Path

from tests.classroom.checks.saying import says
from tllib.backbones.families import FAMILIES
from tllib.classroom.checks import pretrained_networks as lesson

import keras
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
MEAN = np.array([103.939, 116.779, 123.68])


def window(cat, rows, columns, grey=128):
    picture = np.full_like(cat, grey)
    picture[rows, columns] = cat[rows, columns]
    return picture


EYE = slice(80, 170), slice(120, 260)


@pytest.mark.parametrize("answer", [lambda cat: window(cat, *EYE), lambda cat: window(cat, *EYE).astype("float32"),
                                    lambda cat: window(cat, slice(70, 160), slice(140, 285))])
def test_a_tenth_of_a_cat_is_a_cat(capsys, cat, lite0, answer):
    assert "right." in says(capsys, lesson.tenth, answer(cat), cat, lite0)


@pytest.mark.parametrize("answer, hint", [
    (lambda cat: ..., "dots"), (lambda cat: cat, "100.0% of the pixels are left"),
    (lambda cat: cat[EYE], "as large as the cat"), (lambda cat: window(cat, *EYE) / 255, "0 to 255"),
    (lambda cat: np.full_like(cat, 128), "nothing is left"), (lambda cat: window(cat, *EYE, grey=0), "neither grey"),
    (lambda cat: np.roll(window(cat, *EYE), 20, axis=1), "neither grey"),
    (lambda cat: window(cat, slice(0, 150), slice(150, 300)), "at most 10 %"),
    (lambda cat: window(cat, slice(0, 90), slice(0, 140)), "outside the middle square"),
    (lambda cat: window(cat, slice(0, 90), slice(80, 220)), "0.80 is asked for"), (lambda cat: "an eye", "as large"),
    (lambda cat: None, "as large as the cat")])
def test_what_is_no_tenth_of_a_cat(capsys, cat, lite0, answer, hint):
    assert hint in says(capsys, lesson.tenth, answer(cat), cat, lite0)


def test_pixels_from_elsewhere(capsys, dog):
    dog = dog[:, ::-1]
    prepared = dog[..., ::-1] - MEAN
    for right in (dog, dog.astype("float32")[None], (prepared + MEAN)[..., ::-1], prepared[..., ::-1] + MEAN[::-1],
                  (prepared + MEAN)[..., ::-1].astype("uint8"), np.clip(prepared[..., [2, 1, 0]] + MEAN[::-1], 0, 255)):
        assert "right." in says(capsys, lesson.undone, right, prepared)
    stretched = 255 * (prepared - prepared.min()) / (prepared.max() - prepared.min())
    for wrong, hint in ((..., "dots"), (prepared, "still what came"), (prepared + MEAN, "colours are not"),
                        (prepared[..., ::-1], "missing still"), (prepared[..., ::-1] + MEAN, "mean of blue"),
                        ((prepared + MEAN)[:, ::-1, ::-1], "mirror is undone as well"),
                        ((prepared + MEAN)[:, ::-1], "left and right"), ((prepared + MEAN)[::-1], "upside down"),
                        (dog / 255, "inside the networks"), (prepared[..., ::-1] - MEAN, "no pixel is below 0"),
                        (stretched[..., ::-1], "off by up to"), (dog[:-1], "shape should stay"), ("dog", "shape")):
        assert hint in says(capsys, lesson.undone, wrong, prepared)


def test_everybody_with_everybody(capsys):
    features = np.random.default_rng(0).gamma(1.0, size=(4, 50)).astype("float32")
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    table = unit @ unit.T
    by_hand = [[float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in features] for a in features]
    for right in (table, by_hand, np.round(table, 3)):
        assert "right." in says(capsys, lesson.cosines, right, features)
    others = unit ** 2
    shifted = 0.5 * table + 0.5 * np.eye(4)
    for wrong, hint in ((..., "dots"), (table[0], "shape (4,)"), (unit, "shape (4, 50)"),
                        (features @ features.T, "twice the length"), (unit @ features.T, "length of one"),
                        (features @ unit.T, "length of one"), (1 - table, "distances"),
                        (np.arccos(np.minimum(table, 1)), "angles"),
                        (np.corrcoef(features), "correlations"), (others @ others.T, "diagonal"),
                        (shifted, "not yet"), (np.triu(table), "makes a difference"), ("alike", "shape")):
        assert hint in says(capsys, lesson.cosines, wrong, features)


def test_the_largest_layer(capsys):
    convolutions, second, last = 14_714_688, 4096 * 4096 + 4096, 4096 * 1000 + 1000
    truth = FAMILIES["vgg16"].parameters - convolutions - second - last
    for right in (truth, float(truth), np.int64(truth)):
        assert "right." in says(capsys, lesson.largest_layer, right)
    for wrong, hint in ((..., "dots"), (7 * 7 * 512, "numbers go in"), (7 * 7 * 512 * 4096, "nearly"),
                        (512 * 4096 + 4096, "averaged"), (49 * 4096, "a single map"),
                        (9 * 512 * 512 + 512, "convolution"),
                        (4096 * 4096 + 4096, "second dense"), (4096 * 1000, "1000 names"), (102.76, "in millions"),
                        (FAMILIES["vgg16"].parameters, "not it"), ("many", "one number"), ([truth], "one number"),
                        (None, "one number")):
        shown = says(capsys, lesson.largest_layer, wrong)
        assert hint in shown and f"{truth:,}" not in shown and str(truth) not in shown


def test_the_blocks_that_the_lesson_draws_are_those_of_the_networks(lite0):
    cells = json.loads((ROOT / "notebooks" / "01_pretrained_networks.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if cell["id"] == "cell-blocks")
    drawn = re.findall(r"(\d)×\d \w+\\n(\d+) → (\d+)", source)
    bare = {"weights": None, "include_top": False}
    vgg, resnet = keras.applications.VGG16(**bare), keras.applications.ResNet50(**bare)
    convolutions = [*(vgg.get_layer(f"block2_conv{n}") for n in (1, 2)),
                    *(resnet.get_layer(f"conv2_block2_{n}_conv") for n in (1, 2, 3)),
                    *(lite0.get_layer(f"block2_{step}_conv") for step in ("expand", "project"))]
    assert [tuple(map(int, step)) for step in drawn] == [
        (layer.kernel_size[0], layer.input.shape[-1], layer.output.shape[-1]) for layer in convolutions]
    assert lite0.get_layer("block2_depthwise_conv").kernel_size == (3, 3) and lite0.get_layer("block2_add")
