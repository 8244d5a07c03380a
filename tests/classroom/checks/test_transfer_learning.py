from dataclasses import replace
from pathlib import Path

from tests.classroom.checks.saying import says
from tllib import datasets, transfer
from tllib.classroom.checks import transfer_learning as lesson

import keras
import numpy as np
import pytest
from PIL import Image

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


def test_no_breed_twice(capsys):
    labels = np.repeat(np.int32([0, 1]), 50)
    photos = datasets.PhotoSet(tuple(Path(f"{i}.png") for i in range(100)), labels, NAMES, "")
    breed = np.arange(100) // 5
    drawn = np.isin(breed, [1, 6, 13, 17])
    for right in (breed % 5 == 0, drawn, np.flatnonzero(drawn), list(np.flatnonzero(drawn)), drawn.tolist()):
        assert "right." in says(capsys, lesson.unseen_breeds, right, breed, photos)
    for wrong, hint in ((..., "dots"), (np.arange(100) % 5 == 0, "20 breeds are in both"),
                        (np.random.default_rng(0).permutation(100)[:20], "breeds are in both"),
                        (np.arange(80, 100), "'Cat' is hardly there"), (np.arange(20), "'Dog' is hardly there"),
                        ([1, 6, 13, 17], "photos, not breeds"), (breed % 2 == 0, "about a fifth"),
                        (np.ones(20, bool), "a yes or no for each"), (np.repeat(np.arange(10), 2), "more than once"),
                        (np.arange(90, 110), "0 to 99"), ([], "about a fifth"), (["a.png"], "0 to 99"),
                        (drawn / 2, "0 to 99")):
        assert hint in says(capsys, lesson.unseen_breeds, wrong, breed, photos)


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
def colours(tmp_path_factory):
    """Photos of one colour each, red, green or blue, and a network that knows which."""
    folder = tmp_path_factory.mktemp("colours")
    for number, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir()
        for shade in (100, 150, 200, 250):
            pixels = np.zeros((32, 32, 3), "uint8")
            pixels[..., 2 - number] = shade
            Image.fromarray(pixels).save(folder / name / f"{shade}.png")
    return datasets.load(folder)


def network(*last, pixels=(32, 32, 3)):
    return keras.Sequential([keras.Input(pixels), keras.layers.GlobalAveragePooling2D(), *last])


def turned(outputs=3, activation=None):
    """A layer that gives blue, green, red, then zeros; trained, so to say."""
    dense = keras.layers.Dense(outputs, activation=activation)
    dense.build((None, 3))
    dense.set_weights([np.eye(3, outputs)[::-1], np.zeros(outputs)])
    return dense


def test_a_whole_program(capsys, colours):
    for right in (network(turned()), network(keras.layers.Rescaling(1 / 255), turned(activation="softmax")),
                  network(turned(), pixels=(24, 24, 3))):
        assert "right." in says(capsys, lesson.whole_program, right, colours)
    blind = keras.layers.Dense(3, kernel_initializer="zeros")
    reach = network(keras.layers.Lambda(lambda x: keras.ops.where(x > 2, 0.0, x)), turned())  # made for 0 to 1
    lost = network(turned(), keras.layers.Rescaling(np.inf))
    alone = keras.Sequential([keras.Input((3,)), turned()])
    for wrong, hint in ((..., "dots"), (4, "a Keras model"), (alone, "it is the head"),
                        (network(turned(1280)), "The head is missing"), (network(turned(1000)), "ImageNet"),
                        (network(turned(2)), "(12, 3) scores"), (network(blind), "0.33 of the time"),
                        (reach, "Here they go from 0 to 255"), (lost, "NaN")):
        assert hint in says(capsys, lesson.whole_program, wrong, colours)
