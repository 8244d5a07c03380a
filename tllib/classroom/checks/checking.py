"""A function that yields what is wrong with an answer -> a check that prints one line and never fails itself."""

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tllib import languages

import numpy as np


def check(title: str) -> Callable[[Callable[..., Iterator[str]]], Callable[..., None]]:
    """Turn a generator of complaints into a check: the first complaint is shown, none means that it is right.

    Args:
        title: what the line begins with, such as "Step 1".

    Returns:
        A decorator. The decorated check takes the learner's answers and prints a line. Answers that are
        still `...` count as not filled in; an answer of an unexpected kind is named, not raised. A tensor of any engine
        counts as the array, and a lone number in an array as the number, that it holds; NaN and infinity are never
        right.
    """
    def decorate(complaints: Callable[..., Iterator[str]]) -> Callable[..., None]:
        @functools.wraps(complaints)
        def checked(*answers) -> None:
            try:
                wrong = _first_complaint(complaints, answers)
            except Exception as error:  # whatever a learner hands in, the notebook goes on
                kinds = ", ".join(type(answer).__name__ for answer in answers)
                wrong = f"this can't be checked ({type(error).__name__}). Is it what the step asks for? Got: {kinds}."
            print(languages.line(f"{title}: {wrong or 'right.'}"))
        return checked
    return decorate


def _first_complaint(complaints: Callable[..., Iterator[str]], answers: tuple) -> str:
    if any(answer is ... for answer in answers):
        return "nothing to check yet: put your own code where the dots are."
    answers = [plain(answer) for answer in answers]
    if any(_holds_no_number(answer) for answer in answers):
        return ("there is a NaN or an infinite value in it. Where does it come from: a mean of nothing, a division by "
                "0, the logarithm of 0, a learning rate that is too high?")
    return next(complaints(*answers), "")


def plain(answer: Any) -> Any:
    """Give an answer as the checks look at it.

    Args:
        answer: whatever a learner hands in.

    Returns:
        A tensor of any engine, or a table column, as a NumPy array; a NumPy number or an array without dimensions as a
        number or text; those in a list, a tuple or a mapping, too. All else as it is, larger tensors in lists too: who
        compares optimizers needs these themselves.
    """
    if isinstance(answer, list) and all(map(_is_lone, answer)):
        return [plain(part) for part in answer]
    if isinstance(answer, tuple) and all(map(_is_lone, answer)):
        return tuple(plain(part) for part in answer)
    if isinstance(answer, Mapping) and all(map(_is_lone, answer.values())):
        return {name: plain(value) for name, value in answer.items()}
    if not hasattr(answer, "__array__") or not hasattr(answer, "shape"):
        return answer
    if hasattr(answer, "detach"):  # PyTorch gives no array of a tensor that has a gradient, or lies on a GPU
        answer = answer.detach().cpu()
    array = np.asarray(answer)
    return array if array.ndim else array.item()


def _is_lone(part: Any) -> bool:
    """Tell whether something is a number in a wrapping."""
    return hasattr(part, "__array__") and getattr(part, "shape", None) == ()


def _holds_no_number(answer: Any) -> bool:
    """Tell whether an answer holds NaN or infinity. What was measured along the way, in a mapping of rows, may."""
    if isinstance(answer, Mapping):
        return any(isinstance(value, float) and not math.isfinite(value) for value in answer.values())
    if isinstance(answer, (list, tuple)):
        return any(_holds_no_number(part) for part in answer)
    if isinstance(answer, np.ndarray):
        return np.issubdtype(answer.dtype, np.inexact) and not np.isfinite(answer).all()
    return isinstance(answer, float) and not math.isfinite(answer)


def hints(answer, *wrong: tuple, rtol: float = 1e-3, atol: float = 1e-9) -> Iterator[str]:
    """Give the hint of every well-known wrong answer, as (answer, hint), that this one comes close to."""
    return (hint for other, hint in wrong if np.allclose(answer, other, rtol=rtol, atol=atol))


def places(answer: Sequence[int] | Sequence[bool], count: int) -> np.ndarray | None:
    """Places among `count`, given as numbers or as a yes or no for each; None if it is neither."""
    chosen = np.asarray(answer)
    if chosen.dtype == bool:
        return np.flatnonzero(chosen) if chosen.shape == (count,) else None
    whole = chosen.ndim == 1 and np.issubdtype(chosen.dtype, np.number) and (chosen == np.rint(chosen)).all()
    return chosen.astype(int) if whole and ((chosen >= 0) & (chosen < count)).all() else None
