"""The parts of the image loop, against hand-computed values and finite differences."""

from tllib import images
from tllib.synthesis import Box, PixelCanvas, RandomView, TargetLogit, TargetMargin, TotalVariation, WaveCanvas
from tllib.synthesis.objectives import _resized
from tllib.synthesis.views import _sampler, window

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image


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


def test_objectives_by_hand():
    logits = np.array([[1.0, 2.0, 5.0], [6.0, 3.0, 1.0]], "float32")
    one, mix = np.array([[0, 0, 1], [0, 1, 0]], "float32"), np.array([[0, 0, 1], [1, 1, 0]], "float32")
    assert float(TargetLogit()(one, logits)) == pytest.approx(-(5 + 3) / 2)
    assert float(TargetLogit()(mix, logits)) == pytest.approx(-(5 - np.log(np.exp(-6) + np.exp(-3))) / 2)
    with_rivals, everybody = float(TargetLogit(0.5)(one, logits)), np.log(np.exp(logits).sum(axis=1))
    assert with_rivals == pytest.approx((0.5 * everybody.sum() - 5 - 3) / 2)
    assert float(TargetLogit(0.5, spread=4)(one, 4 * logits)) == pytest.approx(with_rivals)
    cross_entropy = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert float(TargetLogit(1.0)(one, logits)) == pytest.approx(float(cross_entropy(one, logits)))
    warm = float(TargetLogit(1.0, temperature=3)(one, logits))
    assert warm == pytest.approx(3 * float(cross_entropy(one, logits / 3)))
    margin, classes = TargetMargin(reduction="sum"), np.array([2, 1])
    assert float(margin(classes, logits)) == pytest.approx((2 - 5) + (6 - 3), abs=1e-3)
    leave_second = float(margin(classes, logits, sample_weight=np.array([1, -1.0])))
    assert leave_second == pytest.approx((2 - 5) - (6 - 3), abs=1e-3)


@pytest.mark.parametrize("objective, labels", [
    (TargetLogit(), np.array([[0, 0, 0, 1], [1, 0, 0, 0]], "float32")),
    (TargetLogit(0.5, spread=2), np.array([[0, 1, 0, 1], [1, 0, 0, 0]], "float32")), (TargetMargin(), np.array([3, 0])),
])
def test_gradients_of_objectives_match_finite_differences(objective, labels):
    logits = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    layer = keras.layers.Embedding(1, 8, embeddings_initializer=keras.initializers.Constant(logits.reshape(1, 8)))
    row = keras.Input((1,), dtype="int32")
    model = keras.Model(row, ops.reshape(layer(row), (2, 4)))
    model.compile(keras.optimizers.SGD(1.0), objective, jit_compile=False)
    model.train_on_batch(np.zeros((1, 1), "int32"), labels)
    found = (logits - ops.convert_to_numpy(layer.embeddings).reshape(2, 4))
    for place in np.ndindex(2, 4):
        width = np.zeros((2, 4), "float32")
        width[place] = 1e-2
        slope = (float(objective(labels, logits + width)) - float(objective(labels, logits - width))) / 2e-2
        assert found[place] == pytest.approx(slope, abs=1e-3)


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
        canvas = WaveCanvas(np.full((1, 8, 8, 3), 128.0), penalty=TotalVariation(2.0))
        canvas.strengths.assign(np.random.default_rng(1).normal(size=(1, 3, 8, 8)))
        return canvas

    canvas = make()
    step = keras.Input((1,))
    found = gradient(keras.Model(step, canvas(step)), canvas.trainable_weights[0], score)
    other = make()
    weight = other.trainable_weights[0]
    start = ops.convert_to_numpy(weight).copy()
    width = 0.05 if kind == "pixels" else 0.01
    for place in [(0, 0, 0, 0), (0, 2, 1, 1), (0, 1, 2, 2), (0, 1, 0, 0)]:
        values = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * width
            weight.assign(moved)
            values.append(float(score(None, other.pixels())) + float(TotalVariation(2.0)(other.pixels())))
        assert found[place] == pytest.approx((values[0] - values[1]) / (2 * width), rel=0.03, abs=1e-3)


def test_waves_are_orthonormal_and_broad_shapes_strongest():
    canvas = WaveCanvas(np.full((2, 32, 32, 3), 127.5), colour=0.3)
    np.testing.assert_allclose(canvas.waves.T @ canvas.waves, np.eye(32), atol=1e-5)
    np.testing.assert_allclose(canvas.colours @ canvas.colours.T, np.diag([1, 0.3**2, 0.2**2]), atol=1e-6)
    assert canvas.scale[1, 0] == canvas.scale[4, 0] == pytest.approx(4**1.5 * canvas.scale[16, 0])
    assert 126 < canvas.pixels().mean() < 129 and 0 < canvas.pixels().std() < 5
    assert np.abs(canvas.pixels()[0] - canvas.pixels()[1]).mean() > 0.1, "each image begins with noise of its own"


def test_without_colour_all_is_grey():
    canvas = WaveCanvas(np.full((1, 16, 16, 3), 127.5), colour=0)
    canvas.strengths.assign(np.random.default_rng(0).normal(size=(1, 3, 16, 16)))
    assert np.ptp(canvas.pixels(), axis=-1).max() < 1e-2 < canvas.pixels().std()


def test_waves_begin_with_a_photo(dog):
    photo = dog[:64, :64].astype("float32")
    found = WaveCanvas(photo[None]).pixels()[0]
    inner = (photo > 5) & (photo < 250)  # black and white are out of reach of the logistic curve
    assert np.abs(found - photo)[inner].mean() < 3


DONE = np.ones((1, 1), "float32")


def test_the_whole_window_is_the_image_itself():
    image = np.random.default_rng(0).uniform(0, 255, (2, 12, 12, 3)).astype("float32")
    np.testing.assert_allclose(RandomView(12, zoom=0.0)(image, DONE), image, atol=1e-3)
    np.testing.assert_allclose(RandomView(12, zoom=0.9)(image, 0 * DONE), image, atol=1e-3)  # whole at first


def test_windows_are_bilinear_samples_of_the_image():
    rows, columns = np.mgrid[0:40, 0:40].astype("float32")
    ramp = np.stack([rows, columns, rows + columns], axis=-1)[None]
    steps = []
    for seed in range(20):
        seen = ops.convert_to_numpy(RandomView(20, zoom=0.5, seed=seed)(ramp, DONE))[0]
        assert seen.min() >= 0 and seen[..., :2].max() <= 39
        np.testing.assert_allclose(seen[..., 2], seen[..., 0] + seen[..., 1], atol=1e-3)  # a ramp stays a ramp
        steps.append(np.median(np.diff(seen[:, 0, 0])))
    assert 1.0 <= min(steps) < 1.2 and 1.8 < max(steps) <= 2.0  # 20 to 40 rows shown on 20


def old_sampler(start, side, length, size):
    """Plain bilinear weights, without antialiasing."""
    ticks = (np.arange(size, dtype="float32") + np.float32(0.5)) / np.float32(size)
    position = np.clip((start + side * ticks) * np.float32(length) - np.float32(0.5), 0, length - 1)
    return np.maximum(1 - np.abs(position[..., None] - np.arange(length, dtype="float32")), 0)


@pytest.mark.parametrize("length, size", [(48, 48), (30, 48), (96, 48)])
def test_windows_that_enlarge_are_plain_bilinear_to_the_bit(length, size):
    corner = np.array([[0.0], [0.1], [0.55]], "float32")
    side = np.array([[1.0], [0.5], [0.3]], "float32")[int(length > size):]
    found = ops.convert_to_numpy(_sampler(corner[int(length > size):], side, length, size))
    np.testing.assert_array_equal(found, old_sampler(corner[int(length > size):], side, length, size))


@pytest.mark.parametrize("corner, side, size", [
    ((0.0, 0.0), 1.0, 40), ((0.0, 0.0), 1.0, 99),
    ((0.2, 0.31), 0.65, 33), ((0.35, 0.0), 0.65, 20), ((0.4, 0.5), 0.2, 40)])
def test_windows_are_resized_as_by_pillow(corner, side, size):
    image = np.random.default_rng(0).uniform(0, 255, (100, 100, 3)).astype("uint8")
    top, left = (100 * place for place in corner)
    box = (left, top, left + 100 * side, top + 100 * side)
    wanted = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box=box), float)
    place = np.array(corner, "float32").reshape(2, 1, 1)
    found = ops.convert_to_numpy(window(image[None].astype("float32"), place, np.full((1, 1), side, "float32"), size))
    assert np.abs(found[0] - wanted).max() < 1.01


def test_every_pixel_of_a_large_image_gets_its_share():
    whole, none = np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")
    share = ops.convert_to_numpy(ops.sum(_sampler(none, whole, 1024, 224), axis=1))[0]
    assert share.min() > 0.1, "without antialiasing, more than half of them have none"
    np.testing.assert_allclose(share[8:-8], 224 / 1024, rtol=0.1)
    rows = ops.convert_to_numpy(ops.sum(_sampler(none, whole, 1024, 224), axis=2))
    np.testing.assert_allclose(rows, 1, rtol=1e-5)


@pytest.mark.parametrize("side, size", [(48, 48), (48, 64), (64, 48), (90, 48), (110, 48), (96, 48), (150, 48)])
def test_attacks_resize_as_judges_do(side, size):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype("uint8")
    found = ops.convert_to_numpy(_resized(ops.convert_to_tensor(picture[None].astype("float32")), size))[0]
    np.testing.assert_allclose(found, images.fit(picture, size), atol=0.8)  # rounding, and numbers of 11 bits in OpenCV


def test_noise_falls_to_none():
    grey = np.full((2, 64, 64, 3), 100, "float32")
    view = RandomView(64, zoom=0.0, noise=30.0)
    for progress, expected in ((0, 30), (0.2, 15), (0.4, 0), (1, 0)):
        assert np.std(view(grey, progress * DONE)) == pytest.approx(expected, rel=0.03, abs=1e-3)


def test_turning_moves_what_is_far_from_the_middle():
    image = np.random.default_rng(0).uniform(0, 255, (1, 65, 65, 3)).astype("float32")
    seen = ops.convert_to_numpy(RandomView(65, zoom=0.0, turn=20.0, seed=4)(image, DONE))
    np.testing.assert_allclose(seen[0, 32, 32], image[0, 32, 32], atol=1)  # the middle stays
    assert np.abs(seen - image)[0, :8].mean() > 20
    rows, columns = np.mgrid[-32:33, -32:33].astype("float32")
    disc = np.repeat(100 + 50 * np.cos(np.hypot(rows, columns) / 6)[None, ..., None], 3, axis=-1).astype("float32")
    turned = ops.convert_to_numpy(RandomView(65, zoom=0.0, turn=20.0, seed=4)(disc, DONE))
    assert np.abs(turned - disc)[0, 10:-10, 10:-10].max() < 2  # round things look the same


def test_windows_differ_and_follow_the_seed():
    image = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3)).astype("float32")
    one, two = RandomView(16, seed=1), RandomView(16, seed=1)
    first, second = ops.convert_to_numpy(one(image, DONE)), ops.convert_to_numpy(one(image, DONE))
    assert np.abs(first - second).max() > 1
    np.testing.assert_array_equal(first, two(image, DONE))
