"""Lesson 07 cuts out what is blue, and fine-tunes in plain Keras: what changes, and what stays as it is."""

from types import SimpleNamespace

from tests.notebooks.plain import code_of
from tllib import backbones, transfer
from tllib.datasets import drawn as drawing

import keras
import numpy as np
import pytest
from keras import layers

IMPORTS, PLAIN = code_of("07_challenge")
CUT, CONTROL, UNFREEZE, FIT = PLAIN


class Pictures:
    """As much of a set of photos as is looked at: grey, with a blue square of 40 pixels and a small purple one."""

    corners, class_names, labels = ((0, 0), (90, 130), (184, 184), (100, 0)), ("no", "yes"), np.array([0, 1, 1, 0])

    def __len__(self):
        return len(self.corners)

    def read(self, row, *, size):
        top, left = self.corners[row]
        picture = np.full((size, size, 3), 200, "uint8")
        picture[top:top + 40, left:left + 40] = 70, 70, 120
        picture[(top + 120) % 200:, :][:12, 100:112] = 104, 60, 140
        return picture


@pytest.fixture(scope="module")
def made():
    """What the cell makes that cuts out, and the one after it before it trains."""
    names = {}
    exec(IMPORTS, names)
    names |= {"tasks": {"winding": [Pictures(), Pictures()]}, "show": SimpleNamespace(images=lambda *_, **__: None)}
    exec("\n".join((CUT, CONTROL.partition("cnn = ")[0])), names)
    return names


def test_what_is_blue_is_cut_out_wherever_it_is(made):
    windows = made["cut_out"](Pictures(), count=1)
    assert windows.shape == (4, 56, 56, 3)
    for window in windows:
        assert (window[..., 2] - window[..., 0] == 50).sum() == 40 * 40, "all of the square"
    second = made["cut_out"](Pictures(), count=2)[1::2]
    assert ((second[..., 2] - second[..., 0]).max(axis=(1, 2)) == 36).all(), "then the next bluest, not the same again"


def test_a_mirrored_spiral_gets_the_other_label(made):
    x, y = made["x"], made["y"]
    assert len(x) == len(y) == 2 * 4 * 4 and y[:16].tolist() == np.repeat([0, 1, 1, 0], 4).tolist()
    np.testing.assert_array_equal(x[16:], x[:16, :, ::-1])
    np.testing.assert_array_equal(y[16:], 1 - y[:16])


def test_the_learner_sees_a_network_unfreeze_compile_and_fit():
    assert "transfer." not in "".join(PLAIN) and all(len(source.splitlines()) <= 20 for source in PLAIN)
    assert all(word in CONTROL for word in ("keras.Sequential(", ".compile(", ".fit(", ".evaluate("))
    assert all(word in UNFREEZE for word in ("trainable = True", "trainable = False", "BatchNormalization"))
    assert all(word in FIT for word in (".compile(", ".fit(", ".evaluate("))


def test_all_but_batchnorm_moves_above_the_cut_and_nothing_below():
    random, count = np.random.default_rng(0), {"trainval": 64, "test": 20}
    digits = {part: np.stack([drawing.DRAW["drawn_digits"](str(row % 10), part, random, size=96) for row in range(n)])
              for part, n in count.items()}
    answers = {part: np.arange(n) % 10 for part, n in count.items()}
    small = backbones.load("efficientnet_lite0", size=96)
    table = transfer.FeatureTable(small.predict(digits["trainval"], verbose=0), answers["trainval"], (),
                                  tuple("0123456789"))
    names = {"small": small, "head": transfer.train_head(table), "digits": digits, "answers": answers,
             "head_alone": -1.0}
    before = {layer.name: layer.get_weights() for layer in small.layers}
    exec("\n".join((IMPORTS, UNFREEZE, FIT)), names)
    cut = small.layers.index(small.get_layer("block10_add"))
    for number, layer in enumerate(small.layers):
        stays = number <= cut or isinstance(layer, layers.BatchNormalization)
        assert all(np.array_equal(*pair) == stays for pair in zip(layer.get_weights(), before[layer.name],
                                                                  strict=True)), layer.name
    assert names["learning"] == sum(int(np.prod(weight.shape)) for weight in names["model"].trainable_weights) > 2e6
    assert isinstance(names["model"], keras.Sequential) and 0 <= names["tuned"] <= 1
