"""The line that says how far: one output in a notebook, nothing when it is quick, nothing when it is not wanted."""

import nbformat
import pytest
from nbclient import NotebookClient

SLOW = """import time
from tllib.progress import progress
for _ in progress(range(28), what="counting"):
    time.sleep({})"""


@pytest.mark.parametrize("pause, wanted, lines", [(0.1, "1", 1), (0.001, "1", 0), (0.1, "0", 0)])
def test_one_line_in_a_notebook_if_it_takes_long(pause, wanted, lines, monkeypatch):
    monkeypatch.setenv("TLLIB_PROGRESS", wanted)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW.format(pause))])
    cell = NotebookClient(notebook, kernel_name="python3").execute().cells[0]
    assert len(cell.outputs) == lines
    for out in cell.outputs:
        assert "counting: 100%" in out.data["text/plain"] and "28/28" in out.data["text/plain"]
        assert len(out.data["text/plain"]) <= 80 and list(out.data) == ["text/plain"]
