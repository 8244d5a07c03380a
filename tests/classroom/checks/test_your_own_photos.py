from pathlib import Path

from tests.classroom.checks.saying import says
from tllib.classroom.checks import your_own_photos as lesson
from tllib.datasets import PhotoSet

import numpy as np

OBJECTS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3])
RIGHT = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1], bool)
SHARES = np.array([1, 0.75, 0, 1])


def test_four_objects_are_four_answers(capsys):
    mean, spread = SHARES.mean(), SHARES.std(ddof=1)
    for error in (spread / 2, SHARES.std() / 2, np.float32(spread / 2)):
        assert "right." in says(capsys, lesson.by_object, mean, error, RIGHT, OBJECTS)
    for wrong, hint in (((..., spread / 2), "dots"), ((100 * mean, spread / 2), "percent"),
                        ((1 - mean, spread / 2), "how often it was wrong"), ((RIGHT.mean(), spread / 2), "over photos"),
                        ((9, spread / 2), "number of photos"), ((0.5, spread / 2), "mean: not yet"),
                        ((SHARES, spread / 2), "two numbers"),
                        ((mean, np.sqrt(RIGHT.mean() * (1 - RIGHT.mean()) / 16)), "there are 4"),
                        ((mean, RIGHT.std() / 2), "single photos"), ((mean, spread / 4), "How many shares"),
                        ((mean, spread), "surer"), ((mean, SHARES.std()), "surer"),
                        ((mean, spread**2 / 4), "variance"), ((mean, 0.7), "error: not yet")):
        assert hint in says(capsys, lesson.by_object, *wrong, RIGHT, OBJECTS)


def test_all_right_and_all_wrong_have_no_error(capsys):
    for right in (np.ones(16, bool), np.zeros(16, bool)):
        assert "right." in says(capsys, lesson.by_object, right.mean(), 0.0, right, OBJECTS)


PLACES = np.arange(40) // 4
PHOTOS = PhotoSet(tuple(Path(f"{row}.jpg") for row in range(40)), np.repeat([0, 1], 20), ("glass", "mug"), "40 photos")


def test_four_photos_of_each_kind(capsys):
    yes = np.isin(np.arange(40), [0, 4, 9, 15, 20, 27, 30, 32])
    for right in (yes, np.flatnonzero(yes), np.flatnonzero(yes).tolist(), [12, 0, 19, 5, 39, 35, 31, 27]):
        assert "right." in says(capsys, lesson.four_each, right, PHOTOS, PLACES)
    for wrong, hint in ((..., "dots"), (np.r_[0:4, 20:24], "1 of 5"), ([0, 4, 8, 12, 20, 21, 24, 28], "of mug, they"),
                        ([0, 4, 8, 12], "of mug, these are 0"), (np.arange(0, 40, 4), "these are 5"),
                        ([0, 0, 4, 8, 20, 24, 28, 32], "more than once"), ([0, 4, 8, 40], "0 to 39"),
                        ([0.5], "0 to 39"), (np.ones(8, bool), "0 to 39"), ("mug", "0 to 39")):
        assert hint in says(capsys, lesson.four_each, wrong, PHOTOS, PLACES)


def test_fewer_objects_than_photos_will_do(capsys):
    assert "right." in says(capsys, lesson.four_each, [0, 1, 10, 11, 20, 21, 30, 31], PHOTOS, np.arange(40) // 10)


TRUTH = np.array([0, 0, 1, 1, 1])
PROBABILITIES = np.array([[0.95, 0.05], [0.3, 0.7], [0.1, 0.9], [0.85, 0.15], [0.02, 0.98]])


def test_only_sure_answers(capsys):
    for right in ((0.8, 0.75), (np.float32(0.8), 3 / 4)):
        assert "right." in says(capsys, lesson.doubt, *right, PROBABILITIES, TRUTH, 0.8)
    for wrong, hint in (((..., 0.75), "dots"), ((4, 0.75), "number of photos"), ((80, 0.75), "percent"),
                        ((0.2, 0.75), "silent"), ((0.4, 0.75), "counts each"), ((0.9, 0.75), "answered: not yet"),
                        ((0.8, 75), "percent"), ((0.8, 0.25), "are wrong"), ((0.8, 0.6), "all photos"),
                        ((0.8, 0.1), "accuracy_of_answers: not yet"), ((TRUTH, 0.75), "two numbers"),
                        (("few", 1), "can't")):
        assert hint in says(capsys, lesson.doubt, *wrong, PROBABILITIES, TRUTH, 0.8)


def test_a_threshold_that_nothing_reaches(capsys):
    assert "right." in says(capsys, lesson.doubt, 0.0, 0.0, PROBABILITIES, TRUTH, 0.99)
    assert "Say 0" in says(capsys, lesson.doubt, 0.0, 1.0, PROBABILITIES, TRUTH, 0.99)
