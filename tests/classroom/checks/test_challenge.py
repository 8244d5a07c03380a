from pathlib import Path

from tests.classroom.checks.saying import says
from tllib.classroom.checks import challenge as lesson
from tllib.transfer import FeatureTable

import numpy as np


def table(seed=0, n=20, width=6):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, width)).astype("float32")
    return FeatureTable(x, np.arange(n, dtype="int32") % 2, tuple(Path(f"{i}.png") for i in range(n)), ("a", "b"))


def test_more_than_guessing(capsys):
    for right in (16, 16.0, 15.92, np.int64(16)):
        assert "right." in says(capsys, lesson.more_than_guessing, right, 80, 8)
    for wrong, hint in ((..., "dots"), (10, "half of all guessers"), (13, "one standard error"), (0.2, "a share"),
                        (11, "square root"), (63, "single answer"), (19, "half of the time"), (40, "not yet"),
                        ([16], "one number"), ("many", "can't be checked")):
        assert hint in says(capsys, lesson.more_than_guessing, wrong, 80, 8)


def test_forecast(capsys):
    few = table()
    far = ((few.x[:, None] - few.x[None]) ** 2).sum(axis=2)
    orders = np.argsort(far, axis=1)
    share = np.mean([few.y[order[1]] == label for order, label in zip(orders, few.y, strict=True)])
    assert 0.1 < share < 0.9
    for right in (share, round(float(share), 3), np.float32(share)):
        assert "right." in says(capsys, lesson.forecast, right, few)
    for wrong, hint in ((..., "dots"), (1.0, "too good"), (100 * share, "percent"), (20 * share, "Divide"),
                        (1 - share, "gets wrong"), (np.mean(few.y[orders[:, -1]] == few.y), "farthest"),
                        (0.987, "not yet"), ([share], "one number"), (None, "can't be checked")):
        assert hint in says(capsys, lesson.forecast, wrong, few)


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
