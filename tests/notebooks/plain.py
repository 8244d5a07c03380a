"""The name of a lesson -> what its first code cell imports, and its cells tagged `plain`, as source."""

from pathlib import Path

import nbformat

LESSONS = Path(__file__).resolve().parents[2] / "notebooks"


def code_of(lesson):
    """Sources: of the first code cell, and of the plain ones, in order."""
    found = nbformat.read(LESSONS / f"{lesson}.ipynb", as_version=4).cells
    cells = [cell for cell in found if cell.cell_type == "code"]
    return cells[0].source, [cell.source for cell in cells if "plain" in cell.metadata.get("tags", [])]
