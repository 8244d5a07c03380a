"""Lessons -> executed lessons: as web pages in build/lessons/ (make run), or stored in the notebooks (make store).

Also, for whoever teaches: with every exercise solved (make solutions), and as slides (make slides).

A lesson names its results in its metadata, under "tllib": {"results": [[label, Python expression], …]}; they are
evaluated after its last cell and make up the table at the end. A cell whose picture needs a person's description has it
in its own metadata, under "tllib": {"alt": "…"}.
"""

import argparse
import html
import importlib.util
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter, SlidesExporter

from tllib.folders import replacing

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
# Nothing from the network: no formulas, pictures inside the page, an empty stand-in for a library of diagrams.
OFFLINE = {"mathjax_url": "", "embed_images": True,
           "mermaid_js_url": "data:text/javascript,export default {initialize() {}}"}
# nbconvert's own templates leave out what pictures show for those who can't see them.
IMAGE = ('{{%- block data_{block} scoped %}}<div class="jp-RenderedImage jp-OutputArea-output"><img '
         "alt=\"{{{{ (output | get_metadata('alt', '{kind}') or '') | escape_html }}}}\" "
         "src=\"data:{kind};base64,{{{{ output.data['{kind}'] }}}}\"></div>{{% endblock %}}")


def with_alt(template: str) -> str:
    """Give a template of nbconvert's, "lab" or "reveal", with the alternative texts of pictures."""
    return f"{{% extends '{template}/index.html.j2' %}}" + "".join(
        IMAGE.format(block=block, kind=kind) for block, kind in (("png", "image/png"), ("jpg", "image/jpeg")))


def run(path: Path, solved: bool = False) -> tuple[nbformat.NotebookNode, dict[str, str], float]:
    """Execute a lesson from top to bottom; give it with outputs, its results and the seconds it took."""
    lesson = nbformat.read(path, as_version=4)
    if solved:
        solve(lesson)
    client = NotebookClient(lesson, timeout=900, kernel_name="python3", store_widget_state=False,
                            resources={"metadata": {"path": str(HERE)}})
    code = [number for number, cell in enumerate(lesson.cells) if cell.cell_type == "code"]
    began = time.perf_counter()
    with open(BUILD / "lessons" / f"{path.stem}.log", "w") as log, client.setup_kernel(stdout=log, stderr=log):
        for done, number in enumerate(code, start=1):
            show_progress(path.stem, done - 1, len(code), time.perf_counter() - began)
            client.execute_cell(lesson.cells[number], number, execution_count=done)
        for cell in (lesson.cells[number] for number in code):
            log.writelines(out.text for out in cell.outputs if out.get("name") == "stderr")  # an engine's greetings
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
            for out in cell.outputs:  # a widget dies with its kernel; beside it is what shows without
                out.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
        describe(lesson)
        results = ask(client, lesson.metadata.get("tllib", {}).get("results", []))
        seconds = time.perf_counter() - began
        show_progress(path.stem, len(code), len(code), seconds, end="\n")
    return lesson, results, seconds


def describe(lesson: nbformat.NotebookNode) -> None:
    """Give each picture the words that its cell's metadata has for who can't see it, in place of the plot's own."""
    for cell in lesson.cells:
        words = cell.metadata.get("tllib", {}).get("alt")
        for out in cell.get("outputs", []) if words else []:
            for kind in out.get("data", {}):
                if kind.startswith("image/"):
                    out.metadata[kind] = {**out.metadata.get(kind, {}), "alt": words}


def solve(lesson: nbformat.NotebookNode) -> None:
    """Put the folded solution of each exercise in the place of its dots."""
    exercise = None
    for cell in lesson.cells:
        tags = cell.metadata.get("tags", [])
        if "exercise" in tags:
            exercise = cell
        elif "solution" in tags:
            exercise.source = re.search(r"```python\n(.*?)\n```", cell.source, re.S)[1]


def unsolved(lesson: nbformat.NotebookNode) -> list[str]:
    """What the checks said that was not "right."."""
    said = ["".join(out.get("text", "") for out in cell.outputs).strip() for cell in lesson.cells
            if "exercise" in cell.metadata.get("tags", [])]
    return [text for text in said if not text.endswith("right.")]


def ask(client: NotebookClient, expressions: list[list[str]]) -> dict[str, str]:
    """Evaluate expressions in the lesson's kernel."""
    pairs = ", ".join(f"{label!r}: str({expression})" for label, expression in expressions)
    cell = nbformat.v4.new_code_cell(f"import json as _json; print(_json.dumps({{{pairs}}}))")
    client.nb.cells.append(cell)
    try:
        client.execute_cell(cell, len(client.nb.cells) - 1)
    finally:
        client.nb.cells.pop()
    return json.loads("".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout"))


def show_progress(name: str, done: int, total: int, seconds: float, end: str = "") -> None:
    """One line a lesson: rewritten in place in a terminal, printed at the end otherwise."""
    bar = "█" * (20 * done // total) + "·" * (20 - 20 * done // total)
    line = f"  {name:28s} {bar} {done:2d}/{total} cells, {seconds:4.0f} s"
    if sys.stdout.isatty():
        print("\r" + line, end=end, flush=True)
    elif end or done == 0:
        print(line if end else f"  {name} …", flush=True)


def to_page(lesson: nbformat.NotebookNode, target: Path) -> None:
    """Render as one HTML file that needs nothing from the network."""
    exporter = HTMLExporter(raw_template=with_alt("lab"), require_js_url="", **OFFLINE)
    body, _ = exporter.from_notebook_node(lesson, {"metadata": {"name": target.stem, "path": str(HERE)}})
    target.write_text(body, encoding="utf-8")


def to_index(rows: list[tuple[str, str, float]], folder: Path) -> None:
    """Write the page that links the lessons."""
    items = "\n".join(f'<li><a href="{name}.html">{html.escape(title)}</a> <small>{seconds:.0f} s</small></li>'
                      for name, title, seconds in rows)
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>tllib lessons</title>'
        '<style>body{font:18px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>'
        f"<h1>Transfer learning, lesson by lesson</h1><ol>{items}</ol></html>\n", encoding="utf-8")


def to_slides(path: Path, folder: Path) -> None:
    """Render a stored lesson as slides that need nothing from the network; solutions are speaker notes (key S)."""
    exporter = SlidesExporter(raw_template=with_alt("reveal"), reveal_url_prefix="reveal", reveal_width="1200",
                              reveal_height="800", require_js_url="reveal/require.js", jquery_url="", **OFFLINE)
    lesson = nbformat.read(path, as_version=4)
    split_at_headings(lesson)
    body, _ = exporter.from_notebook_node(lesson, {"metadata": {"name": path.stem, "path": str(HERE)}})
    look = (".reveal{font-size:24px} .reveal .slides section{max-height:100%;overflow-y:auto} "
            ".reveal h1,.reveal h2,.reveal h3{text-transform:none} .jp-InputArea pre{font-size:16px}")
    head = f"<head>\n<style>{look}</style><script>window.MathJax = {{Hub: {{getAllJax: () => false}}}}</script>"
    (folder / f"{path.stem}.html").write_text(body.replace("<head>", head, 1), encoding="utf-8")


def split_at_headings(lesson: nbformat.NotebookNode) -> None:
    """Cut cells that end one section and begin the next, so that a slide begins with its heading."""
    cells = []
    for cell in lesson.cells:
        before, *sections = re.split(r"\n(?=##? )", cell.source) if slide_type(cell) == "slide" else [cell.source]
        cell.source = before
        cells.append(cell)
        if sections and not before.startswith("#"):
            cell.metadata["slideshow"] = {"slide_type": "subslide"}
        for section in sections:
            cells.append(nbformat.v4.new_markdown_cell(section, metadata={"slideshow": {"slide_type": "slide"}}))
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


def store(lesson: nbformat.NotebookNode, path: Path) -> None:
    """Write the lesson with its outputs, without what differs from run to run or from machine to machine."""
    for before, cell in zip([None, *lesson.cells], lesson.cells, strict=False):
        for noise in ("execution", "collapsed"):
            cell.metadata.pop(noise, None)
        cell.metadata["slideshow"] = {"slide_type": slide_of(cell, before)}
    lesson.metadata = {key: value for key, value in lesson.metadata.items() if key in ("kernelspec", "tllib")}
    lesson.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    lesson.metadata["language_info"] = {"name": "python"}
    with replacing(path) as partial:
        nbformat.write(lesson, partial)


def main() -> int:
    """Run every lesson, or those whose names begin with the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="beginnings of lesson names, such as 04; default: all")
    parser.add_argument("--store", action="store_true", help="store the outputs in the notebooks")
    parser.add_argument("--solved", action="store_true", help="solve the exercises; store them in solutions/")
    parser.add_argument("--slides", action="store_true", help="run nothing: turn the stored lessons into slides")
    wanted = parser.parse_args()
    os.environ.setdefault("TLLIB_PROGRESS", "0")  # a page has no use for bars that moved
    if wanted.store:  # what is stored must come from the built-in data, whatever lies on this machine
        os.environ["TLLIB_DATA"] = str(BUILD / "no-data")
    paths = [path for path in sorted(HERE.glob("*.ipynb")) if path.stem.startswith(tuple(wanted.lessons or [""]))]
    if wanted.slides:
        shutil.copytree(HERE / "slides", BUILD / "slides" / "reveal", dirs_exist_ok=True)
        for path in paths:
            to_slides(path, BUILD / "slides")
        print("The lessons as slides: build/slides/, a page each (arrows move, S shows the solutions)")
        return 0
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed, so lesson 03 is left out.")
        paths = [path for path in paths if not path.stem.endswith("pytorch")]
    folder = HERE.parent / "solutions" if wanted.solved else BUILD / "lessons"
    for each in (folder, BUILD / "lessons"):
        each.mkdir(parents=True, exist_ok=True)
    print(f"Running {len(paths)} lessons on this machine (a minute or two each).", flush=True)
    rows, table, began = [], [], time.perf_counter()
    for path in paths:
        try:
            lesson, results, seconds = run(path, wanted.solved)
        except CellExecutionError as error:
            print(f"\n{path.name} stopped at a cell that failed:\n\n{error}", file=sys.stderr)
            return 1
        if wanted.store:
            store(lesson, path)
        if wanted.solved:
            store(lesson, folder / path.name)
            if unsolved(lesson):
                print(f"\n{path.name}: a solution is not right:", *unsolved(lesson), sep="\n  ", file=sys.stderr)
                return 1
        to_page(lesson, folder / f"{path.stem}.html")
        title = lesson.cells[0].source.splitlines()[0].lstrip("# ")
        rows.append((path.stem, title, seconds))
        number = path.stem.split("_")[0]
        table += [(number, label, value) for label, value in results.items()]
        table.append((number, "time", f"{seconds:.0f} s"))
    to_index(rows, folder)
    width = max((len(label) for _, label, _ in table), default=0)
    print(f"\n  lesson  {'what was measured':{width}s}  result\n  " + "-" * (width + 32))
    for number, label, value in table:
        print(f"  {number:6s}  {label:{width}s}  {value}")
    print(f"  {'all':6s}  {'time':{width}s}  {time.perf_counter() - began:.0f} s")
    print(f"\nThe lessons as web pages: {folder.relative_to(HERE.parent)}/index.html\n"
          "To run them cell by cell yourself: make lab")
    return 0


if __name__ == "__main__":
    sys.exit(main())
