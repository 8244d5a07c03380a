"""What tests of lessons share."""

import nbformat
import pytest


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
