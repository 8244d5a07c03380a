"""The exercises of the lesson on ideal images -> right, or what is off."""

import dataclasses
from collections.abc import Iterator

from tllib import backbones
from tllib.classroom.checks.checking import check, hints
from tllib.synthesis import WAVES, Frames, ImageResult, Recipe

import keras
import numpy as np

HALF = 0.5  # of the Siamese cat, in exercise 3
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
def control(recipe: Recipe) -> Iterator[str]:
    """The recipe WAVES with a window that never moves, and nothing else changed."""
    if isinstance(recipe, ImageResult):
        yield "that is a drawing. The recipe is asked for: what replace(WAVES, ...) gives."
    if not isinstance(recipe, Recipe):
        yield f"a recipe is asked for, what replace(WAVES, ...) gives; this is a {type(recipe).__name__}."
    changed = [field.name for field in dataclasses.fields(Recipe)
               if getattr(recipe, field.name) != getattr(WAVES, field.name)]
    if not changed:
        yield "this is WAVES itself: with the moving window."
    others = [name for name in changed if name not in ("zoom", "turn")]
    if others:
        yield (f"{others[0]} is not as in WAVES. If the drawing comes out worse, nobody can tell whether that was the "
               "window.")
    if recipe.zoom or recipe.turn:
        yield "the window still moves. There is more than one way in which it does."


@check("Exercise 3")
def convinced(frame: int, film: Frames, judge: keras.Model, artist: keras.Model) -> Iterator[str]:
    """Number of the first frame that the judge is at least 50 % sure of."""
    if np.ndim(frame) or not np.isreal(frame) or frame != int(frame):
        yield "one whole number is asked for: which frame?"
    count = len(film.frames)
    if not 0 <= frame < count:
        yield f"the film has {count} frames, numbers 0 to {count - 1}. Count frames, not steps."
    sure = _sure_of_cat(judge, film)
    if sure[int(frame)] < HALF - 1e-3:
        alone = _sure_of_cat(artist, film) >= HALF
        yield ("that is when the artist was sure. It drew the picture; ask the one who didn't." if alone[int(frame)]
               else "the judge is not that sure of this frame yet.")
    if (sure[:int(frame)] >= HALF + 1e-3).any():
        yield "the judge was sure of an earlier frame already."


def _sure_of_cat(network: keras.Model, film: Frames) -> np.ndarray:
    frames = np.concatenate([frame[:1] for frame in film.frames])
    return backbones.softmax(network, frames)[:, backbones.class_index("Siamese cat")]


@check("Exercise 4")
def two_minds(picture: np.ndarray, artist: keras.Model, judge: keras.Model) -> Iterator[str]:
    """A picture that the artist is sure is a zebra, and the judge calls a malamute."""
    if isinstance(picture, ImageResult):
        picture = picture.image
    if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[-1] != 3:
        yield "a picture is asked for, height × width × 3, or the result that holds one."
    if picture.max() <= 1.5:
        yield "this picture is all but black: pixels go from 0 to 255."
    zebra, sees = backbones.softmax(artist, picture)[0], backbones.top_k(judge, picture, k=1)[0][0][0]
    if zebra[backbones.class_index("zebra")] < SURE:
        yield (f"{artist.name} is not that sure of a zebra; its first choice is "
               f"{backbones.class_names()[zebra.argmax()]}.")
    if sees == "zebra":
        yield f"{judge.name} sees the zebra as well. What made it believe the drawings of this lesson?"
    if sees != "malamute":
        yield f"{judge.name} is not taken in, but it says {sees}. Where could you begin, so that it still sees the dog?"
