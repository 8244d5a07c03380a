import warnings

from tllib.classroom import tricks

import keras
import numpy as np
import pytest
from keras.optimizers import SGD, Adagrad, Adam, RMSprop


def test_spirals_are_the_same_for_the_same_seed_and_balanced():
    points, labels = tricks.spirals(101, seed=3)
    again, other = tricks.spirals(101, seed=3), tricks.spirals(101, seed=4)
    np.testing.assert_array_equal(points, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert not np.array_equal(points, other[0])
    assert labels.sum() == 50 and points.dtype == "float32" and points.shape == (101, 2)
    assert len(set(labels[:20])) == 2, "in random order"


def test_spirals_lie_where_they_should():
    points, labels = tricks.spirals(200, turns=1.5, noise=0, seed=0)
    radius = np.linalg.norm(points, axis=1)
    angle = 3 * np.pi * radius + np.pi * labels
    np.testing.assert_allclose(points, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=1e-5)
    assert radius.max() <= 1


def test_flipped_labels_are_as_many_as_asked_for():
    (points, labels), (same, wrong) = tricks.spirals(100, seed=1), tricks.spirals(100, flipped=0.15, seed=1)
    np.testing.assert_array_equal(points, same)
    assert (labels != wrong).sum() == 15


@pytest.mark.parametrize("wrong", [{"n": 1}, {"flipped": 1.5}, {"flipped": -0.1}])
def test_spirals_refuse_nonsense(wrong):
    with pytest.raises(ValueError, match=r"expected a whole number, 2 or more|expected a finite number, 0 to 1"):
        tricks.spirals(**wrong)


@pytest.mark.parametrize("initializer, expected", [
    ("he_normal", np.sqrt(2 / 200)), ("glorot_normal", np.sqrt(2 / 400)), ("lecun_normal", np.sqrt(1 / 200)),
    ("zeros", 0), (keras.initializers.RandomUniform(-1, 1), 1 / np.sqrt(3))])
def test_weights_begin_with_the_spread_that_their_name_says(initializer, expected):
    kernel = tricks.network(2, 200, initializer=initializer).get_layer("dense_2").get_weights()[0]
    assert kernel.std() == pytest.approx(expected, rel=0.03)


def test_a_seed_gives_the_same_network_and_each_layer_draws_its_own():
    start = keras.initializers.HeNormal()
    one, same, other = (tricks.network(3, 8, initializer=start, seed=seed) for seed in (1, 1, 2))
    for weight, again in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, again)
    second, third = (one.get_layer(f"dense_{number}").get_weights()[0] for number in (2, 3))
    assert not np.array_equal(second, third)
    assert not np.array_equal(second, other.get_layer("dense_2").get_weights()[0])


@pytest.mark.core
def test_activation_spread_by_hand():
    model = tricks.network(2, 2, activation="relu")
    half = np.array([[0.5, 0], [0, 0.5]], "float32")
    model.set_weights([2 * half, np.zeros(2), half, np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    points = np.array([[4, -1], [0, 2]], "float32")  # after ReLU: 4, 0, 0, 2
    np.testing.assert_allclose(tricks.activation_spread(model, points), np.std([4, 0, 0, 2]) * np.array([1, 0.5]))


def loss_of(weights, data):
    """What `tricks.network(2, …, activation="tanh")` and its loss compute, in float64 and without Keras."""
    values, labels = data[0].astype("float64"), data[1]
    for number in (0, 2):
        values = np.tanh(values @ weights[number] + weights[number + 1])
    logits = (values @ weights[4] + weights[5])[:, 0]
    return np.mean(np.log1p(np.exp(logits)) - labels * logits)


@pytest.mark.core
def test_gradient_norms_against_finite_differences():
    model, data = tricks.network(2, 3, activation="tanh", seed=5), tricks.spirals(50, seed=2)
    weights = [weight.astype("float64") for weight in model.get_weights()]
    assert tricks.measure(model, data)[0] == pytest.approx(loss_of(weights, data), rel=1e-5)
    expected = []
    for kernel in weights[::2]:
        slopes = []
        for place in np.ndindex(kernel.shape):
            before, sides = kernel[place], []
            for change in (1e-5, -1e-5):
                kernel[place] = before + change
                sides.append(loss_of(weights, data))
            kernel[place] = before
            slopes.append((sides[0] - sides[1]) / 2e-5)
        expected.append(np.linalg.norm(slopes))
    np.testing.assert_allclose(tricks.gradient_norms(model, data), expected, rtol=1e-4)


@pytest.mark.core
def test_gradient_norms_change_nothing_and_see_tiny_gradients():
    model = tricks.network(25, 16, activation="sigmoid", initializer="glorot_normal", batch_norm=False)
    before = model.get_weights()
    norms = tricks.gradient_norms(model, tricks.spirals(100))
    assert norms.shape == (26,) and 0 < norms[0] < 1e-12 and norms[-1] > 1e-3
    for weight, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)


@pytest.mark.core
def test_steps_of_optimizers_by_hand():
    np.testing.assert_allclose(tricks.step_lengths(SGD(0.5), [2, -4]), [1, 2])
    np.testing.assert_allclose(tricks.step_lengths(SGD(1.0, momentum=0.5), [1, 1, 1]), [1, 1.5, 1.75])
    adagrad = tricks.step_lengths(Adagrad(1.0, initial_accumulator_value=0), [2.0] * 9)
    np.testing.assert_allclose(adagrad, 1 / np.sqrt(np.arange(1, 10)), rtol=1e-4)
    mixed = tricks.step_lengths(Adagrad(1.0, initial_accumulator_value=0), [3, 4])
    np.testing.assert_allclose(mixed, [1, 4 / 5], rtol=1e-4)
    rms = tricks.step_lengths(RMSprop(1.0, rho=0.9), [2.0] * 3)
    np.testing.assert_allclose(rms, 1 / np.sqrt(1 - 0.9 ** np.arange(1, 4)), rtol=1e-4)
    np.testing.assert_allclose(tricks.step_lengths(Adam(0.1), [5.0] * 4), 0.1, rtol=1e-3)


def test_measure_by_hand():
    model = tricks.network(1, 2)
    model.set_weights([np.zeros((2, 2)), np.zeros(2), np.zeros((2, 1)), np.array([np.log(3)])])  # says 3/4 everywhere
    loss, accuracy = tricks.measure(model, (np.zeros((4, 2), "float32"), np.array([1, 1, 0, 1])))
    assert accuracy == 0.75 and loss == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25), rel=1e-5)


@pytest.mark.core
def test_training_learns_says_how_and_is_repeatable(capsys):
    learn, check = tricks.spirals(300, seed=0), tricks.spirals(300, seed=1)
    runs = [tricks.train(tricks.network(3), learn, check, optimizer=Adam(0.01), steps=105, every=50) for _ in range(2)]
    assert capsys.readouterr().out == ""
    np.testing.assert_array_equal(runs[0]["step"], [50, 100, 105])
    assert runs[0]["val_accuracy"][-1] > 0.8 and runs[0]["loss"][-1] < runs[0]["loss"][0]
    np.testing.assert_allclose(runs[0]["val_loss"], runs[1]["val_loss"], rtol=1e-3)


def test_keep_best_ends_with_the_best_that_was_measured():
    learn, check = tricks.spirals(40, flipped=0.3, seed=0), tricks.spirals(300, seed=1)
    model = tricks.network(3)
    run = tricks.train(model, learn, check, optimizer=Adam(0.02), steps=100, every=5, keep_best=True)
    best = run["val_loss"].min()
    assert tricks.measure(model, check)[0] == pytest.approx(best, rel=1e-5) and best < run["val_loss"][-1]


def test_averaged_weights_are_the_average():
    data, places = tricks.spirals(100), []
    model = tricks.network(2, 4)
    for steps in (1, 2, 3):
        plain = tricks.network(2, 4)
        tricks.train(plain, data, data, optimizer=SGD(0.5), steps=steps, every=1)
        places.append(plain.get_weights()[0])
    tricks.train(model, data, data, optimizer=SGD(0.5, use_ema=True, ema_momentum=0.9), steps=3, every=1)
    expected = 0.9 * (0.9 * places[0] + 0.1 * places[1]) + 0.1 * places[2]
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-4, atol=1e-6)


def test_a_run_that_explodes_is_a_result_not_an_error():
    data = tricks.spirals(100)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        run = tricks.train(tricks.network(6), data, data, optimizer=SGD(1e6), steps=20)
    assert len(run["loss"]) == 2 and not run["loss"][-1] < 0.69


def test_options_build_what_they_say():
    model = tricks.network(3, 5, batch_norm=True, dropout=0.25, residual=True)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert [kinds.count(kind) for kind in ("Dense", "BatchNormalization", "Dropout", "Add")] == [4, 3, 3, 2]
    points = tricks.spirals(10)[0]
    still = tricks.network(3, 5, initializer="zeros", residual=True)  # each layer adds 0 to what the first one says
    bias = np.array([1, 2, 3, 4, 5], "float32")
    still.get_layer("dense_1").set_weights([np.zeros((2, 5), "float32"), bias])
    logit = still.get_layer("logit").get_weights()[0]
    np.testing.assert_allclose(still.predict_on_batch(points)[0], bias @ logit, rtol=1e-5)


def test_a_network_that_answers_nan_has_no_accuracy():
    model = tricks.network(1, 2)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    assert np.isnan(tricks.measure(model, tricks.spirals(50))).all()
