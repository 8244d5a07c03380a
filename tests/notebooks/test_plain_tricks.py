"""Lesson 06 in plain Keras comes to the same as `tricks.network` and `tricks.train`."""

from tests.notebooks.plain import code_of
from tllib.classroom import tricks

import keras
import numpy as np
import pytest

IMPORTS, PLAIN = code_of("06_training_tricks")


@pytest.fixture(scope="module")
def made():
    """What the imports and the plain cells of the lesson make."""
    names = {}
    for source in (IMPORTS, *PLAIN):
        exec(source, names)
    return names


def test_the_learner_sees_compile_and_fit():
    assert all(word in PLAIN[0] for word in ("keras.Sequential", ".compile(", ".fit(", ".evaluate("))
    assert "keras.Model(" in PLAIN[1] and all(len(source.splitlines()) <= 20 for source in PLAIN)


@pytest.mark.parametrize("name, settings", [("plain", {}), ("shortcut", {"depth": 12, "residual": True})])
def test_the_plain_network_is_that_of_the_library(made, name, settings):
    network, points = tricks.network(**settings, seed=3), tricks.spirals(50, seed=2)[0]
    same = keras.models.clone_model(made[name])
    assert same.count_params() == network.count_params()
    same.set_weights(network.get_weights())
    np.testing.assert_allclose(same.predict_on_batch(points), network.predict_on_batch(points), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name, settings", [
    ("plain", {}), ("shortcut", {"depth": 12, "initializer": "random_uniform", "residual": True})])
def test_plain_weights_begin_as_those_of_the_library_do(made, name, settings):
    fresh = made["plain_network"]() if name == "plain" else keras.models.clone_model(made[name])
    for weights, expected in zip(fresh.get_weights()[2:-2:2], tricks.network(**settings).get_weights()[2:-2:2],
                                 strict=True):
        assert weights.std() == pytest.approx(expected.std(), rel=0.1)
    layers = fresh.get_weights()[2:-2:2]
    assert not any(np.array_equal(layers[0], other) for other in layers[1:]), "each layer draws its own"


def test_fit_comes_to_the_same_as_train(made):
    network = tricks.network(seed=made["SEED"])
    tricks.train(network, made["learn"], made["held_back"], optimizer=keras.optimizers.Adam(0.005), seed=made["SEED"])
    assert made["plain_accuracy"] == pytest.approx(tricks.measure(network, made["held_back"])[1], abs=0.03)
    assert tricks.measure(made["plain"], made["held_back"])[1] == pytest.approx(made["plain_accuracy"], abs=1e-3)
