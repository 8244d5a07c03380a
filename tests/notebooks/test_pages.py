"""Web pages and slides: folds closed and full, pictures inside, slides that begin with their heading."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tllib.command import pages

import nbformat
import pytest

LESSONS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


class Folds(HTMLParser):
    """The <details> of a page: title and content of each; complains about what is open or not closed."""

    def __init__(self, page):
        super().__init__()
        self.folds, self.stack, self.in_title = [], [], False
        self.feed(page)
        assert not self.stack, "a fold that does not end"

    def handle_starttag(self, tag, attributes):
        if tag == "details":
            assert "open" not in dict(attributes), "a fold that stands open"
            self.stack.append(["", ""])
        self.in_title |= tag == "summary"

    def handle_endtag(self, tag):
        if tag == "details":
            self.folds.append(self.stack.pop())
        elif tag in ("main", "section", "aside"):
            assert not self.stack, "a fold that ends in another cell"
        self.in_title &= tag != "summary"

    def handle_data(self, text):
        for fold in self.stack:
            fold[not self.in_title] += text


def folds_of(lesson):
    """How many folds a lesson has in its texts, in its outputs."""
    texts = "".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    outputs = "".join(out.get("data", {}).get("text/html", "") for cell in lesson.cells
                      for out in cell.get("outputs", []))
    return texts.count("<details"), outputs.count("<details")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_fold_of_a_page_is_closed_and_full(path, tmp_path):
    lesson = nbformat.read(path, as_version=4)
    pages.to_page(lesson, path, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    found = Folds(page).folds
    assert len(found) == sum(folds_of(lesson))
    for title, content in found:
        assert title.strip() and len(content.strip()) > 15, title
    assert sum(title == "Solution" for title, _ in found) == sum(
        "solution" in cell.metadata.get("tags", []) for cell in lesson.cells)
    sources = re.findall(r"<img\b[^>]*?src=\"([^\"]*)", page)
    assert all(source.startswith("data:") for source in sources), "pictures are inside the page"


def test_the_reader_of_folds_sees_an_open_an_empty_and_a_torn_one():
    assert Folds("<details><summary>Hint</summary>\n<p>Look.</p></details>").folds == [["Hint", "\nLook."]]
    assert Folds("<details><summary>Hint</summary></details><p>Look.</p>").folds == [["Hint", ""]]
    for torn in ("<details open><summary>a</summary></details>", "<main><details></main></details>", "<details>"):
        with pytest.raises(AssertionError, match="a fold that"):
            Folds(torn)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(path, tmp_path):
    pages.to_page(nbformat.read(path, as_version=4), path, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for link in re.findall(r'<a [^>]*?href="([^"#]+)', page):
        if not link.startswith("https://"):
            assert (path.parent / Path(link).with_suffix(".ipynb")).is_file() or (tmp_path / link).is_file(), link


def test_a_slide_begins_with_its_heading(lesson):
    pages.split_at_headings(lesson)
    assert [cell.source for cell in lesson.cells[2:4]] == ["What it shows.\n", "## The next\n\nMore."]
    assert [pages.slide_type(cell) for cell in lesson.cells[:4]] == ["slide", "", "subslide", "slide"]
    nbformat.validate(lesson)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_make_slides_that_need_no_network(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    cells = stored.cells
    assert [pages.slide_type(cell) for cell in cells] == [
        pages.slide_of(cell, before) for before, cell in zip([None, *cells], cells, strict=False)], "tllib run --store"
    pages.to_slides(path, tmp_path)
    page = (tmp_path / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img)\b[^>]*(src|href)=[\"']?(https?:)?//", page)
    prose = [cell.source for cell in cells if pages.slide_type(cell) == "slide"]
    headings = re.findall("^##? ", "\n".join(prose), re.M)
    assert len(headings) >= 5 and page.count("<section>") >= len(headings)
    hints, in_outputs = folds_of(nbformat.read(path, as_version=4))
    found = Folds(page).folds
    assert len(found) == hints + in_outputs and all(len(content.strip()) > 15 for _, content in found)
