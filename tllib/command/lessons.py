"""Lessons -> executed lessons: web pages in build/lessons/, or stored; for teachers solved ones, and slides.

What each claim of a lesson compared is in build/lessons/LESSON.claims.json: what was measured, beside its bound.

A lesson's metadata has, under "tllib": "results": [[label, Python expression], …], evaluated after the last cell for a
table at the end; and "work": how many photos the network of lesson 00 could name in the time that the lesson took where
it was stored, so that its time can be told beforehand. A cell has "alt" there if its picture needs a person's words.
"""

import importlib.util
import json
import os
import re
import shutil
import sys
import time
import warnings
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tllib import languages
from tllib.command import claims, edition, pages
from tllib.command.environment import CHECKOUT, is_checkout
from tllib.files import replacing

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

PACKED = Path(__file__).resolve().parents[1] / "lessons"  # of an installed wheel: notebooks/ and data/photos/
SPEED = "photos named a second"  # a result of lesson 00
TIMEOUT = 900  # seconds for one cell


def folder() -> Path:
    """The lessons: a checkout's own, else a copy beside whoever asks, made when it is missing; nothing is replaced.

    In another language than English (`TLLIB_LANGUAGE`) they are made anew of the English ones, beside them.
    """
    home = CHECKOUT if is_checkout() else Path("tllib-lessons").absolute()
    for file in [] if is_checkout() else sorted(path for path in PACKED.rglob("*") if path.is_file()):
        target = home / file.relative_to(PACKED)
        if not target.exists():
            with replacing(target) as partial:
                shutil.copyfile(file, partial)
    if languages.reader() == "en":
        return home / "notebooks"
    return edition.lessons(home, languages.reader())


def chosen(names: Sequence[str]) -> list[Path]:
    """The lessons whose names begin so; all without names."""
    there = sorted(folder().glob("*.ipynb"))
    paths = [path for path in there if path.stem.startswith(tuple(names or [""]))]
    if not paths:
        raise ValueError(f"No lesson begins with {' or '.join(names)}. There are: "
                         f"{', '.join(path.stem for path in there)}.")
    return paths


def place(path: Path, kind: str) -> Path:
    """Where what is made of a lesson goes: `build/lessons`, `build/slides-ar` or like."""
    target = path.parents[1] / "build" / re.sub("notebooks|lessons", kind, path.parent.name)
    target.mkdir(parents=True, exist_ok=True)
    return target


@dataclass(frozen=True)
class Outcome:
    """What came out of running a lesson.

    Attributes:
        lesson: with its outputs; behind a cell that failed, with those that were stored.
        results: label -> value, for the table at the end.
        seconds: how long it took.
        problems: a sentence for each claim, solution or cell that failed, for whoever runs the lessons.
        stopped: whether a cell failed, so that what comes after it was not run.
    """

    lesson: nbformat.NotebookNode
    results: dict[str, str]
    seconds: float
    problems: list[str]
    stopped: bool

    def __str__(self) -> str:
        """Where the results of its page come from."""
        text = f"run here, {self.seconds:.0f} s"
        if self.stopped:
            return text + ", up to a cell that failed"
        if self.problems:
            return text + f", {len(self.problems)} marked: not as expected"
        return text


def run(path: Path, solved: bool, expected: float) -> Outcome:
    """Execute a lesson from top to bottom, in `expected` seconds; a claim that fails is marked, an error ends it."""
    lesson = nbformat.read(path, as_version=4)
    if solved:
        solve(lesson)
    client = NotebookClient(lesson, timeout=TIMEOUT, kernel_name="python3", store_widget_state=False,
                            resources={"metadata": {"path": str(path.parent)}})
    warnings.filterwarnings("ignore", "Proactor event loop", RuntimeWarning)  # of Jupyter's, on Windows
    code = [number for number, cell in enumerate(lesson.cells) if cell.cell_type == "code"]
    results, problems, stopped = {}, [], False
    began = time.perf_counter()
    logged = place(path, "lessons") / f"{path.stem}.log"
    compared = logged.with_suffix(".claims.json")
    compared.unlink(missing_ok=True)  # of an earlier run
    with open(logged, "w", encoding="utf-8") as log, client.setup_kernel(stdout=log, stderr=log):
        unseen(client, "from tllib.command import claims as _claims; _claims = _claims.watch()")
        for done, number in enumerate(code, start=1):
            show_progress(path.stem, done - 1, len(code), time.perf_counter() - began, expected)
            cell = lesson.cells[number]
            try:
                client.execute_cell(cell, number, execution_count=done)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                print(error, file=log)
                problems.append(f"It stopped at code cell {done} of {len(code)}: {reason(error)}. Outputs below that "
                                f"are as they were stored. The whole error is in {logged}")
                stopped = True
            problems += [out.data["text/plain"] for out in cell.outputs if claims.MARK in out.get("metadata", {})]
            tidy(cell, log)
            if stopped:
                break
        describe(lesson)
        seconds = time.perf_counter() - began
        show_progress(path.stem, done, len(code), seconds, end="\n")
        if not stopped:
            results = ask(client, lesson.metadata.get("tllib", {}).get("results", []))
            compared.write_text(unseen(client, "print(_claims.to_json())"), encoding="utf-8")
    if solved and not stopped:
        problems += [f"A solution is not right: {text}" for text in unsolved(lesson)]
    return Outcome(lesson, results, seconds, problems, stopped)


def reason(error: Exception) -> str:
    """Say in a line why a cell failed."""
    if isinstance(error, CellExecutionError):
        lines = error.evalue.strip().splitlines()
        return f"{error.ename}: {lines[0].rstrip('.')}" if lines else error.ename
    if isinstance(error, CellTimeoutError):
        return f"it took over {TIMEOUT // 60} minutes"
    return "Python ended, perhaps for want of memory: close other programs"


def tidy(cell: nbformat.NotebookNode, log: TextIO) -> None:
    """Move an engine's greetings to the log; leave of each widget what shows without a kernel."""
    log.writelines(out.text for out in cell.outputs if out.get("name") == "stderr")
    cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    for out in cell.outputs:
        out.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


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
    return [text for text in said if languages.said("right.") not in text]


def unseen(client: NotebookClient, source: str) -> str:
    """Run source in the lesson's kernel that is no part of the lesson and is not counted; give what it prints."""
    cell = nbformat.v4.new_code_cell(source)
    client.nb.cells.append(cell)
    try:
        client.execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    finally:
        client.nb.cells.pop()
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout")


def ask(client: NotebookClient, expressions: list[list[str]]) -> dict[str, str]:
    """Evaluate expressions in the lesson's kernel: label -> value as text."""
    pairs = ", ".join(f"{label!r}: str({expression})" for label, expression in expressions)
    return json.loads(unseen(client, f"import json as _json; print(_json.dumps({{{pairs}}}))"))


def show_progress(name: str, done: int, total: int, seconds: float, expected: float = 0, end: str = "") -> None:
    """One line a lesson: rewritten in place in a terminal, printed before and after otherwise."""
    full, empty = "█·" if (sys.stdout.encoding or "").lower().startswith("utf") else "#."
    bar = full * (20 * done // total) + empty * (20 - 20 * done // total)
    about = f"about {readable(expected)}" if expected else ""
    line = f"  {name:28s} {bar} {done:2d}/{total} cells, {seconds:4.0f} s"
    if sys.stdout.isatty():
        print(f"\r{line} {'of ' + about if about else '':20s}", end=end, flush=True)
    elif end or done == 0:
        print(line if end else f"  {name}, {about} …" if about else f"  {name} …", flush=True)


def readable(seconds: float) -> str:
    """Say 0 to 90 as seconds, more as minutes; rounded, as it is a forecast."""
    return f"{max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def store(lesson: nbformat.NotebookNode, path: Path) -> None:
    """Write the lesson with its outputs, without what differs from run to run or from machine to machine."""
    for before, cell in zip([None, *lesson.cells], lesson.cells, strict=False):
        for noise in ("execution", "collapsed"):
            cell.metadata.pop(noise, None)
        cell.metadata["slideshow"] = {"slide_type": pages.slide_of(cell, before)}
    lesson.metadata = {key: value for key, value in lesson.metadata.items() if key in ("kernelspec", "tllib")}
    lesson.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    lesson.metadata["language_info"] = {"name": "python"}
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(lesson, file)


def write(stored: dict[Path, nbformat.NotebookNode]) -> dict[Path, tuple[nbformat.NotebookNode, str]]:
    """Make a page of each lesson as it is stored, and one that links them; give what that one shows."""
    shown = {path: (lesson, "as it was stored") for path, lesson in stored.items()}
    for path, lesson in stored.items():
        target = place(path, "lessons")
        pages.to_page(lesson, path, target / f"{path.stem}.html")
    pages.to_index(shown, target / "index.html")
    print(f"The lessons, as they were stored, are ready to read: {target / 'index.html'}", flush=True)
    return shown


def run_all(paths: list[Path], storing: bool, solved: bool) -> int:
    """Run lessons one after the other, each to a page, whatever comes out; say how it went. 1 if something failed."""
    target = paths[0].parents[1] / "solutions" if solved else place(paths[0], "lessons")
    stored = {path: nbformat.read(path, as_version=4) for path in paths}
    work = [lesson.metadata.get("tllib", {}).get("work", 0) for lesson in stored.values()]
    shown = {} if solved else write(stored)  # something to look at from the first minute
    print(f"{len(paths)} lessons run on this machine now, and each page is made anew with what comes out.", flush=True)
    outcomes, speed, began = {}, None, time.perf_counter()
    for number, path in enumerate(paths):
        outcome = outcomes[path] = run(path, solved, work[number] / speed if speed else 0)
        for problem in outcome.problems:
            print(f"    {problem}", file=sys.stderr)
        if SPEED in outcome.results:
            speed = float(outcome.results[SPEED])
            if rest := sum(work[number + 1:]) / speed:
                print(f"  At this machine's speed, the rest takes about {readable(rest)}.", flush=True)
        if storing and not outcome.problems:
            if speed:
                outcome.lesson.metadata.setdefault("tllib", {})["work"] = round(outcome.seconds * speed)
            store(outcome.lesson, path)
        if solved:
            store(outcome.lesson, target / path.name)
        pages.to_page(outcome.lesson, path, target / f"{path.stem}.html", outcome.problems)
        shown[path] = (outcome.lesson, str(outcome))
        pages.to_index(shown, target / "index.html")
    print_results(outcomes, time.perf_counter() - began)
    print(f"\nThe lessons as web pages: {target / 'index.html'}\nTo run them cell by cell: python -m tllib lab")
    return print_problems(outcomes, storing)


def print_results(outcomes: dict[Path, Outcome], seconds: float) -> None:
    """Print what lessons measured, as a table."""
    table = [(path.stem.split("_")[0], *row) for path, outcome in outcomes.items()
             for row in (outcome.results | {"time": f"{outcome.seconds:.0f} s"}).items()]
    table.append(("all", "time", f"{seconds:.0f} s"))
    width = max(len(label) for _, label, _ in table)
    print(f"\n  lesson  {'what was measured':{width}s}  result\n  " + "-" * (width + 32))
    for number, label, value in table:
        print(f"  {number:6s}  {label:{width}s}  {value}")


def print_problems(outcomes: dict[Path, Outcome], storing: bool) -> int:
    """Say which lessons failed, and why; 1 if any did."""
    failed = {path: outcome for path, outcome in outcomes.items() if outcome.problems}
    if not failed:
        return 0
    print(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} lessons came out as they should. The others:",
          file=sys.stderr)
    for path, outcome in failed.items():
        print(f"  {path.stem}", *(f"    {problem}" for problem in outcome.problems), sep="\n", file=sys.stderr)
    print("Their pages are marked at these places." + " What was stored of them stays." * storing, file=sys.stderr)
    return 1


def run_chosen(options: Namespace) -> int:
    """Run every lesson, or those whose names begin so."""
    paths = chosen(options.lessons)
    if not importlib.util.find_spec("efficientnet_lite_pytorch"):
        print("PyTorch is not installed, so lesson 03 is left out.")
        paths = [path for path in paths if not path.stem.endswith("pytorch")]
    os.environ.setdefault("TLLIB_PROGRESS", "0")  # a page has no use for bars that moved
    os.environ["TLLIB_OFFLINE"] = "1"
    if options.store:  # what is stored must come from the built-in data, whatever lies on this machine
        os.environ["TLLIB_DATA"] = str(paths[0].parents[1] / "build" / "no-data")
    return run_all(paths, options.store, options.solved) if paths else 0


def write_chosen(options: Namespace) -> None:
    """Make web pages of stored lessons; nothing is run."""
    write({path: nbformat.read(path, as_version=4) for path in chosen(options.lessons)})


def lab(_: Namespace) -> None:
    """Open the lessons in JupyterLab."""
    from jupyterlab.labapp import LabApp
    home = folder()
    del os.environ["TLLIB_LANGUAGE"]  # each kernel goes by its folder
    print(f"The lessons are in {home}. Ctrl-C closes JupyterLab.", flush=True)
    LabApp.launch_instance([str(home)])


def slides(options: Namespace) -> None:
    """Turn stored lessons into slides; nothing is run."""
    paths = chosen(options.lessons)
    target = place(paths[0], "slides")
    shutil.copytree(paths[0].parents[1] / "notebooks" / "slides", target / "reveal", dirs_exist_ok=True)
    for path in paths:
        pages.to_slides(path, target)
    print(f"The lessons as slides: {target}, a page each (arrows move, S shows the solutions)")
