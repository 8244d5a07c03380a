"""Lesson 07 fine-tunes in plain Keras: what changes, what stays as it is, and that it learns what a head can't."""

from tests.notebooks.plain import code_of
from tllib import backbones, transfer

import keras
import numpy as np
import pytest
from keras import layers

IMPORTS, PLAIN = code_of("07_challenge")


@pytest.fixture(scope="module")
def fine_tune():
    """What the imports and the plain cell of the lesson make."""
    names = {}
    for source in (IMPORTS, *PLAIN):
        exec(source, names)
    return names["fine_tune"]


def stripes(count, seed):
    """Stripes, level (0) or upright (1), some rows or columns further in each, under noise."""
    random = np.random.default_rng(seed)
    waves = np.sign(np.sin((np.arange(8) + random.integers(0, 4, (count, 1))) * np.pi / 2 + 0.1))
    level, labels = np.repeat(waves[:, :, None], 8, axis=2), np.arange(count) % 2
    pixels = np.where(labels[:, None, None] == 1, level.transpose(0, 2, 1), level)
    return (pixels + random.normal(0, 0.3, pixels.shape))[..., None].astype("float32"), labels


@pytest.fixture(scope="module")
def toy():
    """A layer that adds up squares of nine pixels, the same for level and upright stripes; a head on what it gives."""
    keras.utils.set_random_seed(0)
    upper = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(8, 3, use_bias=False),
                              layers.BatchNormalization(name="normalise"), layers.ReLU(),
                              layers.GlobalAveragePooling2D()])
    upper.layers[0].set_weights([np.broadcast_to(np.linspace(-0.3, 0.3, 8), (3, 3, 1, 8))])
    maps, labels = stripes(400, seed=0)
    return upper, transfer.train_head(transfer.FeatureTable(upper.predict(maps, verbose=0), labels, (), ("a", "b")))


def test_the_learner_sees_clone_freeze_compile_and_fit():
    assert len(PLAIN) == 1 and len(PLAIN[0].splitlines()) <= 20 and "transfer." not in PLAIN[0]
    assert all(word in PLAIN[0] for word in ("clone_model(", "BatchNormalization", ".compile(", ".fit("))


def test_it_learns_what_the_head_alone_cannot(fine_tune, toy):
    upper, head = toy
    before = [weight.copy() for model in toy for weight in model.get_weights()]
    tuned, (maps, labels) = fine_tune(upper, head, *stripes(400, seed=0), 30), stripes(500, seed=1)
    alone = np.mean(head.predict(upper.predict(maps, verbose=0), verbose=0).argmax(axis=1) == labels)
    assert alone < 0.65 and np.mean(tuned.predict(maps, verbose=0).argmax(axis=1) == labels) > 0.9
    after = [weight for model in toy for weight in model.get_weights()]
    assert all(map(np.array_equal, before, after)), "the originals stay as they were"
    assert not np.array_equal(tuned.layers[0].layers[0].get_weights()[0], upper.layers[0].get_weights()[0])


def test_batchnorm_keeps_its_statistics(fine_tune, toy):
    tuned = fine_tune(*toy, *stripes(64, seed=2), 1)
    for found, expected in zip(tuned.layers[0].get_layer("normalise").get_weights(),
                               toy[0].get_layer("normalise").get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_in_a_real_network_all_but_batchnorm_moves_above_the_cut_and_nothing_below(fine_tune):
    small = keras.models.clone_model(backbones.load("efficientnet_lite0"), input_tensors=keras.Input((96, 96, 3)))
    cut, before, random = small.get_layer("block13_add").output, small.get_weights(), np.random.default_rng(0)
    upper, labels = keras.Model(cut, small.output), np.arange(40) % 2
    x, maps = (random.normal(size=(40, *shape)).astype("float32") for shape in (small.output.shape[1:], cut.shape[1:]))
    tuned = fine_tune(upper, transfer.train_head(transfer.FeatureTable(x, labels, (), ("a", "b"))), maps, labels, 1)
    assert all(map(np.array_equal, before, small.get_weights()))
    for new, old in zip(tuned.layers[0].layers, upper.layers, strict=True):
        assert type(new) is type(old)
        stays = isinstance(old, layers.BatchNormalization)
        assert all(np.array_equal(*pair) == stays for pair in zip(new.get_weights(), old.get_weights(), strict=True))
