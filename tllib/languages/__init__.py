"""English -> the reader's language: one catalogue a language, `ar.po`, for lessons, quizzes and what checks say.

What has no translation yet stays English. Code, what it prints and the library's own messages are English everywhere.
"""

import os
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TERM = r"[−-]?(?:[\w.,√∂ε]|\((?:[\w.,√∂ε ×/+=·−-]|\([\w.,√ ×/+−-]*\))+\))+"  # of a formula
LEFT_TO_RIGHT = re.compile(  # what stays so in a line that runs the other way: code, formulas; not links and tags
    rf"\]\([^)]*\)|<(?!code)[^>]*>|(?P<kept>`[^`]+`|<code>.*?</code>|{TERM}(?: ?[×/+=·−-] ?{TERM})+(?<![.,])"
    rf"|√{TERM}(?<![.,])|[−-]\d[\d.,]*(?<![.,]))", re.ASCII)
RIGHT_TO_LEFT = ("ar", "fa", "he", "ur")


def reader() -> str:
    """The reader's language, such as "ar": `TLLIB_LANGUAGE`, else that of a folder such as `lessons-ar`, else "en".

    `TLLIB_LANGUAGE` may be written as systems write it: "ar_EG.UTF-8", "ar-SA", "AR", "ar:en"; "C" is English.
    """
    named = os.environ.get("TLLIB_LANGUAGE", "").strip()
    if named:
        language = re.split(r"[-_.:@]", named)[0].casefold()
        return "en" if language in ("c", "posix") else language
    _, found, language = Path.cwd().name.rpartition("lessons-")
    return language if found and (FOLDER / f"{language}.po").exists() else "en"


def direction(language: str | None = None) -> str:
    """The value of HTML's `dir`, "rtl" or "ltr", for a language (default: the reader's)."""
    return "rtl" if (language or reader()) in RIGHT_TO_LEFT else "ltr"


@cache
def words(language: str) -> dict[str, str]:
    """What is translated, text by text; {} in a text stands for a value. Code and formulas run from left to right.

    Raises:
        ValueError: there is no catalogue of that language.
    """
    if language == "en":
        return {}
    if not (FOLDER / f"{language}.po").exists():
        known = ", ".join(["en", *sorted(file.stem for file in FOLDER.glob("*.po"))])
        raise ValueError(f"There is no catalogue for the language {language!r}. There are: {known}. To begin one, see "
                         "notebooks/TRANSLATING.md.")
    from babel.messages import pofile

    with open(FOLDER / f"{language}.po", encoding="utf-8") as file:
        entries = [entry for entry in pofile.read_po(file) if entry.id and entry.string and not entry.fuzzy]
    if direction(language) == "ltr":
        return {entry.id: entry.string for entry in entries}
    return {entry.id: LEFT_TO_RIGHT.sub(_isolated, entry.string) for entry in entries}


def _isolated(found: re.Match) -> str:
    return f"\u2066{found[0]}\u2069" if found["kept"] else found[0]


@cache
def _patterns(language: str) -> list[tuple[re.Pattern, str]]:
    """Texts with values in them, longest first."""
    forms = sorted((text for text in words(language) if "{}" in text), key=lambda text: (-len(text), text))
    return [(re.compile("(.*?)".join(map(re.escape, text.split("{}"))), re.S), words(language)[text]) for text in forms]


def said(text: str, language: str | None = None) -> str:
    """Give a text that code has made, such as a check's complaint, in a language (default: the reader's)."""
    language = language or reader()
    if text in words(language):
        return words(language)[text]
    for pattern, form in _patterns(language):
        if match := pattern.fullmatch(text):
            return form.format(*(f"\u2068{said(value, language)}\u2069" for value in match.groups()))
    return text


def line(text: str, language: str | None = None) -> str:
    """Give a line that a check prints, such as "Exercise 1: right.", in a language and its direction."""
    title, colon, rest = text.partition(": ")
    new = said(title, language) + colon + said(rest, language)
    return text if not rest or new == text else f"\u2067{new}\u2069"
