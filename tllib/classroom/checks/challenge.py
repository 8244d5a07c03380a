"""The exercises of lesson 07, how far transfer reaches -> right, or what is off."""

import math
from collections.abc import Iterator

from tllib.classroom.checks.checking import check, hints

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
def bright(y: np.ndarray, y_test: np.ndarray, pixels: np.ndarray, pixels_test: np.ndarray) -> Iterator[str]:
    """1 for each photo whose mean is above the median of the means of those to learn from, else 0."""
    mean, mean_test = (np.mean(photos, axis=(1, 2, 3), dtype="float64") for photos in (pixels, pixels_test))
    level = np.median(mean)
    for name, labels, means in (("y", y, mean), ("y_test", y_test, mean_test)):
        labels = np.asarray(labels)
        if labels.shape != means.shape:
            yield f"{name} should hold a label for each photo, shape {means.shape}; it has {labels.shape}."
        if not np.isin(labels, (0, 1)).all():
            yield f"{name} should hold a 0 or a 1 for each photo."
        if np.array_equal(labels, means <= level):
            yield f"{name} has it the other way round: a bright photo gets a 1."
        if not np.array_equal(labels, means > level):
            both = np.concatenate([mean, mean_test])
            yield from hints(
                labels,
                (means > np.median(mean_test),
                 f"{name}: the threshold comes from the photos to judge by. They must not have a say in anything "
                 "before they judge."),
                (means > np.median(both), f"{name}: all photos went into the threshold. Those to judge by must not."),
                (means > mean.mean(), f"{name}: the mean is the threshold. The median is asked for."),
                (means > 127.5,
                 f"{name}: that takes the middle of all grey levels. The median of the photos is asked for."))
            yield f"{name}: not yet. One mean for each photo, over rows, columns and colours?"


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
