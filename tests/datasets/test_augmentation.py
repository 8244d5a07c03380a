from tllib import datasets

import numpy as np
import pytest


@pytest.fixture
def ramps():
    """Two images whose red tells the column and whose green tells the row."""
    rows, columns = np.mgrid[0:64, 0:64].astype("float32")
    image = np.stack([2 * columns, 2 * rows, np.full((64, 64), 200)], axis=-1)
    return np.stack([image] * 30)


def test_windows_lie_inside_the_photo_and_half_are_mirrored(ramps):
    before = ramps.copy()
    changed = datasets.random_crop_flip(ramps, np.random.default_rng(0))
    np.testing.assert_array_equal(ramps, before)
    assert changed.shape == ramps.shape and changed.dtype == np.float32
    assert changed[..., :2].min() >= 0 and changed[..., :2].max() <= 126 and (changed[..., 2] == 200).all()
    widths = np.abs(changed[:, 32, -1, 0] - changed[:, 32, 0, 0]) / 126
    heights = (changed[:, -1, 32, 1] - changed[:, 0, 32, 1]) / 126
    assert widths.min() > 0.55 and widths.max() > 0.85 and widths.std() > 0.05
    np.testing.assert_allclose(heights, widths, atol=0.02)
    mirrored = changed[:, 32, -1, 0] < changed[:, 32, 0, 0]
    assert 8 <= mirrored.sum() <= 22


def test_the_same_generator_shakes_alike(ramps):
    one, again, other = (datasets.random_crop_flip(ramps, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_without_zoom_it_only_mirrors(ramps):
    for before, after in zip(ramps, datasets.random_crop_flip(ramps, np.random.default_rng(0), crop=0), strict=True):
        assert (after == before).all() or (after == before[:, ::-1]).all()


@pytest.mark.parametrize("settings", [{"crop": 1}, {"crop": -0.1}])
def test_wrong_settings(ramps, settings):
    with pytest.raises(ValueError, match="0 <= crop < 1"):
        datasets.random_crop_flip(ramps, np.random.default_rng(0), **settings)


def test_a_dark_batch_is_a_batch_too(ramps):
    assert not datasets.random_crop_flip(0 * ramps, np.random.default_rng(0)).any()
