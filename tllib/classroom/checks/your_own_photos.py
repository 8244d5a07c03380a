"""The exercises of lesson 08, your own photos -> right, or what is off."""

from collections.abc import Iterator, Sequence

from tllib.classroom.checks.checking import check, hints, places
from tllib.datasets import PhotoSet

import numpy as np


@check("Exercise 1")
def by_object(mean: float, error: float, right: np.ndarray, objects: np.ndarray) -> Iterator[str]:
    """The mean over objects of the share that was right, and its standard error."""
    shares = np.array([right[objects == one].mean() for one in np.unique(objects)])
    count, spread = len(shares), shares.std(ddof=1)
    if np.ndim(mean) or np.ndim(error):
        yield "two numbers are asked for: the accuracy, and its standard error."
    if not np.isclose(mean, shares.mean(), atol=1e-3):
        yield from hints(mean, (100 * shares.mean(), "mean: between 0 and 1, please, not in percent."),
                         (1 - shares.mean(), "mean: that is how often it was wrong."),
                         (right.sum(), "mean: that is a number of photos."),
                         (right.mean(), "mean: that is the mean over photos. First a share for each object, then "
                                        "the mean of these."), atol=1e-3)
        yield "mean: not yet. First the share of each object that was right, then the mean of these shares."
    if np.isclose(error, spread / np.sqrt(count), atol=1e-3) or np.isclose(error, shares.std() / np.sqrt(count),
                                                                            atol=1e-3):
        return
    yield from hints(
        error, (np.sqrt(right.mean() * (1 - right.mean()) / len(right)),
                f"error: that takes the {len(right)} photos for as many answers. Photos of one object stand or fall "
                f"together: there are {count}."),
        (right.std() / np.sqrt(count), "error: that is the spread of single photos. Take that of the objects' shares."),
        (right.std(ddof=1) / np.sqrt(count), "error: that is the spread of single photos. Take that of the objects' "
                                             "shares."),
        (spread / np.sqrt(len(right)), f"error: you divide by the root of {len(right)}, the photos. How many shares "
                                       "are there?"),
        (spread, "error: that is the spread of the shares. Their mean is surer than a single one is."),
        (shares.std(), "error: that is the spread of the shares. Their mean is surer than a single one is."),
        (spread / count, "error: you divide by the number of objects. It is its square root that counts."),
        (shares.var(ddof=1) / count, "error: that is its square, a variance."), atol=1e-3)
    yield "error: not yet. The standard deviation of the shares, divided by the root of how many there are."


@check("Exercise 2")
def four_each(rows: Sequence[int] | Sequence[bool], photos: PhotoSet, objects: np.ndarray) -> Iterator[str]:
    """Four photos of each kind, of as many objects as there are."""
    labels = photos.labels
    rows = places(rows, len(labels))
    if rows is None:
        yield f"the numbers of photos are asked for (0 to {len(labels) - 1}), or a yes or no for each of them."
    if len(set(rows)) < len(rows):
        yield "a photo is named more than once."
    for label, name in enumerate(photos.class_names):
        own = rows[labels[rows] == label]
        there = len(set(objects[labels == label]))
        if len(own) != 4:
            yield f"four photos of each kind are asked for; of {name}, these are {len(own)}."
        shown = len(set(objects[own]))
        if shown < min(4, there):
            yield (f"of {name}, they show {shown} of {there} objects. What does a head learn from another photo "
                   "of the same one?")


@check("Exercise 3")
def doubt(answered: float, accuracy: float, probabilities: np.ndarray, labels: np.ndarray,
          threshold: float) -> Iterator[str]:
    """The share of photos with an answer as sure as the threshold, and how many of those answers are right."""
    sure = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1) == labels
    if np.ndim(answered) or np.ndim(accuracy):
        yield "two numbers are asked for: the share that is answered, and the accuracy of these answers."
    if not np.isclose(answered, sure.mean(), atol=1e-3):
        yield from hints(answered, (sure.sum(), "answered: that is a number of photos. What share is it?"),
                         (100 * sure.mean(), "answered: between 0 and 1, please, not in percent."),
                         (1 - sure.mean(), "answered: that is how often it is silent."),
                         ((probabilities >= threshold).mean(), "answered: that counts each probability. An answer is "
                                                               "the larger one of a photo."), atol=1e-3)
        yield f"answered: not yet. Of how many photos is the largest probability {threshold} or more?"
    if not sure.any():
        if accuracy == 0:
            return
        yield "accuracy_of_answers: it answers nothing. Say 0."
    wanted = right[sure].mean()
    if not np.isclose(accuracy, wanted, atol=1e-3):
        yield from hints(
            accuracy,
            (100 * wanted, "accuracy_of_answers: between 0 and 1, please, not in percent."),
            (1 - wanted, "accuracy_of_answers: that is how often these answers are wrong."),
            ((right & sure).mean(),
             "accuracy_of_answers: that divides by all photos. Only those with an answer count."),
            (right.mean(), "accuracy_of_answers: that is of all photos. Only those with an answer count."), atol=1e-3)
        yield "accuracy_of_answers: not yet. Of the photos with an answer, how many answers are right?"
