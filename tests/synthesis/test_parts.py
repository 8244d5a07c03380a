"""The parts of the loop that draws, against hand-computed values and finite differences."""

from tllib import images
from tllib.backbones import engine
from tllib.synthesis.objectives import _resized, class_loss, class_margin, class_probability
from tllib.synthesis.parametrization import Fourier, Pixels
from tllib.synthesis.penalties import total_variation
from tllib.synthesis.transforms import _sampler, crop_resize, fading_noise, random_window

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image


def value(tensor):
    return ops.convert_to_numpy(tensor)


def test_total_variation_by_hand():
    image = np.zeros((1, 2, 3, 1), "float32")
    image[0, :, :, 0] = [[0, 10, 10], [0, 0, 40]]
    # down: 0, 10, 30; right: 10, 0, 0, 40 -> 90 over 7 pairs
    both = value(total_variation(np.concatenate([image, 2 * image])))
    np.testing.assert_allclose(both, [90 / 7, 180 / 7], rtol=1e-5)


def test_total_variation_means_the_same_at_every_size():
    stripes = np.tile([0.0, 8.0], (1, 64, 32))[..., None]
    assert value(total_variation(stripes))[0] == pytest.approx(4, rel=0.02)
    assert value(total_variation(stripes[:, :32, :32]))[0] == pytest.approx(4, rel=0.02)


def test_bounds_by_hand():
    np.testing.assert_array_equal(value(Pixels().within_bounds(np.array([-3.0, 0.5, 300.0], "float32"))), [0, 0.5, 255])
    np.testing.assert_array_equal(Fourier().within_bounds(np.array([-3.0, 300.0])), [-3, 300])


LOGITS = np.array([[1.0, 2.0, 5.0], [6.0, 3.0, 1.0]], "float32")
ONE = np.array([[0, 0, 1], [0, 1, 0]], "float32")
BOTH = np.array([[0, 0, 1], [1, 1, 0]], "float32")


def test_objectives_by_hand():
    np.testing.assert_allclose(value(class_loss(LOGITS, ONE)), [-5, -3], atol=1e-4)
    np.testing.assert_allclose(value(class_loss(LOGITS, BOTH)), [-5, np.log(np.exp(-6) + np.exp(-3))], atol=1e-4)
    everybody = np.log(np.exp(LOGITS).sum(axis=1))
    np.testing.assert_allclose(value(class_loss(LOGITS, ONE, 0.5)), 0.5 * everybody - [5, 3], atol=1e-4)
    cross_entropy = value(keras.losses.categorical_crossentropy(ONE, LOGITS, from_logits=True))
    np.testing.assert_allclose(value(class_loss(LOGITS, ONE, 1.0)), cross_entropy, atol=1e-4)
    cooler = value(keras.losses.categorical_crossentropy(ONE, LOGITS / 3, from_logits=True))
    np.testing.assert_allclose(value(class_loss(LOGITS, ONE, 1.0, temperature=3)), 3 * cooler, atol=1e-4)
    np.testing.assert_allclose(value(class_margin(LOGITS, ONE)), [5 - 2, 3 - 6], atol=1e-3)
    np.testing.assert_allclose(value(class_margin(LOGITS, BOTH)), [5 - 2, 3 - 1], atol=1e-3)
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(value(class_probability(LOGITS, BOTH)), (shares * BOTH).sum(axis=1), rtol=1e-4)


@pytest.mark.parametrize("objective", [
    lambda logits: class_loss(logits, ONE), lambda logits: class_loss(logits, BOTH, 0.5, 2.0),
    lambda logits: class_margin(logits, ONE)])
def test_gradients_of_objectives_match_finite_differences(objective):
    found, _ = engine.gradient(lambda logits: (ops.sum(objective(logits)), ()))(LOGITS)
    for place in np.ndindex(2, 3):
        width = np.zeros((2, 3), "float32")
        width[place] = 1e-2
        slope = (value(objective(LOGITS + width)).sum() - value(objective(LOGITS - width)).sum()) / 2e-2
        assert found[place] == pytest.approx(slope, abs=2e-3)


@pytest.mark.parametrize("parametrization", [Pixels(), Fourier()])
def test_gradients_match_finite_differences(parametrization):
    random = np.random.default_rng(0)
    pattern = random.normal(size=(1, 8, 8, 3)).astype("float32")
    if parametrization == Pixels():
        start, width = random.uniform(50, 200, (1, 8, 8, 3)).astype("float32"), 0.05
    else:
        start, width = random.normal(size=(1, 3, 8, 8)).astype("float32"), 0.01

    def score(parameters):
        image = parametrization.paint(parameters)
        return ops.sum(image * pattern) / 100 + 2 * ops.sum(total_variation(image)), ()

    found, _ = engine.gradient(score)(start)
    for place in [(0, 0, 0, 0), (0, 2, 1, 1), (0, 1, 2, 2), (0, 1, 0, 0)]:
        values = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * width
            values.append(float(value(score(moved)[0])))
        assert found[place] == pytest.approx((values[0] - values[1]) / (2 * width), rel=0.03, abs=1e-3)


def test_waves_are_orthonormal_and_broad_shapes_strongest():
    waves, scale, colours = Fourier(colour=0.3)._parts(32)
    np.testing.assert_allclose(waves.T @ waves, np.eye(32), atol=1e-5)
    np.testing.assert_allclose(colours @ colours.T, np.diag([1, 0.3**2, 0.2**2]), atol=1e-6)
    assert scale[1, 0] == scale[4, 0] == pytest.approx(4**1.5 * scale[16, 0])


def test_without_colour_all_is_grey():
    image = value(Fourier(colour=0).paint(np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype("float32")))
    assert np.ptp(image, axis=-1).max() < 1e-2 < image.std()


def test_waves_begin_with_a_photo(dog):
    photo = dog[:64, :64].astype("float32")
    found = value(Fourier().paint(Fourier().encode(photo[None], np.zeros((1, 3, 64, 64)))))[0]
    inner = (photo > 5) & (photo < 250)  # black and white are out of reach of the logistic curve
    assert np.abs(found - photo)[inner].mean() < 3
    noise = np.random.default_rng(0).normal(size=(1, 3, 64, 64))
    faint = value(Fourier().paint(Fourier().encode(photo[None], noise)))[0]
    assert 0 < np.abs(faint - found).mean() < 2


def test_the_whole_window_is_the_image_itself():
    image = np.random.default_rng(0).uniform(0, 255, (2, 12, 12, 3)).astype("float32")
    whole = np.stack([random_window(np.random.default_rng(seed), 0.0) for seed in range(2)])
    np.testing.assert_array_equal(whole, [[0, 0, 1], [0, 0, 1]])
    np.testing.assert_array_equal(value(crop_resize(image, whole, 12)), image)


def test_windows_lie_within_the_image_and_near_its_middle():
    random = np.random.default_rng(0)
    top, left, side = np.transpose([random_window(random, 0.5) for _ in range(400)])
    assert 0.5 <= side.min() < 0.52 and 0.98 < side.max() <= 1
    assert min(top.min(), left.min()) >= 0 and max((top + side).max(), (left + side).max()) <= 1.0001
    assert np.mean(top + side / 2) == pytest.approx(0.5, abs=0.02) and np.std(top + side / 2) > 0.05


def test_with_a_border_no_window_holds_the_whole_image():
    random = np.random.default_rng(0)
    top, left, side = np.transpose([random_window(random, 0.5, 0.2) for _ in range(400)])
    assert 0.4 <= side.min() < 0.42 and 0.78 < side.max() <= 0.8
    assert min(top.min(), left.min()) >= 0 and max((top + side).max(), (left + side).max()) <= 1


def test_windows_are_bilinear_samples_of_the_image():
    rows, columns = np.mgrid[0:40, 0:40].astype("float32")
    ramp = np.stack([rows, columns, rows + columns], axis=-1)[None]
    random = np.random.default_rng(0)
    for _ in range(20):
        window = random_window(random, 0.5)
        seen = value(crop_resize(ramp, window[None], 20))[0]
        assert seen.min() >= 0 and seen[..., :2].max() <= 39
        np.testing.assert_allclose(seen[..., 2], seen[..., 0] + seen[..., 1], atol=1e-3)  # a ramp stays a ramp
        assert np.median(np.diff(seen[:, 0, 0])) == pytest.approx(40 * window[2] / 20, abs=0.05)


def plain_sampler(start, side, length, size):
    """Plain bilinear weights, without antialiasing."""
    ticks = (np.arange(size, dtype="float32") + np.float32(0.5)) / np.float32(size)
    position = np.clip((start + side * ticks) * np.float32(length) - np.float32(0.5), 0, length - 1)
    return np.maximum(1 - np.abs(position[..., None] - np.arange(length, dtype="float32")), 0)


@pytest.mark.parametrize("length, size", [(48, 48), (30, 48), (96, 48)])
def test_windows_that_enlarge_are_plain_bilinear(length, size):
    corner = np.array([[0.0], [0.1], [0.55]], "float32")
    side = np.array([[1.0], [0.5], [0.3]], "float32")[int(length > size):]
    found = ops.convert_to_numpy(_sampler(corner[int(length > size):], side, length, size))
    np.testing.assert_allclose(found, plain_sampler(corner[int(length > size):], side, length, size), atol=1e-4)


@pytest.mark.parametrize("corner, side, size", [
    ((0.0, 0.0), 1.0, 40), ((0.0, 0.0), 1.0, 99),
    ((0.2, 0.31), 0.65, 33), ((0.35, 0.0), 0.65, 20), ((0.4, 0.5), 0.2, 40)])
def test_windows_are_resized_as_by_pillow(corner, side, size):
    image = np.random.default_rng(0).uniform(0, 255, (100, 100, 3)).astype("uint8")
    top, left = (100 * place for place in corner)
    box = (left, top, left + 100 * side, top + 100 * side)
    wanted = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box=box), float)
    window = np.array([[*corner, side]], "float32")
    found = ops.convert_to_numpy(crop_resize(image[None].astype("float32"), window, size))
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
    # rounding, and numbers of 11 bits in OpenCV
    np.testing.assert_allclose(found, images.crop_resize(picture, size), atol=0.8)


def test_noise_falls_to_none():
    for done, expected in ((0, 30), (0.2, 15), (0.4, 0), (1, 0)):
        noise = fading_noise(np.random.default_rng(0), 64, 30.0, done)
        assert noise.shape == (64, 64, 3) and noise.dtype == np.float32
        assert np.std(noise) == pytest.approx(expected, rel=0.03, abs=1e-3)
