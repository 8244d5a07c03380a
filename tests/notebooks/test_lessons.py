"""What is done to lessons around running them: solving, describing, storing, pages from the first minute."""

import ast
import builtins
import importlib
from pathlib import Path

from tests.browser.needed import names
from tllib.command import lessons, pages

import nbformat
import pytest

LESSONS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_results_and_solutions_use_what_the_lesson_makes_and_the_library_has(path):
    """Neither is run with the stored lesson, so that a name which changed would go unseen."""
    lesson = nbformat.read(path, as_version=4)
    lessons.solve(lesson)
    sources = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    sources += [expression for _, expression in lesson.metadata.tllib.results]
    made = set(dir(builtins))
    for source in sources:
        new, used = names(source)
        assert used <= made | new, f"{used - made - new}: {source}"
        made |= new
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    rooms = {name.asname or name.name: f"{node.module}.{name.name}" for node in nodes
             if isinstance(node, ast.ImportFrom) and node.module.startswith("tllib") for name in node.names}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
            module, _, name = rooms[node.value.id].rpartition(".")
            try:
                room = importlib.import_module(f"{module}.{name}")
            except ModuleNotFoundError:
                room = getattr(importlib.import_module(module), name)  # a class or a setting
            assert hasattr(room, node.attr), f"{rooms[node.value.id]} has no {node.attr!r}"


def test_solve_puts_the_solution_in_the_place_of_the_dots(lesson):
    lessons.solve(lesson)
    assert lesson.cells[3].source == "# two and two\nanswer = 4\ncheck(answer)"


def test_unsolved_quotes_the_checks_that_were_not_content(lesson):
    for said, expected in (("Exercise 1: right.\n", []), ("Exercise 1: too small.\n", ["Exercise 1: too small."])):
        lesson.cells[3].outputs = [nbformat.v4.new_output("stream", text=said)]
        assert lessons.unsolved(lesson) == expected


def test_describe_replaces_a_plots_own_words_by_those_of_the_cell(lesson):
    lessons.describe(lesson)
    assert lesson.cells[1].outputs[0].metadata == {"image/png": {"alt": "A zebra."}}


def test_store_decides_the_slide_of_every_cell(lesson, tmp_path):
    lessons.store(lesson, tmp_path / "lesson.ipynb")
    stored = nbformat.read(tmp_path / "lesson.ipynb", as_version=4)
    assert [pages.slide_type(cell) for cell in stored.cells] == ["slide", "-", "slide", "-", "notes"]
    assert [path.name for path in tmp_path.iterdir()] == ["lesson.ipynb"]


def small(folder, name, title, source, **about):
    """A lesson of one cell, stored with an output."""
    new = nbformat.v4
    stored = new.new_output("stream", text=f"{title}, as it was stored")
    cells = [new.new_markdown_cell(f"# {title}"), new.new_code_cell(source, outputs=[stored], execution_count=1)]
    nbformat.write(new.new_notebook(cells=cells, metadata={"tllib": about}), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def test_pages_of_stored_outputs_come_first_and_the_next_lesson_is_named_with_its_time(tmp_path, capsys):
    build = tmp_path / "build"
    (tmp_path / "notebooks").mkdir()
    seen = f"from pathlib import Path; print(sorted(page.stem for page in Path({str(build)!r}).rglob('*.html')))"
    paths = [small(tmp_path / "notebooks", "00_one", "One", seen, results=[[lessons.SPEED, "2.0"]], work=6),
             small(tmp_path / "notebooks", "01_two", "Two", "print(6 * 7)", work=50)]
    assert lessons.run_all(paths, storing=True, solved=False) == 0
    first, second = (nbformat.read(path, as_version=4) for path in paths)
    assert first.cells[1].outputs[0].text == "['00_one', '01_two', 'index']\n", "before anything ran"
    said = capsys.readouterr().out
    assert said.index(f"ready to read: {build / 'lessons' / 'index.html'}") < said.index("00_one")
    assert "the rest takes about 25 s" in said and "01_two, about 25 s" in said
    assert f"  00      {lessons.SPEED}  2.0" in said and said.count("run here") == 0
    assert "42" in (build / "lessons/01_two.html").read_text() and second.cells[1].outputs[0].text == "42\n"
    assert (build / "lessons/index.html").read_text().count("run here") == 2
    assert 0 < second.metadata.tllib.work < 600, "measured anew: seconds here times photos a second here"


def test_a_failing_lesson_stops_none_of_the_others(tmp_path, capsys):
    folder, build = tmp_path / "notebooks", tmp_path / "build/lessons"
    folder.mkdir()
    claims = "loss = 0.47\nassert loss < 0.4, 'He should be far ahead'\nprint('went', 'on')"
    paths = [small(folder, "01_claims", "Claims", claims, results=[["loss", "loss"]]),
             small(folder, "02_raises", "Raises", "print('be', 'fore')\nraise ValueError('no such photo')"),
             small(folder, "03_dies", "Dies", "import os\nos._exit(1)"),
             small(folder, "04_fine", "Fine", "print(6 * 7)")]
    before = [path.read_bytes() for path in paths]
    assert lessons.run_all(paths, storing=True, solved=False) == 1
    said, complaints = capsys.readouterr()
    assert "1 of 4 lessons came out as they should" in complaints and "04_fine" not in complaints
    _, claims, raises, dies = complaints.split("The others:")[1].partition("01_claims")[0], *(
        complaints.split("The others:")[1].split(name)[1] for name in ("01_claims", "02_raises", "03_dies"))
    assert "came out otherwise: He should be far ahead (loss < 0.4: here 0.47 and 0.4)" in claims
    assert "cell 1 of 1: ValueError: no such photo." in raises and "Python ended" in dies
    assert "  01      loss  0.47" in said
    pages = [(build / f"{path.stem}.html").read_text() for path in paths]
    assert [page.count("He should be far ahead (") for page in pages] == [2, 0, 0, 0], "at the top, and in its place"
    assert "went on" in pages[0], "a claim that fails does not end its cell"
    assert "no such photo" in pages[1] and "be fore" in pages[1] and "Python ended" in pages[2]
    assert "42" in pages[3] and "border-left: 4px solid #c60" not in pages[3]
    index = (build / "index.html").read_text()
    assert index.count("1 marked: not as expected") == 1 and index.count("up to a cell that failed") == 2
    kept = [path.read_bytes() == old for path, old in zip(paths, before, strict=True)]
    assert kept == [True, True, True, False], "only what came out right is stored"


def test_outputs_are_numbered_as_their_cells(tmp_path):
    (tmp_path / "notebooks").mkdir()
    path = small(tmp_path / "notebooks", "01_one", "One", "6 * 7", results=[["product", "_"]])
    assert lessons.run_all([path], storing=True, solved=False) == 0
    (_, cell) = nbformat.read(path, as_version=4).cells
    assert cell.execution_count == cell.outputs[0].execution_count == 1


def test_what_an_earlier_run_compared_goes_with_it(tmp_path):
    (tmp_path / "notebooks").mkdir()
    kept = tmp_path / "build/lessons/01_one.claims.json"
    for source, there in (("assert 2 > 1", True), ("raise ValueError('stop')", False)):
        path = small(tmp_path / "notebooks", "01_one", "One", source)
        lessons.run_all([path], storing=False, solved=False)
        assert kept.exists() == there


def test_a_solution_that_is_not_right_stops_no_other_lesson(tmp_path, capsys):
    (tmp_path / "notebooks").mkdir()
    paths = [small(tmp_path / "notebooks", name, "One", "answer = ...") for name in ("01_wrong", "02_right")]
    for path, says in zip(paths, ("too small.", "right."), strict=True):
        lesson = nbformat.read(path, as_version=4)
        lesson.cells[1].metadata["tags"] = ["exercise"]
        solution = f"<details>\n\n```python\nprint('Exercise 1: {says}')\n```\n\n</details>"
        lesson.cells.append(nbformat.v4.new_markdown_cell(solution, metadata={"tags": ["solution"]}))
        nbformat.write(lesson, path)
    assert lessons.run_all(paths, storing=False, solved=True) == 1
    assert "A solution is not right: Exercise 1: too small." in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "solutions").glob("*.ipynb")} == {"01_wrong.ipynb", "02_right.ipynb"}


def test_forecasts_are_rounded():
    assert [lessons.readable(seconds) for seconds in (1, 22, 88, 100, 600)] == [
        "5 s", "20 s", "90 s", "1.7 min", "10.0 min"]
