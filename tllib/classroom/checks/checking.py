"""A function that yields what is wrong with an answer -> a check that prints one line and never fails itself."""

import functools
from collections.abc import Callable, Iterator

from tllib import languages

import numpy as np


def check(title: str) -> Callable[[Callable[..., Iterator[str]]], Callable[..., None]]:
    """Turn a generator of complaints into a check: the first complaint is shown, none means that it is right.

    Args:
        title: what the line begins with, such as "Step 1".

    Returns:
        A decorator. The decorated check takes the learner's answers and prints a line. Answers that are
        still `...` count as not filled in; an answer of an unexpected kind is named, not raised.
    """
    def decorate(complaints: Callable[..., Iterator[str]]) -> Callable[..., None]:
        @functools.wraps(complaints)
        def checked(*answers) -> None:
            try:
                dots = any(answer is ... for answer in answers)
                wrong = "nothing to check yet: put your own code where the dots are." if dots else \
                    next(complaints(*answers), "")
            except Exception as error:  # whatever a learner hands in, the notebook goes on
                kinds = ", ".join(type(answer).__name__ for answer in answers)
                wrong = f"this can't be checked ({type(error).__name__}). Is it what the step asks for? Got: {kinds}."
            print(languages.line(f"{title}: {wrong or 'right.'}"))
        return checked
    return decorate


def hints(answer, *wrong: tuple, rtol: float = 1e-3, atol: float = 1e-9) -> Iterator[str]:
    """Give the hint of every well-known wrong answer, as (answer, hint), that this one comes close to."""
    return (hint for other, hint in wrong if np.allclose(answer, other, rtol=rtol, atol=atol))
