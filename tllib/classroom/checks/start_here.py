"""The exercises of lesson 00 -> right, or what is off."""

from collections.abc import Iterator

from tllib import backbones
from tllib.backbones.families import FAMILIES
from tllib.classroom.checks.checking import check, hints

import keras
import numpy as np

CAT = (300, 451)  # height and width of data/photos/cat.png
DOG = (364, 364)


@check("Exercise 1")
def size(answer: tuple[int, int]) -> Iterator[str]:
    """(height, width) of the photo of the cat."""
    numbers = np.asarray(answer)
    if numbers.ndim == 3:
        yield "that is the whole picture. An array has a shape: which of its numbers are height and width?"
    if numbers.ndim == 1 and len(numbers) == 3:
        yield "two numbers are asked for. The third of a picture's shape is the number of its colours."
    if numbers.shape != (2,):
        yield "two numbers are asked for: (height, width)."
    yield from hints(
        numbers, (CAT[::-1], "the other way round: an array counts rows first, so its height comes before its width."),
        ((224, 224), "that is what the network sees, after fit. The photo in the file has other sides."),
        (DOG, "that is the dog. The cat is asked for."), rtol=0)
    if tuple(numbers) != CAT:
        yield "not yet. Load ../data/photos/cat.png and look at the shape of the array."


@check("Exercise 2")
def pixels(answer: np.ndarray, scaled: np.ndarray) -> Iterator[str]:
    """The picture `scaled`, 0 to 1, as a picture of tllib: 0 to 255, whole numbers or not."""
    picture, wanted = np.asarray(answer), 255 * np.asarray(scaled, "float64")
    if picture.shape != wanted.shape:
        yield f"a picture of shape {wanted.shape} is asked for; this has {picture.shape or 'no shape: it is a number'}."
    if picture.min() < 0 or picture.max() > 255:
        yield f"it goes from {picture.min():.4g} to {picture.max():.4g}. Pixels go from 0 to 255."
    if picture.max() <= 1.5:
        whole = np.issubdtype(picture.dtype, np.integer)
        yield ("only 0 and 1 are left: whole numbers have no decimals. Multiply first, then change the kind of number."
               if whole else "it still goes from 0 to 1.")
    off = np.abs(picture - wanted).max()
    if off > 0.501:
        yield f"in the right range, but some values are off by {off:.0f} of 255. What does 1 have to become?"


@check("Exercise 3")
def second_choice(answer: str, network: keras.Model, photo: np.ndarray) -> Iterator[str]:
    """Name of the class with the second highest probability."""
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], str):
        answer = answer[0]  # the pair that top_k gives holds the name
    if not isinstance(answer, str):
        yield f"one name is asked for, in quotes or taken out of what top_k gives. This is a {type(answer).__name__}."
    try:
        number = backbones.class_index(answer)
    except ValueError as unknown:
        yield str(unknown)
    rank = 1 + backbones.predict_proba(network, photo)[0].argsort()[::-1].tolist().index(number)
    if rank == 1:
        yield "that is its first choice. Which comes next?"
    if rank != 2:
        yield f"that is number {rank} on its list."


@check("Exercise 4")
def smallest(answer: str) -> Iterator[str]:
    """Name of the backbone with the fewest weights, among those on this machine."""
    here = sorted(backbones.on_this_machine(), key=lambda name: FAMILIES[name].parameters)
    if not isinstance(answer, str):
        yield f"a name is asked for, such as a row's `.name`. This is a {type(answer).__name__}."
    if answer not in backbones.names():
        yield f"{answer!r} is no backbone. backbones.names() lists them all."
    if answer not in here:
        yield "its weights are not on this machine. backbones.on_this_machine() lists those that are."
    if answer == here[-1] and len(here) > 1:
        yield "that is the largest of them."
    if answer != here[0]:
        yield "there is one with fewer weights here."
