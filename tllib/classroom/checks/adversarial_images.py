"""The exercises of the lesson on adversarial images -> right, or what is off."""

from collections.abc import Callable, Iterator, Sequence

from tllib import backbones, datasets, images, synthesis, transfer
from tllib.classroom.checks.checking import check, hints
from tllib.synthesis.result import names_of

import keras
import numpy as np


@check("Exercise 1")
def distances(largest: float, l2: float, before: np.ndarray, after: np.ndarray) -> Iterator[str]:
    """Largest change of a value and L2 norm of the change, in grey levels."""
    if np.size(largest) != 1 or np.size(l2) != 1:
        yield "two numbers are asked for: the largest change, and the length of the whole change."
    largest, l2 = (float(np.asarray(number).ravel()[0]) for number in (largest, l2))
    no_minus = "pixels are uint8, which knows no minus: 3 - 5 gives 254. Turn them into int first."
    change, wrapped, turned = after.astype(int) - before, after - before, before - after
    if not np.isclose(largest, np.abs(change).max()):
        no_sign = "largest: darker counts as much as brighter. What is the size of a change, without its sign?"
        yield from hints(largest, (wrapped.max(), f"largest: {no_minus}"), (turned.max(), f"largest: {no_minus}"),
                         (np.abs(change).mean(), "largest: that is the mean change."), (change.max(), no_sign),
                         (change.min(), no_sign), (-np.abs(change).max(), no_sign),
                         (np.abs(change).max() / 255, "largest: in grey levels please, not as a share of 255."))
        yield "largest: not yet. How far does any one value move?"
    expected = np.linalg.norm(change)
    if np.isclose(l2, expected, rtol=1e-3):
        return
    yield from hints(l2, (np.linalg.norm(wrapped), f"l2: {no_minus}"), (np.linalg.norm(turned), f"l2: {no_minus}"),
                     (expected**2, "l2: that is the sum of the squares; the root is missing."),
                     (np.sqrt(np.square(change, dtype=float).mean()), "l2: a mean of squares. L2 adds them up."),
                     (np.abs(change).sum(), "l2: that is the sum of the sizes (called L1). L2 adds up squares."),
                     (np.abs(change.sum()), "l2: up and down cancel out in that sum."))
    yield "l2: not yet. Square every difference, add them all up, take the root."


@check("Exercise 2")
def iterated(walked: np.ndarray, network: keras.Model, photo: np.ndarray, target: str | int,
             epsilon: int) -> Iterator[str]:
    """A picture, uint8, within `epsilon` grey levels of the photo, that the network takes for `target`."""
    if np.shape(walked) != photo.shape:
        yield f"a picture of the photo's shape is asked for, {photo.shape}; got {np.shape(walked)}."
    walked = np.asarray(walked)
    if walked.dtype != np.uint8:
        yield f"a picture file holds whole numbers from 0 to 255, uint8; this is {walked.dtype}."
    moved = np.abs(walked.astype(int) - photo)
    if not moved.any():
        yield "no pixel has changed."
    if moved.max() > 128:
        yield "some values have jumped to the other end: uint8 has no room for -1, nor for 256. Make the box of ints."
    if moved.max() > epsilon:
        yield (f"a value has moved {moved.max()} grey levels away from the photo, {epsilon} are allowed. After each "
               "step, put back what has left the box around the photo, not around the last picture.")
    (before, _), (after, rank) = (synthesis.second_opinion(network, each, target) for each in (photo, walked))
    if after < before:
        yield "this goes the other way: it is less of a cat than the photo was."
    if rank > 1:
        yield (f"within the box, but the cat is only number {rank} for the network. Does every step begin at the "
               "picture as it is now, with a new gradient? Are there ten?")


@check("Exercise 3")
def defence(wash: Callable[[np.ndarray], np.ndarray], network: keras.Model,
            attacked: Sequence[synthesis.ImageResult]) -> Iterator[str]:
    """A treatment with which more pictures, fakes and untouched photos together, are called what they are."""
    wash = wash.apply if isinstance(wash, synthesis.Distortion) else wash
    if not callable(wash):
        yield f"something that takes a picture and gives one is asked for, this is a {type(wash).__name__}."
    fakes, photos = [result.image for result in attacked], [result.start for result in attacked]
    washed = [wash(picture.copy()) for picture in (*fakes, *photos)]
    for picture in washed:
        if np.ndim(picture) != 3 or np.shape(picture)[-1] != 3 or np.max(picture) <= 1.5 or np.max(picture) > 255:
            yield "what it gives back is no picture: height × width × 3, pixels from 0 to 255."
    if any(np.array_equal(washed[0], other) for other in washed[1:]):
        yield "it gives the same picture for different ones. A defence doesn't know what was in front of the camera."
    truth = [result.source for result in attacked]
    found, right = ([said == name for said, name in zip(_calls(network, group), [*truth, *truth], strict=True)]
                    for group in ([*fakes, *photos], washed))
    lost = sum(found[len(fakes):]) - sum(right[len(fakes):])
    if sum(right) <= sum(found) and lost > 0:
        yield (f"{sum(right)} of {len(right)} are right, {sum(found)} without it. Of the untouched photos it loses "
               f"{lost}: wash more gently.")
    if sum(right) <= sum(found):
        yield f"{sum(right)} of {len(right)} are right, {sum(found)} without it. The fakes still fool."


def _calls(network: keras.Model, pictures: Sequence[np.ndarray]) -> list[str]:
    batch = images.rounded(images.crop_resize_batch(pictures, network.input_shape[1]))
    return [names_of(network)[number] for number in backbones.predict_proba(network, batch).argmax(axis=1)]


@check("Exercise 4")
def trained_against(classifier: transfer.Classifier, again: Sequence[synthesis.ImageResult], test: datasets.PhotoSet,
                    fakes: Sequence[synthesis.ImageResult], truth: np.ndarray) -> Iterator[str]:
    """A classifier that is right about fakes it learned from, and fakes made for it, of photos held back."""
    if not isinstance(classifier, transfer.Classifier):
        yield f"the classifier that transfer.assemble gives is asked for, this is a {type(classifier).__name__}."
    if isinstance(again, synthesis.ImageResult) or not all(isinstance(one, synthesis.ImageResult) for one in again):
        yield "again: the list that synthesis.adversarial_images gives is asked for."
    held_back = [test.read(row) for row in range(len(test))]
    old = _share_right(classifier, [fake.image for fake in fakes], truth)
    photos = _share_right(classifier, held_back, test.labels)
    if photos < 0.85:
        yield f"it is right about {photos:.0%} of the photos held back. Those to learn from must stay among its rows."
    if old < 0.5:
        yield ("it is still fooled by most of the old fakes. Are they among its rows, with the classes of the pictures "
               "they were made from?")
    if old < 0.85:
        yield f"it is right about {old:.0%} of the old fakes; 85 % are asked for."
    if len(again) < len(fakes):
        yield f"again: {len(fakes)} new fakes are asked for, these are {len(again)}."
    starts = images.crop_resize_batch(held_back, again[0].image.shape[0])
    strange = sum(np.abs(starts - one.start).mean(axis=(1, 2, 3)).min() > 4 for one in again)
    if strange:
        yield (f"again: {strange} of the {len(again)} were not made from photos in `test`. About others it has learned "
               "something.")
    if max(one.distance["largest"] for one in again) > 1:
        yield "again: the old ones changed by one grey level; these change by more."
    said = classifier.predict(np.stack([one.image for one in again])).argmax(axis=1)
    fooled = [one.source not in (number, classifier.class_names[number])
              for number, one in zip(said.tolist(), again, strict=True)]
    differ = sum(here != one.success for here, one in zip(fooled, again, strict=True))
    if differ > len(again) / 8:
        yield (f"again: {sum(one.success for one in again)} of the {len(again)} fool whatever they were made for, "
               f"{sum(fooled)} fool your classifier. An attacker would make them for the new one.")


def _share_right(classifier: transfer.Classifier, pictures: Sequence[np.ndarray], truth: np.ndarray) -> float:
    batch = images.crop_resize_batch(pictures, backbones.input_size(classifier.model))
    return float((classifier.predict(batch).argmax(axis=1) == truth).mean())
