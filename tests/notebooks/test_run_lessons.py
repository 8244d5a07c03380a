"""What is done to lessons around running them: solving, describing, slides."""

import re
from pathlib import Path

import nbformat
import pytest
import run_lessons

LESSONS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture
def lesson():
    """A small lesson: two sections, an exercise with its solution, a picture."""
    new, slide = nbformat.v4, {"slideshow": {"slide_type": "slide"}}
    picture = new.new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata={"image/png": {"alt": "one"}})
    solution = "<details>\n\n```python\n# two and two\nanswer = 4\ncheck(answer)\n```\n\n</details>"
    return new.new_notebook(cells=[
        new.new_markdown_cell("# A title\n\nWords.", metadata=slide),
        new.new_code_cell("draw()", outputs=[picture], metadata={"tllib": {"alt": "A zebra."}}),
        new.new_markdown_cell("What it shows.\n\n## The next\n\nMore.", metadata=slide),
        new.new_code_cell("answer = ...\ncheck(answer)", metadata={"tags": ["exercise"]}),
        new.new_markdown_cell(solution, metadata={"tags": ["solution"]})])


def test_solve_puts_the_solution_in_the_place_of_the_dots(lesson):
    run_lessons.solve(lesson)
    assert lesson.cells[3].source == "# two and two\nanswer = 4\ncheck(answer)"


def test_unsolved_quotes_the_checks_that_were_not_content(lesson):
    for said, expected in (("Exercise 1: right.\n", []), ("Exercise 1: too small.\n", ["Exercise 1: too small."])):
        lesson.cells[3].outputs = [nbformat.v4.new_output("stream", text=said)]
        assert run_lessons.unsolved(lesson) == expected


def test_describe_replaces_a_plots_own_words_by_those_of_the_cell(lesson):
    run_lessons.describe(lesson)
    assert lesson.cells[1].outputs[0].metadata == {"image/png": {"alt": "A zebra."}}


def test_a_slide_begins_with_its_heading(lesson):
    run_lessons.split_at_headings(lesson)
    assert [cell.source for cell in lesson.cells[2:4]] == ["What it shows.\n", "## The next\n\nMore."]
    assert [run_lessons.slide_type(cell) for cell in lesson.cells[:4]] == ["slide", "", "subslide", "slide"]
    nbformat.validate(lesson)


def test_store_decides_the_slide_of_every_cell(lesson, tmp_path):
    run_lessons.store(lesson, tmp_path / "lesson.ipynb")
    stored = nbformat.read(tmp_path / "lesson.ipynb", as_version=4)
    assert [run_lessons.slide_type(cell) for cell in stored.cells] == ["slide", "-", "slide", "-", "notes"]
    assert [path.name for path in tmp_path.iterdir()] == ["lesson.ipynb"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_make_slides_that_need_no_network(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    cells = stored.cells
    assert [run_lessons.slide_type(cell) for cell in cells] == [
        run_lessons.slide_of(cell, before) for before, cell in zip([None, *cells], cells, strict=False)], "make store"
    run_lessons.to_slides(path, tmp_path)
    page = (tmp_path / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)\b[^>]*(src|href)=[\"']?(https?:)?//", page)
    prose = [cell.source for cell in cells if run_lessons.slide_type(cell) == "slide"]
    headings = re.findall("^##? ", "\n".join(prose), re.M)
    assert len(headings) >= 5 and page.count("<section>") >= len(headings)
