"""The exercises of lesson 07, how far transfer reaches -> right, or what is off."""

import math
from collections.abc import Iterator

from tllib.classroom.checks.checking import check, hints
from tllib.transfer import FeatureTable

import numpy as np


@check("Exercise 1")
def more_than_guessing(right: float, pictures: int, classes: int) -> Iterator[str]:
    """The smallest number of right answers that lies two standard errors above guessing."""
    if np.ndim(right):
        yield "one number is asked for."
    guess = 1 / classes
    error = math.sqrt(guess * (1 - guess) / pictures)
    expected = math.ceil(pictures * (guess + 2 * error))
    if 0 < right < 1:
        yield "that looks like a share. How many pictures is it?"
    for other, hint in ((pictures * guess, "that is what guessing gives on average: half of all guessers do better."),
                        (math.ceil(pictures * (guess + error)), "that is one standard error above. Two are asked for."),
                        (math.ceil(pictures * (guess + 2 * guess * (1 - guess) / pictures)),
                         "a square root is missing."),
                        (math.ceil(pictures * (guess + 2 * math.sqrt(guess * (1 - guess)))),
                         "that is the spread of a single answer. The mean of many spreads less: divide by their number "
                         "under the root."),
                        (math.ceil(pictures * (guess + 2 * math.sqrt(0.25 / pictures))),
                         "that would be the error if guessing were right half of the time.")):
        if math.ceil(right) == math.ceil(other) != expected:
            yield hint
    if math.ceil(right) != expected:
        yield f"not yet. What share is guessing right with {classes} classes, and how far does it stray?"


@check("Exercise 2")
def forecast(share: float, table: FeatureTable) -> Iterator[str]:
    """How often the nearest other row of the table has the same class."""
    if np.ndim(share):
        yield "one number is asked for, between 0 and 1."
    far = np.linalg.norm(np.asarray(table.x)[:, None] - np.asarray(table.x)[None], axis=2)
    np.fill_diagonal(far, np.inf)
    expected = (table.y[far.argmin(axis=1)] == table.y).mean()
    farthest = (table.y[np.where(np.isinf(far), -1, far).argmax(axis=1)] == table.y).mean()
    if not np.isclose(share, expected, atol=1e-3):
        yield from hints(share, (1, "too good to be true. Which row is nearest to a row? Leave that one out."),
                         (100 * expected, "as a share please, between 0 and 1, not in percent."),
                         (expected * len(table), "that is a number of pictures. Divide by how many there are."),
                         (1 - expected, "that is the share it gets wrong."),
                         (farthest, "that asks the picture that is farthest away."), atol=1e-3)
        yield "not yet. Is it this table, every row of it, and the class of the nearest other row?"


@check("Exercise 3")
def same_winding(changed: np.ndarray, batch: np.ndarray) -> Iterator[str]:
    """Every picture moved to other places, and a spiral in it still winds the same way."""
    changed, turns = np.asarray(changed), [np.rot90(batch, turn, axes=(1, 2)) for turn in (1, 2, 3)]
    if changed.shape != batch.shape:
        yield f"the shape should stay {batch.shape}, it is {changed.shape}."
    if np.array_equal(changed, batch):
        yield "nothing has changed."
    if any(np.array_equal(changed, np.rot90(batch[:, :, ::-1], turn, axes=(1, 2))) for turn in range(4)):
        yield ("now they wind the other way: this is a mirror image (perhaps turned as well). Draw a spiral on paper "
               "and hold the paper to a mirror.")
    if np.array_equal(changed, batch[..., ::-1]):
        yield "only the colours have changed places. Move the pixels, not the channels."
    if np.array_equal(changed, batch[::-1]):
        yield "these are the same pictures in another order. The first axis counts pictures."
    # Each picture may be turned by its own angle.
    if not all(any(np.array_equal(one, turn[row]) for turn in turns) for row, one in enumerate(changed)):
        yield "not yet. The same pixels in other places: which movements of a sheet of paper keep its front in front?"
