"""What .ci/colab.py writes once the repository has an address."""

import runpy
import shutil
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/somebody/tllib"


@pytest.fixture(scope="module")
def colab():
    return runpy.run_path(ROOT / ".ci/colab.py")


def test_every_lesson_gets_a_badge_and_a_cell_once(colab, tmp_path):
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("slides", "pictures"))
    colab["main"](tmp_path, "https://github.com/somebody/elsewhere")
    colab["main"](tmp_path, ADDRESS)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    lessons = sorted((tmp_path / "notebooks").glob("*.ipynb"))
    assert "elsewhere |" in readme and "somebody/elsewhere" not in readme
    for path in lessons:
        address = f"https://colab.research.google.com/github/somebody/tllib/blob/main/notebooks/{path.name}"
        assert readme.count(f"[![Open in Colab]({colab['BADGE']})]({address})") == (not path.stem.endswith("solution"))
        before, cells = (nbformat.read(each, as_version=4).cells for each in (ROOT / "notebooks" / path.name, path))
        assert [cells[0], *cells[2:]] == [cell for cell in before if cell.id != "colab"]
        assert f"git+{ADDRESS}" in cells[1].source
        nbformat.validate(nbformat.read(path, as_version=4))
    untouched = [line for line in readme.splitlines() if "olab" not in line]
    assert set(untouched) < set((ROOT / "README.md").read_text(encoding="utf-8").splitlines())
    assert "| Colab | the badge of a lesson" in readme


def test_the_cell_does_nothing_elsewhere(colab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(colab["CELL"].format(address="file:///nowhere"), "cell", "exec"), {})
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("address", ["https://example.org/a/b", "https://github.com/a", "git@github.com:a/b.git"])
def test_colab_opens_nothing_else(colab, tmp_path, address):
    with pytest.raises(SystemExit, match="OWNER/NAME"):
        colab["main"](tmp_path, address)
