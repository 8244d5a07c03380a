"""English lessons and pages + a catalogue -> the same in another language; code and what it draws stay as they are."""

import re
from argparse import Namespace
from pathlib import Path

from tllib import languages
from tllib.classroom import quiz
from tllib.files import replacing
from tllib.languages import catalogue, markdown

import nbformat

LOOK = """[dir=rtl] h1, [dir=rtl] h2, [dir=rtl] h3, [dir=rtl] li, [dir=rtl] td, [dir=rtl] th {text-align: right}
[dir=rtl] blockquote {border-left: 0; border-right: 4px solid #ccc; margin: 0; padding: 0 1em 0 0}
[dir=rtl] ul, [dir=rtl] ol {padding: 0 2em 0 0} [dir=rtl] table {margin-right: 0; margin-left: auto}
[dir=rtl] pre {direction: ltr; text-align: left}"""  # of pages and slides
PARAGRAPH = '<span style="display:block;text-align:right">{}</span>'  # JupyterLab's own style says left


def prose(source: str, language: str) -> str:
    """Put the words of a language into markdown. What is not translated stays English, and runs as English does."""
    turned = languages.direction(language) == "rtl"

    def words(text: str, kind: str) -> str:
        new = languages.words(language).get(text)
        if new is None and (kind == "html" or not turned):
            return text
        if new is None:
            return f'<span dir="ltr">{text}</span>' if markdown.worded(text) else f"\u2066{text}\u2069"
        return PARAGRAPH.format(new) if turned and kind == "p" else new

    return markdown.translated(source, words)


def wrapped(source: str, language: str) -> str:
    """Have a whole cell or page run in the direction of its language."""
    return f'<div dir="rtl">\n\n{source}\n\n</div>' if languages.direction(language) == "rtl" else source


def unwrapped(source: str) -> str:
    """Undo `wrapped`."""
    return source.removeprefix('<div dir="rtl">\n\n').removesuffix("\n\n</div>")


def of(notebook: nbformat.NotebookNode) -> str:
    """The language of a lesson, such as "ar"."""
    return notebook.metadata.get("tllib", {}).get("language", "en")


def lesson(path: Path, language: str) -> nbformat.NotebookNode:
    """Translate a stored lesson: texts, descriptions of pictures, what its checks have said, and its quiz.

    The quiz speaks the reader's language, see `languages.reader`.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.setdefault("tllib", {})["language"] = language
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = wrapped(prose(cell.source, language), language)
            continue
        for described in (cell.metadata.get("tllib", {}), *(
                shown for out in cell.outputs for shown in out.get("metadata", {}).values())):
            if "alt" in described:
                described["alt"] = languages.words(language).get(described["alt"], described["alt"])
        asked = re.search(r'\bquiz\("(\w+)"\)', cell.source)
        for out in cell.outputs:
            if asked and "text/html" in out.get("data", {}):
                asked_here = quiz(asked[1])
                out.data |= {"text/html": asked_here.to_html(), "text/plain": asked_here.to_text()}
            if "text" in out:
                out.text = re.sub(r"(?m)^(?:Exercise|Step) \d+: .*",
                                  lambda said: languages.line(said[0], language), out.text)
    return notebook


def lessons(home: Path, language: str) -> Path:
    """Write all lessons in a language beside the English ones; give their folder, `lessons-ar` or like."""
    target = home / f"lessons-{language}"
    for path in sorted((home / "notebooks").glob("*.ipynb")):
        made = lesson(path, language)  # before anything is written: there may be no such language
        with replacing(target / path.name) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
            nbformat.write(made, file)
    return target


def pages(home: Path, language: str) -> dict[Path, str]:
    """README.ar.md and TEACHING.ar.md, or like, with links to each other: path -> text."""
    found = {}
    for name in catalogue.PAGES:
        text = wrapped(prose(catalogue.page(home, name), language).strip(), language) + "\n"
        for other in catalogue.PAGES:
            text = text.replace(f"]({other})", f"]({Path(other).with_suffix(f'.{language}.md').as_posix()})")
        found[(home / name).with_suffix(f".{language}.md")] = text
    return found


def update(_: Namespace) -> None:
    """Bring every catalogue up to date, and the pages that are kept translated; say what is left to do."""
    home = catalogue.HOME.parent
    for path in sorted(languages.FOLDER.glob("*.po")):
        entries = catalogue.update(home, path.stem)
        todo = [entry for entry in entries if entry.id and (not entry.string or entry.fuzzy)]
        print(f"{path.stem}: {len(entries)} texts, {len(todo)} of them to translate: {path}")
        for page, text in pages(home, path.stem).items():
            with replacing(page) as partial:
                partial.write_text(text, encoding="utf-8", newline="\n")
