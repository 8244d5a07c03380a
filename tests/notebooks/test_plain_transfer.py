"""The plain Keras of lesson 02, run as it stands there -> as good as the library; a small network that learns."""

import time

from tests.notebooks.plain import code_of
from tllib import backbones, datasets, images, transfer

import keras
import numpy as np
import pytest
from keras import layers


@pytest.fixture(scope="module")
def cells():
    """The sources of the cells tagged `plain`, in order; none of them calls the library."""
    _, sources = code_of("02_transfer_learning")
    for source in sources:
        assert len(source.splitlines()) <= 20
        assert not any(f"{room}." in source for room in ("backbones", "datasets", "images", "transfer", "show"))
    return sources


@pytest.fixture
def names():
    """What the lesson has imported by then."""
    return {"keras": keras, "layers": layers, "np": np, "time": time, "SEED": 0}


def test_plain_keras_is_right_as_often_as_the_library(cells, names):
    train, test = datasets.load("pets").subset(200, seed=0).split(test=0.32, seed=0)
    backbone = backbones.load("efficientnet_lite0")
    learn, judge = (transfer.extract_features(backbone, part) for part in (train, test))
    report = transfer.evaluate(transfer.train_head(learn), judge)
    for part, ending in ((train, ""), (test, "_test")):
        names["x" + ending] = np.stack([images.load(path, size=224) for path in part.paths])
        names["y" + ending] = part.labels
    before = [weight.copy() for weight in backbone.get_weights()]
    exec(cells[0], names | {"backbone": backbone}, found := {})
    assert abs(found["plain_accuracy"] - report.accuracy) <= 1.01 / len(test)
    assert report.accuracy >= 0.9 and len(test) == 64
    assert all(map(np.array_equal, before, backbone.get_weights())), "frozen, BatchNorm's statistics too"


def test_the_small_network_of_the_race_learns(cells, names):
    random, y = np.random.default_rng(0), np.arange(64) % 2
    names["y"] = y
    exec(cells[1], names)
    x = random.uniform(0, 155, (64, 48, 48, 3)) + 100 * y[:, None, None, None]
    cnn = names["from_scratch"](x[:6], y[:6])
    assert 50_000 < cnn.count_params() < 70_000
    assert np.mean(cnn.predict(x[6:], verbose=0).argmax(axis=1) == y[6:]) >= 0.95
