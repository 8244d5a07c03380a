"""Every lesson, opened and run in JupyterLab as a reader would, with its exercises solved."""

import contextlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CELLS = "window.jupyterapp.shell.currentWidget.context.model.toJSON().cells"


@contextlib.contextmanager
def opened(lab, browser, lesson):
    """A page with a lesson whose kernel is ready; afterwards the kernel is shut down."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{lab}/lab/tree/notebooks/{lesson}.ipynb?reset")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady", timeout=60_000)
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
                           timeout=120_000)
    try:
        yield page
    finally:
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.close()


def run_all(page):
    """Run every cell and wait for the last."""
    page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }")


def texts(cell):
    return "".join("".join(out.get("text", "")) for out in cell["outputs"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_cell_runs_and_every_picture_shows(lesson, lab, browser):
    if "pytorch" in lesson:
        pytest.importorskip("torch")
    with opened(lab, browser, lesson) as page:
        run_all(page)
        cells = [cell for cell in page.evaluate(CELLS) if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in cells)
        for cell in cells:
            for out in cell["outputs"]:
                assert out["output_type"] != "error" and out.get("name") != "stderr", out
            if "exercise" in cell["metadata"].get("tags", []):
                assert texts(cell).endswith("right.\n"), (cell["source"], texts(cell))
        pictures = sum(any(kind.startswith("image/") for kind in out.get("data", {})) for cell in cells
                       for out in cell["outputs"])
        widths = page.eval_on_selector_all(".jp-OutputArea-output img", "all => all.map(each => each.naturalWidth)")
        assert len(widths) >= pictures >= 1 and min(widths) > 50
        assert page.locator("text=Error displaying widget").count() == 0
        assert page.locator("text=Loading widget").count() == 0
        assert page.errors == []
        SHOTS.mkdir(parents=True, exist_ok=True)
        height = 200 + page.evaluate(
            "Math.max(...[...document.querySelectorAll('.jp-WindowedPanel-outer')].map(each => each.scrollHeight))")
        page.set_viewport_size({"width": 1300, "height": min(height, 15_000)})
        page.screenshot(path=SHOTS / f"{lesson}.png")
