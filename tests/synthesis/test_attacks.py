"""The rules of attacks, asked by a linear "network" whose answer is known by hand."""

from tllib.synthesis.attacks import DDN, PGD, whole_change
from tllib.synthesis.distortions import DISTORTIONS, JPEG, TURNED, Distortion

import numpy as np
import pytest


def run(attack, weights, offset):
    """Let a linear network answer: margin = weights · change - offset."""
    asked = []
    while not attack.done:
        asked.append(attack.shown().copy())
        margin = float((weights * (asked[-1] - attack.photo)).sum() - offset)
        attack.learn(margin, float(margin > 2), weights)
    return asked


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(60, 200, (16, 16, 3)).astype("uint8")


@pytest.fixture
def weights():
    return np.random.default_rng(1).laplace(size=(16, 16, 3)).astype("float32")


def test_one_step_is_the_sign_of_the_gradient(photo, weights):
    attack = PGD(photo, epsilon=3, steps=1)
    run(attack, weights, 1e9)
    np.testing.assert_array_equal(attack.best - photo, 3 * np.sign(weights))


def test_a_budget_is_kept_and_so_are_black_and_white(weights):
    photo = np.random.default_rng(0).choice([0, 1, 254, 255], (16, 16, 3)).astype("uint8")
    attack = PGD(photo, epsilon=2, steps=30)
    asked = run(attack, weights, 1e9)
    assert len(asked) == 31 and attack.taken == 30
    for picture in asked:
        assert np.abs(picture - photo).max() <= 2 and picture.min() >= 0 and picture.max() <= 255
        np.testing.assert_array_equal(picture, np.rint(picture))


def test_it_ends_when_it_is_sure(photo, weights):
    reach = np.abs(weights).sum()
    attack = PGD(photo, epsilon=4, steps=50)
    assert len(run(attack, weights, 0.5 * reach)) < 10
    assert (weights * (attack.best - photo)).sum() > 0.5 * reach


def test_every_distortion_is_met_and_the_gradient_turned_back(photo, weights):
    applied, undone = [], []
    several = [Distortion(name, lambda image, name=name: (applied.append(name), image)[1],
                        lambda change, name=name: (undone.append(name), change)[1]) for name in "abc"]
    run(PGD(photo, epsilon=2, steps=8, distortions=several), weights, 0.0)
    assert applied == undone and len(applied) == 9
    for begin in (0, 3, 6):
        assert sorted(applied[begin:begin + 3]) == ["a", "b", "c"]
    np.testing.assert_allclose(TURNED.undo(TURNED.apply(np.full((9, 9, 3), 7, "uint8"))), 7)


def test_distortions_keep_shape_and_type_and_change_pictures(dog):
    for each in DISTORTIONS:
        before = dog.copy()
        after = each.apply(dog)
        np.testing.assert_array_equal(dog, before)
        assert after.shape == dog.shape and after.dtype == np.uint8
        assert (np.abs(after.astype(int) - dog).mean() > 0.5) == (each.name != "saved as PNG")
    assert np.abs(JPEG.apply(dog).astype(int) - dog).mean() < 8


@pytest.mark.parametrize("norm", [3.0, 12.0, 40.0])
def test_whole_changes_have_the_norm_and_no_better_exists(norm, weights):
    change = whole_change(weights, norm)
    np.testing.assert_array_equal(change, np.rint(change))
    assert norm <= np.linalg.norm(change) <= norm + 1
    gain, cost = float((weights * change).sum()), float((change**2).sum())
    # Greedy: each further grey level where gain by cost is best; optimal for a linear answer.
    best, spent, sizes = 0.0, 0.0, np.zeros(weights.size)
    while True:
        worth = np.abs(weights).ravel() / (2 * sizes + 1)
        place = worth.argmax()
        if spent + 2 * sizes[place] + 1 > cost + 1e-6:
            break
        spent += 2 * sizes[place] + 1
        best += np.abs(weights).ravel()[place]
        sizes[place] += 1
    assert gain >= 0.995 * best


def test_the_smallest_change_is_nearly_the_smallest(photo, weights):
    length = float(np.linalg.norm(weights))
    attack = DDN(photo, steps=60)
    run(attack, weights, 12 * length)  # with decimals, a norm of 12 would do
    needed = min(np.linalg.norm(change) for change in (whole_change(weights, norm) for norm in np.arange(12, 16, 0.02))
                 if (weights * change).sum() > 12 * length + 0.02)
    assert attack.best_norm <= 1.01 * needed
    assert float((weights * (attack.best - photo)).sum()) > 12 * length


def test_what_cannot_be_reached_is_not_claimed(photo, weights):
    attack = DDN(photo, steps=20)
    run(attack, weights, 1e9)
    np.testing.assert_array_equal(attack.best, photo)
    assert attack.best_norm == np.inf
