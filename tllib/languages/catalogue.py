"""Lessons, quizzes, checks and pages -> the catalogues, brought up to date: changed English is marked, new is empty."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tllib import languages
from tllib.files import replacing
from tllib.languages import markdown

import nbformat
from babel.messages import Catalog, pofile

HOME = Path(__file__).resolve().parents[1]  # tllib/
HEADER = '''# tllib in another language: see notebooks/TRANSLATING.md
msgid ""
msgstr ""
"Language: {}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

'''
PAGES = {"README.md": r"\A.*?(?=^## )|^## The lessons\n.*?(?=^## )", "notebooks/TEACHING.md": r"\A.*\Z"}  # which parts


def page(home: Path, name: str) -> str:
    """The parts of a page that are translated."""
    text = (home / name).read_text(encoding="utf-8")
    return "\n".join(re.findall(PAGES[name], text, re.M | re.S))


def english(home: Path) -> Iterator[tuple[str, str]]:
    """Each text and where it stands, in the order of reading."""
    for path in sorted((home / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            texts = markdown.blocks(cell.source) if cell.cell_type == "markdown" else []
            for text in (*texts, cell.metadata.get("tllib", {}).get("alt")):
                if text:
                    yield text, f"notebooks/{path.name}"
    for path in sorted((HOME / "classroom").rglob("*.*")):
        if path.suffix in (".json", ".py"):
            source = path.read_text(encoding="utf-8")
            checks = path.parent.name == "checks"
            for text in _values(json.loads(source)) if path.suffix == ".json" else _said(source, checks):
                yield text, f"tllib/{path.relative_to(HOME).as_posix()}"
    for name in PAGES:
        for text in markdown.blocks(page(home, name)):
            yield text, name


def _values(content: object) -> Iterator[str]:
    """The texts of a quiz."""
    if isinstance(content, str):
        yield content
    for each in content.values() if isinstance(content, dict) else content if isinstance(content, list) else []:
        yield from _values(each)


def _said(source: str, checks: bool) -> Iterator[str]:
    """The texts in code that learners get to see: arguments of `said`; in a check, whatever has words in it."""
    tree = ast.parse(source)
    parts = [ast.get_docstring(node, clean=False) for node in ast.walk(tree)
             if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)]
    calls = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "said"]
    for top in [tree] if checks else [node for node in calls if isinstance(node, ast.Constant | ast.JoinedStr)]:
        for text in _strings(top):
            words = r" .* |\w\.$|^Exercise|^Step" if checks else "[a-z]{2}"  # a class's name is none, "right." is
            if text not in parts and re.search("[a-z]{2}", text) and re.search(words, text):
                yield text


def _strings(node: ast.AST) -> Iterator[str]:
    """String literals in the order of the code; {} for each value in one."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _strings(part.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def update(home: Path, language: str) -> Catalog:
    """Bring a catalogue up to date with the English; begin it if there is none."""
    path = languages.FOLDER / f"{language}.po"
    old = Catalog(locale=language)
    if path.exists():
        with path.open(encoding="utf-8") as file:
            old = pofile.read_po(file, locale=language)
    template = Catalog()
    for text, place in english(home):
        template.add(text, locations=[(place, 0)])
    old.update(template)
    for entry in old:
        entry.flags -= {"python-format", "python-brace-format"}
        entry.locations = [*dict.fromkeys((place, None) for place, _ in entry.locations)]
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(HEADER.format(language).encode())
        pofile.write_po(file, old, omit_header=True, include_lineno=False, ignore_obsolete=True, width=120)
    languages.words.cache_clear()
    return old
