"""Lessons -> web pages and slides that need nothing from the network."""

import html
import os
import re
from collections.abc import Sequence
from pathlib import Path

from tllib.command import claims, edition

import nbformat
from nbconvert import HTMLExporter, SlidesExporter

# Nothing from the network: no formulas, an empty stand-in for a library of diagrams.
LOCAL = {"mathjax_url": "", "mermaid_js_url": "data:text/javascript,export default {initialize() {}}"}
# nbconvert's own templates leave out what pictures show for those who can't see them.
IMAGE = ('{{%- block data_{block} scoped %}}<div class="jp-RenderedImage jp-OutputArea-output"><img '
         "alt=\"{{{{ (output | get_metadata('alt', '{kind}') or '') | escape_html }}}}\" "
         "src=\"data:{kind};base64,{{{{ output.data['{kind}'] }}}}\"></div>{{% endblock %}}")
INDEX = """<!doctype html><html lang="en"><meta charset="utf-8"><title>tllib lessons</title>
<style>body{{font:18px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}
li{{margin:.4rem 0}} small{{color:#666;white-space:nowrap}}</style>
<h1>Transfer learning, lesson by lesson</h1><ul>
{items}
</ul></html>
"""


def with_alt(template: str) -> str:
    """Give a template of nbconvert's, "lab" or "reveal", with the alternative texts of pictures."""
    return f"{{% extends '{template}/index.html.j2' %}}" + "".join(
        IMAGE.format(block=block, kind=kind) for block, kind in (("png", "image/png"), ("jpg", "image/jpeg")))


def to_page(lesson: nbformat.NotebookNode, path: Path, target: Path, problems: Sequence[str] = ()) -> None:
    """Render a lesson, as it is, as one HTML file; it begins with what went wrong when it was run.

    `path` is the lesson's own: its links begin there.
    """
    exporter = HTMLExporter(raw_template=with_alt("lab"), require_js_url="", language_code=edition.of(lesson), **LOCAL)
    body, _ = exporter.from_notebook_node(lesson, {"metadata": {"name": target.stem}})
    body = body.replace("</head>", f"<style>{edition.LOOK}</style></head>", 1)
    notes = "".join(claims.box(problem) for problem in problems)
    body = re.sub(r"<main\b[^>]*>", lambda main: main[0] + notes, body, count=1)
    target.write_text(relinked(body, path.parent, target.parent), encoding="utf-8")


def relinked(page: str, home: Path, folder: Path) -> str:
    """Turn the links of a lesson in one folder into those of a page in another, where other lessons are pages too."""
    def link(found: re.Match) -> str:
        if found[1].endswith(".ipynb") and "/" not in found[1]:
            return f'href="{Path(found[1]).stem}.html"'
        return f'href="{Path(os.path.relpath(home / found[1], folder)).as_posix()}"'
    return re.sub(r'(?<=<a )href="([\w./-]+)"', link, page)


def to_index(lessons: dict[Path, tuple[nbformat.NotebookNode, str]], target: Path) -> None:
    """Write the page that links the lessons: path of each -> the lesson, and where its results come from."""
    titles = {path: re.search("^# (.*)", lesson.cells[0].source, re.M)[1] for path, (lesson, _) in lessons.items()}
    items = "\n".join(f'<li><a href="{path.stem}.html">{html.escape(titles[path])}</a> <small>{state}</small></li>'
                      for path, (_, state) in lessons.items())
    target.write_text(INDEX.format(items=items), encoding="utf-8")


def to_slides(path: Path, folder: Path) -> None:
    """Render a stored lesson as slides; solutions are speaker notes (key S)."""
    exporter = SlidesExporter(raw_template=with_alt("reveal"), reveal_url_prefix="reveal", reveal_width="1200",
                              reveal_height="800", require_js_url="reveal/require.js", jquery_url="", **LOCAL)
    lesson = nbformat.read(path, as_version=4)
    split_at_headings(lesson)
    body, _ = exporter.from_notebook_node(lesson, {"metadata": {"name": path.stem}})
    look = (edition.LOOK + " .reveal{font-size:24px} .reveal .slides section{max-height:100%;overflow-y:auto} "
            ".reveal h1,.reveal h2,.reveal h3{text-transform:none} .jp-InputArea pre{font-size:16px}")
    head = f"<head>\n<style>{look}</style><script>window.MathJax = {{Hub: {{getAllJax: () => false}}}}</script>"
    body = relinked(body.replace("<head>", head, 1), path.parent, folder)
    (folder / f"{path.stem}.html").write_text(body, encoding="utf-8")


def split_at_headings(lesson: nbformat.NotebookNode) -> None:
    """Cut cells that end one section and begin the next, so that a slide begins with its heading."""
    cells = []
    for cell in lesson.cells:
        source = edition.unwrapped(cell.source)
        before, *sections = re.split(r"\n(?=##? )", source) if slide_type(cell) == "slide" else [source]
        cell.source = before
        cells.append(cell)
        if sections and not before.startswith("#"):
            cell.metadata["slideshow"] = {"slide_type": "subslide"}
        for section in sections:
            cells.append(nbformat.v4.new_markdown_cell(section, metadata={"slideshow": {"slide_type": "slide"}}))
    for cell in cells:
        cell.source = edition.wrapped(cell.source, edition.of(lesson)) if cell.cell_type == "markdown" else cell.source
    lesson.cells = cells


def slide_type(cell: nbformat.NotebookNode) -> str:
    """What a stored cell is on slides."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "")


def slide_of(cell: nbformat.NotebookNode, before: nbformat.NotebookNode | None) -> str:
    """Where a cell goes on slides: a new one for a heading, one below for what would be too long for one."""
    if "solution" in cell.metadata.get("tags", []):
        return "notes"
    if cell.cell_type == "markdown" and re.search("^##? ", cell.source, re.M):
        return "slide"
    together = cell.cell_type == "code" and before.cell_type == "markdown" and len(before.source) < 500
    return "-" if together else "subslide"
