"""The exercises of lesson 02, transfer learning -> right, or what is off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tllib import datasets
from tllib.classroom.checks.checking import check, hints, places
from tllib.transfer import FeatureTable, evaluate, train_head

import keras
import numpy as np


@check("Exercise 1")
def imbalance(shares: Sequence[float] | Mapping[str, float], lazy: float, confusion: np.ndarray) -> Iterator[str]:
    """The share of each class that is recognised, and the accuracy of always naming the most common class."""
    shares = np.asarray(list(shares.values()) if isinstance(shares, Mapping) else shares, "float64")
    of_class, right, called = confusion.sum(axis=1), confusion.diagonal(), confusion.sum(axis=0)
    if shares.shape != of_class.shape:
        yield f"shares: one number for each of the {len(of_class)} classes is asked for."
    if not np.allclose(shares, right / of_class, atol=1e-3):
        yield from hints(
            shares, (right, "shares: these are numbers of photos. Out of how many, in each class?"),
            (100 * right / of_class, "shares: between 0 and 1, please, not in percent."),
            (1 - right / of_class, "shares: that is what it gets wrong."),
            (right / confusion.sum(), "shares: that divides by all photos. How many are of that class?"),
            (right / called, "shares: that is how many of those it *called* so really were. The photos that *are* of "
                             "a class are in a row, not in a column."),
            ((right / of_class)[::-1], "shares: the order should be that of the rows."), atol=1e-3)
        yield "shares: not yet. How many photos does a row hold, and how many of them were recognised?"
    if np.ndim(lazy):
        yield "lazy: one number is asked for."
    often = of_class.max() / of_class.sum()
    if not np.isclose(lazy, often, atol=1e-3):
        yield from hints(
            lazy, (of_class.max(), "lazy: that is a number of photos."),
            (100 * often, "lazy: between 0 and 1, please, not in percent."),
            (1 - often, "lazy: that is how often it is wrong."),
            (1 / len(of_class), "lazy: that would be so if there were as many photos of each class."),
            (called.max() / called.sum(), "lazy: that counts what this classifier said. The lazy one never looks: only "
                                          "what the photos are matters."), atol=1e-3)
        yield "lazy: not yet. It says the same name to every photo. To how many of them is it the right one?"


@check("Exercise 2")
def unseen_breeds(for_test: Sequence[int] | Sequence[bool], breed: np.ndarray,
                  photos: datasets.PhotoSet) -> Iterator[str]:
    """About a fifth of the photos, of every class, no breed in both parts."""
    rows = places(for_test, len(breed))
    if rows is None:
        yield f"the numbers of photos are asked for (0 to {len(breed) - 1}), or a yes or no for each of them."
    if len(set(rows)) < len(rows):
        yield ("some photos are named more than once. (A yes or no is True or False, not 1 or 0.)"
               if set(rows) <= {0, 1} else f"{len(rows) - len(set(rows))} photos are named more than once.")
    if not 0.15 <= len(rows) / len(breed) <= 0.25:
        yield f"{len(rows)} of {len(breed)} photos are for testing; about a fifth is asked for (photos, not breeds)."
    shared = set(breed[rows]) & set(np.delete(breed, rows))
    if shared:
        yield f"{len(shared)} breeds are in both parts: the head would be judged on breeds that it has seen."
    inside = np.bincount(photos.labels[rows], minlength=len(photos.class_names)) / len(rows)
    for name, share, count in zip(photos.class_names, inside, photos.counts().values(), strict=True):
        if share < 0.5 * count / len(photos):
            yield f"no breed is in both parts, but {name!r} is hardly there to be tested. How are the breeds ordered?"


@check("Exercise 3")
def few_features(columns: Sequence[int] | Sequence[bool], table: FeatureTable, test: FeatureTable) -> Iterator[str]:
    """Ten features with which a head is right at least 0.85 of the time."""
    columns = places(columns, table.x.shape[1])
    if columns is None:
        yield f"the numbers of features are asked for, 0 to {table.x.shape[1] - 1}: places, not values."
    if not 0 < len(columns) <= 10:
        yield f"ten features are allowed, these are {len(columns)}."
    if len(set(columns)) < len(columns):
        yield "one of them is named more than once."
    learn, judge = (replace(part, x=np.ascontiguousarray(part.x[:, columns])) for part in (table, test))
    accuracy = evaluate(train_head(learn), judge).accuracy
    if accuracy < 0.85:
        yield (f"a head on these is right {accuracy:.2f} of the time, and 0.85 is asked for. A good feature differs "
               "between the classes more than it does within each. Do yours?")


@check("Exercise 4")
def whole_program(model: keras.Model, photos: datasets.PhotoSet) -> Iterator[str]:
    """A network, pixels from 0 to 255 -> a score for each class, that is right about 0.7 of photos it has not seen."""
    if not callable(getattr(model, "predict", None)):
        yield "a Keras model is asked for, pixels -> a score for each breed."
    shape, classes = tuple(getattr(model, "input_shape", ())), len(photos.class_names)
    if len(shape) == 2:
        yield f"this model takes {shape[1]} features, not pixels: it is the head. Put the backbone before it."
    pixels = np.stack([photos.read(row, size=shape[1] if len(shape) == 4 else 224) for row in range(len(photos))])
    scores = np.asarray(model.predict(pixels, verbose=0))
    if scores.shape != (len(photos), classes):
        yield from hints(
            scores.shape[-1], (1280, "this model answers with 1280 features: it is the backbone. The head is missing."),
            (1000, "this model answers with 1000 scores: its last layer is still the one for ImageNet."))
        yield f"{len(photos)} photos of {classes} breeds: expected {(len(photos), classes)} scores, got {scores.shape}."
    if not np.isfinite(scores).all():
        yield "there is a NaN or an infinite value among its answers. Was the learning rate too high?"
    accuracy = np.mean(scores.argmax(axis=1) == photos.labels)
    if accuracy < 0.7:
        scaled = np.mean(np.asarray(model.predict(pixels / np.float32(255), verbose=0)).argmax(axis=1) == photos.labels)
        if scaled >= 0.7:
            yield (f"it is right {accuracy:.2f} of the time, and {scaled:.2f} if pixels are divided by 255 first. Here "
                   "they go from 0 to 255.")
        yield (f"it is right {accuracy:.2f} of the time, and 0.7 is asked for (guessing: {1 / classes:.2f}). Was the "
               "backbone frozen, and is the loss on the training photos near 0?")
