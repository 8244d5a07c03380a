"""Every lesson, opened in JupyterLab with what is stored in it; its exercises solved and its widgets made there.

That every cell runs and gives its stored output is what nbval sees to (python -m tllib test lessons).
"""

from pathlib import Path

from tests.browser.jupyter_page import WIDGET, cells, cut_off, opened, photograph, printed, run_cell, set_theme
from tests.browser.needed import needed

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
LESSONS = sorted((path.stem for path in (ROOT / "notebooks").glob("*.ipynb")), reverse=True)  # the long ones first


def is_exercise(cell):
    return "exercise" in cell["metadata"].get("tags", [])


def run_exercises_and_widgets(page):
    """Run the cells with exercises or widgets, and those that they need; give the cells that ran."""
    everything = page.evaluate(f"{WIDGET}.context.model.toJSON().cells")
    code = [number for number, cell in enumerate(everything) if cell["cell_type"] == "code"]
    sources = ["".join(everything[number]["source"]) for number in code]
    wanted = [place for place, number in enumerate(code) if is_exercise(everything[number])
              or "widgets." in sources[place] or "classroom.quiz(" in sources[place]]
    run = needed(sources, wanted)
    for place in run:
        run_cell(page, code[place])
    after = cells(page)
    return [after[place] for place in run]


@pytest.mark.parametrize("lesson", LESSONS)
def test_pictures_show_exercises_answer_and_nothing_is_cut_off(lesson, lab, browser):
    if "pytorch" in lesson:
        pytest.importorskip("efficientnet_lite_pytorch")
    with opened(lab, browser, lesson) as page:
        for cell in run_exercises_and_widgets(page):
            assert cell["execution_count"]
            for out in cell["outputs"]:
                assert out["output_type"] != "error" and out.get("name") != "stderr", out
            if is_exercise(cell):
                assert printed(cell).endswith("right.\n"), (cell["source"], printed(cell))
        pictures = sum(any(kind.startswith("image/") for kind in out.get("data", {})) for cell in cells(page)
                       for out in cell["outputs"])
        widths = page.eval_on_selector_all(".jp-OutputArea-output img", "all => all.map(each => each.naturalWidth)")
        assert len(widths) >= pictures >= 1 and min(widths) > 50
        assert page.locator("text=Error displaying widget").count() == 0
        assert page.locator("text=Loading widget").count() == 0
        assert page.errors == []
        set_theme(page, "JupyterLab Light")
        photograph(page, SHOTS / "light", lesson)
        set_theme(page, "JupyterLab Dark")
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        photograph(page, SHOTS / "dark_at_200_percent", lesson, width=650)
        assert cut_off(page) == []
