"""Every lesson, opened and run in JupyterLab as a reader would, with its exercises solved."""

from pathlib import Path

import pytest

from tests.browser.jupyter_page import cells, cut_off, opened, photograph, printed, run_all, set_theme

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_cell_runs_and_every_picture_shows(lesson, lab, browser):
    if "pytorch" in lesson:
        pytest.importorskip("torch")
    with opened(lab, browser, lesson) as page:
        run_all(page)
        code = cells(page)
        assert all(cell["execution_count"] for cell in code)
        for cell in code:
            for out in cell["outputs"]:
                assert out["output_type"] != "error" and out.get("name") != "stderr", out
            if "exercise" in cell["metadata"].get("tags", []):
                assert printed(cell).endswith("right.\n"), (cell["source"], printed(cell))
        pictures = sum(any(kind.startswith("image/") for kind in out.get("data", {})) for cell in code
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
