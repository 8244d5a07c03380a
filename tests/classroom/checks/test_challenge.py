from tests.classroom.checks.saying import says
from tllib.classroom.checks import challenge as lesson

import numpy as np


def test_more_than_guessing(capsys):
    for right in (16, 16.0, 15.92, np.int64(16)):
        assert "right." in says(capsys, lesson.more_than_guessing, right, 80, 8)
    for wrong, hint in ((..., "dots"), (10, "half of all guessers"), (13, "one standard error"), (0.2, "a share"),
                        (11, "square root"), (63, "single answer"), (19, "half of the time"), (40, "not yet"),
                        ([16], "one number"), ("many", "can't be checked")):
        assert hint in says(capsys, lesson.more_than_guessing, wrong, 80, 8)


def test_bright(capsys):
    random = np.random.default_rng(0)
    photos = [np.uint8(random.uniform(low, high, (40, 1, 1, 1)) + random.uniform(-10, 10, (40, 6, 6, 3)))
              for low, high in ((20, 140), (60, 230))]
    mean, mean_test = (each.mean(axis=(1, 2, 3)) for each in photos)
    level = np.median(mean)
    y, y_test = mean > level, mean_test > level
    for right in ((y, y_test), (y.astype("int32"), y_test.astype("float32")), (y.tolist(), list(map(int, y_test)))):
        assert "right." in says(capsys, lesson.bright, *right, *photos)
    together = np.median([mean, mean_test])
    for wrong, hint in (((..., y_test), "dots"), ((~y, y_test), "y has it the other way"),
                        ((y, ~y_test), "y_test has it the other way"),
                        ((y, mean_test > np.median(mean_test)), "photos to judge by"),
                        ((mean > together, mean_test > together), "all photos"),
                        ((mean > mean.mean(), y_test), "the mean is the threshold"),
                        ((mean > 127.5, y_test), "middle of all grey levels"), ((y, y), "y_test: not yet"),
                        ((mean, y_test), "a 0 or a 1"), ((y_test[:20], y_test), "shape (40,)"),
                        ((y, photos[1].mean(axis=(1, 2)) > level), "shape (40,)"), ((y, None), "shape")):
        assert hint in says(capsys, lesson.bright, *wrong, *photos)


def test_same_winding(capsys):
    batch = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype("uint8")
    each = np.stack([np.rot90(one, turn) for turn, one in enumerate(batch, start=1)])
    for right in (np.rot90(batch, axes=(1, 2)), batch[:, ::-1, ::-1], batch.transpose(0, 2, 1, 3)[:, ::-1],
                  each, np.rot90(batch, 3, axes=(1, 2)).astype("float32")):
        assert "right." in says(capsys, lesson.same_winding, right, batch)
    half = batch[:, ::-1, ::-1].copy()
    half[0] = batch[0]
    for wrong, hint in ((..., "dots"), (batch, "nothing"), (batch[:, :, ::-1], "mirror"), (batch[:, ::-1], "mirror"),
                        (batch.transpose(0, 2, 1, 3), "mirror"), (batch[::-1], "another order"),
                        (batch[..., ::-1], "colours"), (batch[:, :4], "shape"), (np.roll(batch, 1, axis=2), "not yet"),
                        (half, "not yet"), (batch // 2, "not yet")):
        assert hint in says(capsys, lesson.same_winding, wrong, batch)
