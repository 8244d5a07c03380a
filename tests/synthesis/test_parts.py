"""The parts of the image loop, against hand-computed values and finite differences."""

import keras
import numpy as np
import pytest
from keras import ops

from tllib.synthesis import (
    Ball,
    Box,
    PixelCanvas,
    RandomView,
    TargetCrossEntropy,
    TargetLogit,
    TotalVariation,
    WaveCanvas,
)


def test_total_variation_by_hand():
    image = np.zeros((1, 2, 3, 1), "float32")
    image[0, :, :, 0] = [[0, 10, 10], [0, 0, 40]]
    # down: 0, 10, 30; right: 10, 0, 0, 40 -> 90 over 7 pairs
    assert float(TotalVariation()(image)) == pytest.approx(90 / 7)
    assert float(TotalVariation(0.5)(image)) == pytest.approx(45 / 7)


def test_total_variation_means_the_same_at_every_size_and_batch():
    stripes = np.tile([0.0, 8.0], (1, 64, 32))[..., None]
    assert float(TotalVariation()(stripes)) == pytest.approx(4, rel=0.02)
    assert float(TotalVariation()(np.repeat(stripes[:, :32, :32], 5, axis=0))) == pytest.approx(4, rel=0.02)


def test_bounds_by_hand():
    image = np.array([-3.0, 0.5, 300.0], "float32")
    np.testing.assert_array_equal(Box()(image), [0, 0.5, 255])
    np.testing.assert_array_equal(Ball(np.array([0.0, 100.0, 254.0]), 2)(np.array([-5.0, 97.0, 260.0])), [0, 98, 255])


def test_objectives_by_hand():
    logits = np.log(np.array([[1.0, 2.0, 5.0], [6.0, 3.0, 1.0]], "float32"))
    target = np.array([2, 1])
    assert float(TargetLogit()(target, logits)) == pytest.approx(-(np.log(5) + np.log(3)) / 2, rel=1e-5)
    assert float(TargetCrossEntropy()(target, logits)) == pytest.approx(-(np.log(5 / 8) + np.log(0.3)) / 2, rel=1e-5)


def gradient(model, weight, loss):
    """Gradient of `loss(model output)` with Keras's own machinery: one SGD step of rate 1."""
    before = ops.convert_to_numpy(weight).copy()
    model.compile(keras.optimizers.SGD(1.0), loss=loss, jit_compile=False)
    model.fit(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)
    return before - ops.convert_to_numpy(weight)


@pytest.mark.parametrize("kind", ["pixels", "waves"])
def test_gradients_match_finite_differences(kind):
    random = np.random.default_rng(0)
    pattern = random.normal(size=(1, 8, 8, 3)).astype("float32")

    def score(_, image):
        return ops.sum(image * pattern) / 100

    def make():
        if kind == "pixels":
            return PixelCanvas(np.random.default_rng(1).uniform(50, 200, (1, 8, 8, 3)), penalty=TotalVariation(2.0))
        canvas = WaveCanvas(8, penalty=TotalVariation(2.0))
        canvas.strengths.assign(np.random.default_rng(1).normal(size=(1, 8, 8, 3)))
        return canvas

    canvas = make()
    step = keras.Input((1,))
    found = gradient(keras.Model(step, canvas(step)), canvas.trainable_weights[0], score)
    other = make()
    weight = other.trainable_weights[0]
    start = ops.convert_to_numpy(weight).copy()
    width = 0.05 if kind == "pixels" else 0.01
    for place in [(0, 0, 0, 0), (0, 3, 4, 1), (0, 7, 7, 2), (0, 1, 0, 0)]:
        values = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * width
            weight.assign(moved)
            values.append(float(score(None, other.pixels())) + float(TotalVariation(2.0)(other.pixels())))
        assert found[place] == pytest.approx((values[0] - values[1]) / (2 * width), rel=0.03, abs=1e-3)


def test_waves_are_orthonormal_and_broad_shapes_strongest():
    canvas = WaveCanvas(32)
    np.testing.assert_allclose(canvas.waves.T @ canvas.waves, np.eye(32), atol=1e-5)
    np.testing.assert_allclose(canvas.colours @ canvas.colours.T, np.diag([1, 0.3**2, 0.15**2]), atol=1e-6)
    assert canvas.scale[0, 1, 0, 0] == pytest.approx(4 * canvas.scale[0, 4, 0, 0])
    assert 126 < canvas.pixels().mean() < 129 and canvas.pixels().std() < 5


def test_the_whole_window_is_the_image_itself():
    image = np.random.default_rng(0).uniform(0, 255, (2, 12, 12, 3)).astype("float32")
    np.testing.assert_allclose(RandomView(12, zoom=0.0)(image), image, atol=1e-3)


def test_windows_are_bilinear_samples_inside_the_image():
    rows, columns = np.mgrid[0:40, 0:40].astype("float32")
    ramp = np.stack([rows, columns, rows + columns], axis=-1)[None]
    seen = ops.convert_to_numpy(RandomView(20, zoom=0.5, seed=3)(ramp))[0]
    assert seen.min() >= 0 and seen[..., :2].max() <= 39
    np.testing.assert_allclose(seen[..., 2], seen[..., 0] + seen[..., 1], atol=1e-3)  # a ramp stays a ramp
    step = np.diff(seen[3:-3, 0, 0])
    assert 1.0 <= step.mean() <= 2.0 and step.std() < 1e-3  # 20 to 40 rows shown on 20


def test_windows_differ_and_follow_the_seed():
    image = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3)).astype("float32")
    one, two = RandomView(16, seed=1), RandomView(16, seed=1)
    first, second = ops.convert_to_numpy(one(image)), ops.convert_to_numpy(one(image))
    assert np.abs(first - second).max() > 1
    np.testing.assert_array_equal(first, two(image))


def test_rounded_canvas_shows_whole_grey_levels():
    canvas = PixelCanvas(np.full((1, 4, 4, 3), 99.7), rounded=True)
    np.testing.assert_array_equal(canvas(np.zeros((1, 1))), np.full((1, 4, 4, 3), 100.0))
    assert canvas.pixels()[0, 0, 0, 0] == pytest.approx(99.7)
