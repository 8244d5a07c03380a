"""The repository's address, once it has one -> every lesson opens in Colab: badges in README, a first cell in lessons.

    python .ci/colab.py https://github.com/OWNER/NAME

Run again with another address, it puts that in the old one's place.
"""

import re
import sys
from pathlib import Path

from tllib.files import replacing

import nbformat

ROOT = Path(__file__).resolve().parents[1]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
CELL = """import sys

if "google.colab" in sys.modules:  # on Colab: install tllib, copy the lessons there, work beside them
    import os
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "git+{address}"], check=True)
    from tllib.command import lessons

    os.chdir(lessons.folder())"""


def put_cell(lesson: Path, address: str) -> None:
    """Have the first code cell of a lesson make Colab ready; it does nothing elsewhere."""
    notebook = nbformat.read(lesson, as_version=4)
    cells = [cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])]
    cell = nbformat.v4.new_code_cell(CELL.format(address=address), id="colab", metadata={
        "tags": ["colab"], "slideshow": {"slide_type": "skip"}})
    notebook.cells = [cells[0], cell, *cells[1:]]
    with replacing(lesson) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)


def with_badges(readme: str, address: str) -> str:
    """README's text with a badge behind each lesson that stands first in its row."""
    opened = address.replace("https://github.com/", "https://colab.research.google.com/github/")
    how = "| Colab | the badge of a lesson, below; its first cell installs tllib |"
    readme = re.sub(r"(?m)^\| Colab \|.*\|$", how, readme)
    readme = re.sub(r" \[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)", "", readme)
    return re.sub(r"(\| \[[^\]]*\]\((notebooks/\w+\.ipynb)\))",
                  rf"\1 [![Open in Colab]({BADGE})]({opened}/blob/main/\2)", readme)


def main(root: Path, address: str) -> None:
    """Write README and the lessons."""
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise SystemExit(f"Colab opens lessons from GitHub: https://github.com/OWNER/NAME, not {address}.")
    for lesson in sorted((root / "notebooks").glob("*.ipynb")):
        put_cell(lesson, address)
    readme = root / "README.md"
    text = with_badges(readme.read_text(encoding="utf-8"), address)
    with replacing(readme) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(ROOT, sys.argv[1])
