"""Networks are only looked at: the same picture gives the same answer, the weights of now count, nothing is changed."""

from dataclasses import replace

from tllib import backbones, synthesis

import keras
import numpy as np
import pytest
from keras import layers

QUICK = replace(synthesis.FOURIER, steps=2)


def state(network):
    """Every variable: weights, BatchNorm statistics, states of random generators."""
    return [keras.ops.convert_to_numpy(variable).copy() for variable in network.variables]


def with_dropout(seed=0):
    """A classifier of one's own, whose Dropout, BatchNorm and noise act in training only."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential([
        keras.Input((32, 32, 3)), layers.Rescaling(1 / 127.5, offset=-1), layers.Conv2D(8, 3, activation="relu"),
        layers.BatchNormalization(), layers.SpatialDropout2D(0.3), layers.GlobalAveragePooling2D(),
        layers.GaussianNoise(1.0), layers.Dropout(0.5), layers.Dense(3, "softmax")])


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype("uint8")


def draws_the_same(network):
    """Draw twice: the same picture, and not one bit of the network is another."""
    before, trainable = state(network), [layer.trainable for layer in network.layers]
    drawn = [synthesis.ideal_image(network, 1, recipe=QUICK, seed=3) for _ in range(2)]
    np.testing.assert_array_equal(drawn[0].image, drawn[1].image)
    assert drawn[0].history["objective"].tolist() == drawn[1].history["objective"].tolist()
    for now, then in zip(state(network), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert [layer.trainable for layer in network.layers] == trainable


@pytest.mark.core
def test_a_classifier_with_dropout_is_only_looked_at(photo):
    network = with_dropout()
    draws_the_same(network)
    before = state(network)
    changed = [synthesis.adversarial_image(network, photo, epsilon=2, steps=2) for _ in range(2)]
    np.testing.assert_array_equal(changed[0].image, changed[1].image)
    asked = [backbones.predict_proba(network, photo) for _ in range(2)]
    np.testing.assert_array_equal(asked[0], asked[1])
    for now, then in zip(state(network), before, strict=True):
        np.testing.assert_array_equal(now, then)


# Of all families, these and MobileNetV3-Large drop something while they train.
@pytest.mark.parametrize("name", ["efficientnetv2b0", "mobilenetv3small"])
def test_a_family_is_only_looked_at(name):
    draws_the_same(backbones.load(name, weights=None, top=True))


@pytest.mark.core
def test_what_is_asked_are_the_weights_of_now(photo):
    """Weights changed in place, as fine-tuning does: all that was compiled before goes by the new ones."""
    network, other = with_dropout(seed=0), with_dropout(seed=1)
    weights = [weight * 3 for weight in other.get_weights()]

    def used(network):
        drawn = synthesis.ideal_image(network, 1, recipe=replace(QUICK, noise=0))
        changed = synthesis.adversarial_image(network, photo, epsilon=3, steps=3)
        return [backbones.predict_proba(network, photo), drawn.history["objective"], changed.history["margin"][0],
                synthesis.second_opinion(network, photo, 0)[0], drawn.image.astype("float32"),
                changed.image.astype("float32")]

    before = used(network)
    network.set_weights(weights)
    fresh = with_dropout(seed=2)
    fresh.set_weights(weights)
    for then, now, expected in zip(before, used(network), used(fresh), strict=True):
        np.testing.assert_allclose(now, expected, atol=1e-5)
        assert np.abs(np.subtract(then, now)).max() > 1e-3
