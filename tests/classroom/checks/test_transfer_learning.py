from dataclasses import replace
from pathlib import Path

from tests.classroom.checks.saying import says
from tllib import backbones, datasets, transfer
from tllib.classroom.checks import transfer_learning as lesson

import keras
import numpy as np
import pytest

NAMES = ("Cat", "Dog")


def test_an_accuracy_that_says_little(capsys):
    confusion = np.array([[940, 10], [40, 10]])
    shares, lazy = confusion.diagonal() / confusion.sum(axis=1), 0.95
    for right in ((shares, lazy), ([0.9895, 0.2], np.float32(0.95)), ({"Cat": 940 / 950, "Dog": 10 / 50}, 950 / 1000)):
        assert "right." in says(capsys, lesson.imbalance, *right, confusion)
    for wrong, hint in (((..., lazy), "dots"), ((shares, ...), "dots"),
                        ((confusion.diagonal(), lazy), "Out of how many"),
                        ((100 * shares, lazy), "percent"), ((1 - shares, lazy), "gets wrong"),
                        (([0.94, 0.01], lazy), "divides by all"),
                        ((confusion.diagonal() / confusion.sum(axis=0), lazy), "column"),
                        ((shares[::-1], lazy), "order"), (([0.5, 0.5], lazy), "shares: not yet"),
                        ((0.95, lazy), "each of the 2"), ((shares, 950), "number of photos"),
                        ((shares, 95), "percent"), ((shares, 0.05), "is wrong"), ((shares, 0.5), "as many"),
                        ((shares, 0.98), "never looks"), ((shares, 0.7), "lazy: not yet"),
                        ((shares, [0.95, 0.05]), "one number"), ((shares, "high"), "can't be checked")):
        assert hint in says(capsys, lesson.imbalance, *wrong, confusion)


def test_no_animal_twice(capsys):
    labels = np.repeat(np.int32([0, 1]), 50)
    photos = datasets.PhotoSet(tuple(Path(f"{i}.png") for i in range(100)), labels, NAMES, "")
    animal = np.arange(100) // 5
    drawn = np.isin(animal, [1, 6, 13, 17])
    for right in (animal % 5 == 0, drawn, np.flatnonzero(drawn), list(np.flatnonzero(drawn)), drawn.tolist()):
        assert "right." in says(capsys, lesson.animals, right, animal, photos)
    for wrong, hint in ((..., "dots"), (np.arange(100) % 5 == 0, "20 animals are in both"),
                        (np.random.default_rng(0).permutation(100)[:20], "animals are in both"),
                        (np.arange(80, 100), "'Cat' is hardly there"), (np.arange(20), "'Dog' is hardly there"),
                        ([1, 6, 13, 17], "photos, not animals"), (animal % 2 == 0, "about a fifth"),
                        (np.ones(20, bool), "a yes or no for each"), (np.repeat(np.arange(10), 2), "more than once"),
                        (np.arange(90, 110), "0 to 99"), ([], "about a fifth"), (["a.png"], "0 to 99"),
                        (drawn / 2, "0 to 99")):
        assert hint in says(capsys, lesson.animals, wrong, animal, photos)


@pytest.fixture(scope="module")
def tables():
    """Thirty features, of which number 3 and 17 know the class; number 5 is large and loud."""
    random, labels = np.random.default_rng(0), np.repeat(np.int32([0, 1]), 40)
    x = random.gamma(1.0, size=(80, 30)).astype("float32")
    x[:, [3, 17]] += 3 * labels[:, None]
    x[:, 5] *= 50
    paths = tuple(Path(f"{i}.png") for i in range(80))
    whole = transfer.FeatureTable(x, labels, paths, NAMES)
    return tuple(replace(whole, x=x[part::2], y=labels[part::2], paths=paths[part::2]) for part in (0, 1))


def test_ten_features(capsys, tables):
    learn, judge = tables
    yes = np.zeros(30, bool)
    yes[[3, 17]] = True
    for right in ([17, 3], yes):
        assert "right." in says(capsys, lesson.few_features, right, learn, judge)
    for wrong, hint in ((..., "dots"), ([5, 6, 7, 8], "0.85 is asked for"), (np.arange(18), "ten features are allowed"),
                        ([3, 3], "more than once"), ([3, 30], "0 to 29"), (learn.x.std(axis=0)[-10:], "0 to 29"),
                        ([], "are 0"), (np.ones(10, bool), "0 to 29"), ("all", "0 to 29")):
        shown = says(capsys, lesson.few_features, wrong, learn, judge)
        assert hint in shown and "17" not in shown


@pytest.fixture(scope="module")
def small():
    """A plain Keras model on a backbone, frozen and compiled; a few pictures."""
    backbone = backbones.load("mobilenet_025", weights=None)
    for layer in backbone.layers:
        if not plain_layer(layer):
            layer.beta.assign(np.ones(layer.beta.shape))  # else nothing comes through random weights
    x = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype("float32")
    return keras.Sequential([backbone, keras.layers.Dense(2, activation="softmax")]), backbone, x, np.int32([0, 0])


def unfrozen(model, backbone, choose, compiled=True):
    """Let the chosen layers learn: `choose(number, layer, first layer of the last block)`."""
    first = backbone.layers.index(backbone.get_layer(backbones.last_block("mobilenet_025")))
    backbone.trainable = True
    for number, layer in enumerate(backbone.layers):
        layer.trainable = choose(number, layer, first)
    if compiled:
        model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", jit_compile=False)
    return model


def plain_layer(layer):
    return not isinstance(layer, keras.layers.BatchNormalization)


def test_the_last_block_learns(capsys, small):
    model, backbone, x, y = small
    weights = model.get_weights()

    def answer(choose, **options):
        return says(capsys, lesson.unfreezes, unfrozen(model, backbone, choose, **options), backbone, x, y)

    assert "dots" in says(capsys, lesson.unfreezes, ..., backbone, x, y)
    assert "compiled" in says(capsys, lesson.unfreezes, keras.Sequential([backbone]), backbone, x, y)
    assert "compiled" in says(capsys, lesson.unfreezes, 4, backbone, x, y)
    assert "still frozen" in answer(lambda number, layer, first: False)
    assert "when it compiles" in answer(lambda number, layer, first: number >= first and plain_layer(layer),
                                        compiled=False)
    assert "right." in answer(lambda number, layer, first: number >= first and plain_layer(layer))
    model.optimizer.learning_rate = 1e-2
    assert "for a new head" in says(capsys, lesson.unfreezes, model, backbone, x, y)
    assert "BatchNorm" in answer(lambda number, layer, first: number >= first)
    assert "before the last block" in answer(lambda number, layer, first: plain_layer(layer))
    assert "leaves 1 layers" in answer(lambda number, layer, first: number > first and plain_layer(layer))
    assert "not hold" in says(capsys, lesson.unfreezes, backbone, backbones.load("mobilenet_025", weights=None), x, y)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new, "the check leaves no trace")


def test_other_ways_are_right_too(capsys, small):
    """Another optimizer and another head; BatchNorm that is trainable but not asked to train."""
    _, backbone, x, y = small
    pixels = keras.Input((224, 224, 3))
    hidden = keras.layers.Dense(8, activation="relu")(backbone(pixels, training=False))
    model = keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(hidden))
    unfrozen(model, backbone, lambda number, layer, first: number >= first and plain_layer(layer), compiled=False)
    model.compile(keras.optimizers.SGD(1e-4), "sparse_categorical_crossentropy", jit_compile=False)
    assert "right." in says(capsys, lesson.unfreezes, model, backbone, x, y)
