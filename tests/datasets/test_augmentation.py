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
    shaken = datasets.shake(ramps, np.random.default_rng(0))
    np.testing.assert_array_equal(ramps, before)
    assert shaken.shape == ramps.shape and shaken.dtype == np.float32
    assert shaken[..., :2].min() >= 0 and shaken[..., :2].max() <= 126 and (shaken[..., 2] == 200).all()
    widths = np.abs(shaken[:, 32, -1, 0] - shaken[:, 32, 0, 0]) / 126
    heights = (shaken[:, -1, 32, 1] - shaken[:, 0, 32, 1]) / 126
    assert widths.min() > 0.55 and widths.max() > 0.85 and widths.std() > 0.05
    np.testing.assert_allclose(heights, widths, atol=0.02)
    mirrored = shaken[:, 32, -1, 0] < shaken[:, 32, 0, 0]
    assert 8 <= mirrored.sum() <= 22


def test_the_same_generator_shakes_alike(ramps):
    one, again, other = (datasets.shake(ramps, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_without_zoom_it_only_mirrors(ramps):
    for before, after in zip(ramps, datasets.shake(ramps, np.random.default_rng(0), zoom=0), strict=True):
        assert (after == before).all() or (after == before[:, ::-1]).all()


@pytest.mark.parametrize("wish", [{"zoom": 1}, {"zoom": -0.1}])
def test_wrong_wishes(ramps, wish):
    with pytest.raises(ValueError, match="0 <= zoom < 1"):
        datasets.shake(ramps, np.random.default_rng(0), **wish)
    with pytest.raises(ValueError, match="pixels go from 0 to 255"):
        datasets.shake(ramps / 255, np.random.default_rng(0))
