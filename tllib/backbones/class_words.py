"""Everyday words and other lists' spellings -> the ImageNet classes that they mean."""

import difflib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tllib.suggest import unknown_name

EVERYDAY_WORDS = Path(__file__).with_name("everyday_words.txt")
SHOWN = 16  # names in an error, at most


def find(name: str, known: Sequence[str]) -> int:
    """Find the number of a class by its name, in any case, with underscores or hyphens for spaces.

    Args:
        name: of a class, or several names of one, separated by commas, as other lists of the classes have them
            ("tench, Tinca tinca").
        known: the names of all classes.

    Raises:
        ValueError: no such class, or the names are of different ones. The classes that an everyday word such as "dog"
            may mean are named; otherwise those with the nearest names.
    """
    parts = [part.strip() for part in name.split(",")] if "," in name else [name]
    for spelt in (_as_it_is, _spelling):
        numbers = {spelt(other): number for number, other in enumerate(known)}
        found = {numbers[spelt(part)] for part in parts if spelt(part) in numbers}
        if len(found) == 1:
            return found.pop()
        if found:
            names = " and ".join(repr(known[number]) for number in sorted(found))
            raise ValueError(f"{name!r} names several ImageNet classes, {names}. Give one of these.")
    raise _unknown(name, known)


def _as_it_is(name: str) -> str:
    return name.replace("_", " ")


def _spelling(name: str) -> str:
    """Leave case, underscores and hyphens out of account."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _unknown(name: str, known: Sequence[str]) -> ValueError:
    """Build the error for a name that is no class's."""
    mistyped = difflib.get_close_matches(_spelling(name), map(_spelling, known), n=1, cutoff=0.9)
    meant, named = meanings(name, known)
    if mistyped or (not meant and not named):
        return unknown_name("ImageNet class", name, known)
    if len(meant) + len(named) == 1:
        return ValueError(f"Unknown ImageNet class {name!r}. Did you mean {known[(meant + named)[0]]!r}?")
    hints = []
    if meant:
        hints.append(f"Classes that it means: {_listed(meant, known)}.")
    if named:
        hints.append(f"Classes with the word in their names: {_listed(named, known)}.")
    return ValueError(f"Unknown ImageNet class {name!r}. {' '.join(hints)} Choose one.")


def _listed(numbers: Sequence[int], known: Sequence[str]) -> str:
    names = ", ".join(repr(known[number]) for number in numbers[:SHOWN])
    return names + (f" … ({len(numbers)} in all)" if len(numbers) > SHOWN else "")


def meanings(word: str, known: Sequence[str]) -> tuple[list[int], list[int]]:
    """Look up what an everyday word may mean.

    Args:
        word: such as "dog", "dogs" or "tabby cat".
        known: the names of all classes.

    Returns:
        Numbers of the classes that it means, and of the others that have it, as a whole word, in their names. Of
        several words that fit no class together, those that fit alone count, and then the last ("black cat": a cat).
    """
    words = _words(word)
    if not words:
        return [], []
    class_words = [set(_words(name)) for name in known]
    meant = everyday_words().get(_spelling(word)) or everyday_words().get(" ".join(words), [])
    named = [number for number, own in enumerate(class_words) if own.issuperset(words) and number not in meant]
    if not meant and not named:
        named = [number for number, own in enumerate(class_words) if own.issubset(words)]
    if not meant and not named:
        meant = everyday_words().get(words[-1], [])
    return meant, named


@cache
def everyday_words() -> dict[str, list[int]]:
    """The table: word -> numbers of classes."""
    table = {}
    for line in EVERYDAY_WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        words, ranges = line.split(": ")
        numbers = []
        for part in ranges.split(", "):
            first, _, last = part.partition("-")
            numbers += range(int(first), int(last or first) + 1)
        table |= dict.fromkeys(words.split(", "), numbers)
    return table


def _words(name: str) -> list[str]:
    """The words of a name, in the singular."""
    return [_singular(word.strip("()'\".!?")) for word in _spelling(name).split()]


def _singular(word: str) -> str:
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word.removesuffix("ies") + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word.removesuffix("es")
    return word.removesuffix("s")
