"""An argument -> nothing, if it is what was asked for; otherwise the error that says what came and what was expected.

What is wrong is refused where it enters: further in, the error would be Keras's or NumPy's, or there would be none.
"""

import math
import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Number, Real

import numpy as np


def check_count(name: str, given: object, *, least: int = 1, most: int | None = None) -> None:
    """Refuse what is no whole number in a range; True and 2.0 are none.

    Args:
        name: of the argument.
        given: its value.
        least: the smallest right value; 0 for a seed, say.
        most: the largest. Defaults to no limit.

    Raises:
        ValueError: it is something else; the message says what came.
    """
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not whole or given < least or (most is not None and given > most):
        limits = f"{least} or more" if most is None else f"{least} to {most}"
        raise ValueError(f"{name}: expected a whole number, {limits}; got {_shown(given)}.")


def check_number(name: str, given: object, *, least: float = -math.inf, most: float = math.inf) -> None:
    """Refuse what is no finite number in a range, both ends included.

    Raises:
        ValueError: it is something else; the message says what came.
    """
    real = isinstance(given, Real) and not isinstance(given, bool)
    if not real or not math.isfinite(given) or not least <= given <= most:
        limits = {(False, False): "", (True, False): f", {least:g} or more", (True, True): f", {least:g} to {most:g}"}
        known = limits[math.isfinite(least), math.isfinite(most)]
        raise ValueError(f"{name}: expected a finite number{known}; got {_shown(given)}.")


def check_kind(name: str, given: object, kind: type | tuple[type, ...], advice: str) -> None:
    """Refuse an object of another class.

    Args:
        name: of the argument.
        given: its value.
        kind: class that is expected, or several.
        advice: where to get the right thing: a sentence.

    Raises:
        TypeError: it is something else; the message says what came.
    """
    if not isinstance(given, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(each.__name__ for each in kinds)
        raise TypeError(f"{name}: expected {expected}, got {_shown(given)}. {advice}")


def check_path(name: str, given: object) -> None:
    """Refuse what is no path of a file or folder, whether there is one or not.

    Raises:
        TypeError: it is something else than text or a `pathlib.Path`.
    """
    check_kind(name, given, (str, os.PathLike), "Give a path as text or pathlib.Path.")


def check_several(name: str, given: object, kind: type = str) -> None:
    """Refuse a lone thing where a list is expected; a lone text would be taken apart into its letters.

    Raises:
        ValueError: `given` is a `kind`, or no list at all.
    """
    if isinstance(given, kind):
        shown = repr(given) if kind is str else kind.__name__
        raise ValueError(f"{name} is a list, got a single {shown}. Put it in brackets: [{shown}].")
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise ValueError(f"{name} is a list, got {_shown(given)}.")


def check_list(name: str, given: object, kind: type = str) -> None:
    """Refuse what is no list of objects of one class.

    Raises:
        ValueError: `given` is no list, or something else is in it.
    """
    check_several(name, given, kind)
    for number, each in enumerate(given):
        if not isinstance(each, kind):
            raise ValueError(f"{name}: expected a list of {kind.__name__}, got {_shown(each)} as number {number}.")


def check_class_numbers(name: str, numbers: np.ndarray, class_names: Sequence[str]) -> None:
    """Refuse class numbers `(n,)` that are no whole numbers, or have no name.

    Raises:
        ValueError: the message says which number came.
    """
    numbers, names = np.asarray(numbers), len(class_names)
    if not numbers.size:
        return
    if not np.issubdtype(numbers.dtype, np.integer):
        fractions = numbers[numbers != np.rint(numbers)] if np.issubdtype(numbers.dtype, np.floating) else []
        found = f"{fractions[0]:g}" if len(fractions) else f"an array of {numbers.dtype}"
        raise ValueError(f"{name}: expected whole class numbers, 0 to {names - 1}, got {found}. Give the place of each "
                         f"class in class_names; of floats such as 1.0, {name}.astype('int32').")
    if not 0 <= numbers.min() <= numbers.max() < names:
        raise ValueError(f"{name} holds class numbers from {numbers.min()} to {numbers.max()}, but there are "
                         f"{names} class names: numbers go from 0 to {names - 1}.")


def check_finite(who: str, answers: np.ndarray) -> None:
    """Refuse a network's answers `(n, classes)` if any is NaN or infinite: the largest of them would mean nothing.

    Raises:
        ValueError: the message says of how many images.
    """
    broken = ~np.isfinite(answers).all(axis=1)
    if broken.any():
        raise ValueError(f"{who} answers NaN or infinity for {broken.sum()} of {len(answers)} images: its weights are "
                         "broken. Load or train it anew, at a lower learning rate.")


def _shown(given: object) -> str:
    """A value that is short to say, or the name of its class."""
    if given is None or isinstance(given, (str, bytes, Number)):
        return reprlib.repr(given)
    return given.__name__ if isinstance(given, type) else f"an object of class {type(given).__name__}"
