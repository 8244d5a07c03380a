from dataclasses import replace
from pathlib import Path

from tests.classroom.checks.saying import says
from tllib import backbones
from tllib.classroom.checks import challenge as lesson
from tllib.transfer import FeatureTable

import keras
import numpy as np
import pytest


def table(seed=0, n=20, width=6):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, width)).astype("float32")
    return FeatureTable(x, np.arange(n, dtype="int32") % 2, tuple(Path(f"{i}.png") for i in range(n)), ("a", "b"))


def test_more_than_guessing(capsys):
    for right in (16, 16.0, 15.92, np.int64(16)):
        assert "right." in says(capsys, lesson.more_than_guessing, right, 80, 8)
    for wrong, hint in ((..., "dots"), (10, "half of all guessers"), (13, "one standard error"), (0.2, "a share"),
                        (11, "square root"), (63, "single answer"), (19, "half of the time"), (40, "not yet"),
                        ([16], "one number"), ("many", "can't be checked")):
        assert hint in says(capsys, lesson.more_than_guessing, wrong, 80, 8)


def test_forecast(capsys):
    few = table()
    far = ((few.x[:, None] - few.x[None]) ** 2).sum(axis=2)
    orders = np.argsort(far, axis=1)
    share = np.mean([few.y[order[1]] == label for order, label in zip(orders, few.y, strict=True)])
    assert 0.1 < share < 0.9
    for right in (share, round(float(share), 3), np.float32(share)):
        assert "right." in says(capsys, lesson.forecast, right, few)
    for wrong, hint in ((..., "dots"), (1.0, "too good"), (100 * share, "percent"), (20 * share, "Divide"),
                        (1 - share, "gets wrong"), (np.mean(few.y[orders[:, -1]] == few.y), "farthest"),
                        (0.987, "not yet"), ([share], "one number"), (None, "can't be checked")):
        assert hint in says(capsys, lesson.forecast, wrong, few)


@pytest.fixture(scope="module")
def backbone():
    return backbones.load("efficientnet_lite0")


def test_reading_a_layer(capsys, backbone):
    layers = keras.layers
    maps = {name: backbone.get_layer(name).output for name in ("block2_add", "block6_add", "block7_add")}
    average = layers.GlobalAveragePooling2D()(maps["block6_add"])
    for right in (keras.Model(backbone.input, average),
                  keras.Model(backbone.input, keras.ops.mean(maps["block6_add"], axis=(1, 2))),
                  keras.Sequential([keras.Model(backbone.input, maps["block6_add"]), layers.GlobalAveragePooling2D()])):
        assert "right." in says(capsys, lesson.reading_a_layer, right, backbone, "block6_add")
    highest = keras.Model(backbone.input, layers.GlobalMaxPooling2D()(maps["block6_add"]))
    other = keras.Model(backbone.input, layers.GlobalAveragePooling2D()(maps["block7_add"]))
    early = keras.Model(backbone.input, layers.GlobalAveragePooling2D()(maps["block2_add"]))
    for wrong, hint in ((..., "dots"), (average, "a Keras model"), (backbone, "1280 numbers"), (early, "channels"),
                        (keras.Model(backbone.input, maps["block6_add"]), "whole maps"), (highest, "highest values"),
                        (other, "not the averages"), (keras.Model(maps["block6_add"], average), "input")):
        assert hint in says(capsys, lesson.reading_a_layer, wrong, backbone, "block6_add")


def test_same_winding(capsys):
    batch = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype("uint8")
    each = np.stack([np.rot90(one, turn) for turn, one in enumerate(batch, start=1)])
    for right in (np.rot90(batch, axes=(1, 2)), batch[:, ::-1, ::-1], batch.transpose(0, 2, 1, 3)[:, ::-1],
                  each, np.rot90(batch, 3, axes=(1, 2)).astype("float32")):
        assert "right." in says(capsys, lesson.same_winding, right, batch)
    half = batch[:, ::-1, ::-1].copy()
    half[0] = batch[0]
    for wrong, hint in ((..., "dots"), (batch, "nothing"), (batch[:, :, ::-1], "mirror"), (batch[:, ::-1], "mirror"),
                        (batch.transpose(0, 2, 1, 3), "mirror"), (batch[::-1], "another order"),
                        (batch[..., ::-1], "colours"), (batch[:, :4], "shape"), (np.roll(batch, 1, axis=2), "not yet"),
                        (half, "not yet"), (batch // 2, "not yet")):
        assert hint in says(capsys, lesson.same_winding, wrong, batch)


def test_doubled(capsys):
    one, two = table(0), table(1)
    both = FeatureTable(np.concatenate([one.x, two.x]), np.concatenate([one.y, 1 - two.y]), one.paths + two.paths,
                        one.class_names)
    turned = FeatureTable(np.concatenate([two.x, one.x]), np.concatenate([1 - two.y, one.y]), two.paths + one.paths,
                          one.class_names)
    assert "right." in says(capsys, lesson.doubled, both, one, two)
    assert "right." in says(capsys, lesson.doubled, turned, one, two)
    some = both.y.copy()
    some[-1] = two.y[-1]
    for wrong, hint in ((..., "dots"), (both.x, "FeatureTable"), (one, "20 rows"),
                        (replace(both, y=np.concatenate([one.y, two.y])), "of the originals"),
                        (replace(both, y=1 - both.y), "not mirrored"), (replace(both, y=some), "some of the mirrored"),
                        (replace(both, x=np.concatenate([one.x, one.x])), "missing"),
                        (replace(both, paths=one.paths), "20 paths")):
        assert hint in says(capsys, lesson.doubled, wrong, one, two)
