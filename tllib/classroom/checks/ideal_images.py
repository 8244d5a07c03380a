"""The exercises of the lesson on ideal images -> right, or what is off."""

import dataclasses
from collections.abc import Generator, Iterator

from tllib import backbones
from tllib.classroom.checks.checking import check, hints
from tllib.synthesis import FOURIER, ImageResult, Recipe

import keras
import numpy as np

BOTH, EACH = ("zebra", "strawberry"), 0.1  # of exercise 2
SURE = 0.9  # of the zebra, in exercise 4


@check("Exercise 1")
def roughness(answer: float, board: np.ndarray) -> Iterator[str]:
    """The mean absolute difference of neighbouring pixels of a grey picture `(h, w)`."""
    answer, board = np.asarray(answer, "float64"), np.asarray(board, "float64")
    if answer.size != 1:
        yield f"one number is asked for, not an array of shape {answer.shape}."
    down, right = np.diff(board, axis=0), np.diff(board, axis=1)
    both = np.concatenate([down.ravel(), right.ravel()])
    expected, got = np.abs(both).mean(), float(answer.ravel()[0])
    if np.isclose(got, expected, atol=0.01):
        return
    one_direction = "that is one direction only. A pixel has a neighbour below and one to the right."
    yield from hints(
        got, (both.mean(), "steps up and down cancel out here. How large is a difference, whatever its direction?"),
        (np.abs(both).sum(), "that is the sum. A large board has more of it than a small one; what does a pair have?"),
        (np.abs(down).mean(), one_direction), (np.abs(right).mean(), one_direction),
        (np.abs(both).sum() / board.size, "divided by the number of pixels. How many pairs of neighbours are there?"),
        (np.abs(down).mean() + np.abs(right).mean(), "both directions, but added: the mean goes over all pairs."))
    yield "not yet. Write down all pairs of neighbours, below and to the right, and how much each differs."


@check("Exercise 2")
def together(picture: np.ndarray, network: keras.Model) -> Iterator[str]:
    """A picture that the network takes for a zebra and for a strawberry, each with 10 % or more."""
    found = backbones.predict_proba(network, (yield from _pixels(picture)))[0]
    share = {name: found[backbones.class_index(name)] for name in BOTH}
    high, low = max(share, key=share.get), min(share, key=share.get)
    if share[high] < EACH:
        yield (f"the network sees neither: its first choice is {backbones.class_names()[found.argmax()]}. An optimizer "
               "makes the loss small: should it fall or rise when the logits rise?")
    if share[low] < EACH:
        yield (f"{high} has risen, to {share[high]:.0%}, and {low} stayed behind, at {share[low]:.2%}. Does the loss "
               "follow the one that is behind, and does the rate fall?")


@check("Exercise 3")
def control(recipe: Recipe) -> Iterator[str]:
    """The recipe FOURIER with a window that never moves, and nothing else changed."""
    if isinstance(recipe, ImageResult):
        yield "that is a drawing. The recipe is asked for: what replace(FOURIER, ...) gives."
    if not isinstance(recipe, Recipe):
        yield f"a recipe is asked for, what replace(FOURIER, ...) gives; this is a {type(recipe).__name__}."
    changed = [field.name for field in dataclasses.fields(Recipe)
               if getattr(recipe, field.name) != getattr(FOURIER, field.name)]
    if not changed:
        yield "this is FOURIER itself: with the moving window."
    others = [name for name in changed if name != "crop"]
    if others:
        yield (f"{others[0]} is not as in FOURIER. If the drawing comes out worse, nobody can tell whether that was "
               "the window.")
    if recipe.crop:
        yield "the window still moves, though less."


@check("Exercise 4")
def two_minds(picture: np.ndarray, artist: keras.Model, judge: keras.Model) -> Iterator[str]:
    """A picture that the artist is sure is a zebra, and the judge calls a malamute."""
    picture = yield from _pixels(picture)
    zebra, sees = backbones.predict_proba(artist, picture)[0], backbones.top_k(judge, picture, k=1)[0][0][0]
    if zebra[backbones.class_index("zebra")] < SURE:
        yield (f"{artist.name} is not that sure of a zebra; its first choice is "
               f"{backbones.class_names()[zebra.argmax()]}.")
    if sees == "zebra":
        yield f"{judge.name} sees the zebra as well. What made it believe the drawings of this lesson?"
    if sees != "malamute":
        yield f"{judge.name} is not taken in, but it says {sees}. Where could you begin, so that it still sees the dog?"


def _pixels(picture: np.ndarray) -> Generator[str, None, np.ndarray]:
    """Give the picture alone, `(h, w, 3)`, or complain."""
    picture = np.asarray(picture.image if isinstance(picture, ImageResult) else picture)
    picture = picture[0] if picture.ndim == 4 and len(picture) == 1 else picture
    if picture.ndim != 3 or picture.shape[-1] != 3:
        yield "a picture is asked for, height × width × 3, or the result that holds one."
    if picture.max() <= 1.5:
        yield "this picture is all but black: pixels go from 0 to 255."
    return picture
