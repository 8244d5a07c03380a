"""A lesson opened in JupyterLab, and what one does there."""

import contextlib

WIDGET = "window.jupyterapp.shell.currentWidget"
IDLE = f"{WIDGET}.sessionContext.session?.kernel?.status === 'idle'"


@contextlib.contextmanager
def opened(lab, browser, lesson):
    """A page with a lesson whose kernel is ready; afterwards the kernel is shut down."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{lab}/lab/tree/notebooks/{lesson}.ipynb?reset")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context?.isReady", timeout=60_000)
    page.wait_for_function(IDLE, timeout=120_000)
    try:
        yield page
    finally:
        page.evaluate(f"{WIDGET}.sessionContext.shutdown()")
        page.close()


def cells(page):
    """The notebook's code cells as they are now."""
    found = page.evaluate(f"{WIDGET}.context.model.toJSON().cells")
    return [cell for cell in found if cell["cell_type"] == "code"]


def printed(cell):
    """What a cell printed."""
    return "".join("".join(out.get("text", "")) for out in cell["outputs"])


RUN = ("number => { const shown = window.jupyterapp.shell.currentWidget; shown.content.deselectAll(); "
       "shown.content.activeCellIndex = number; %s window.jupyterapp.commands.execute('notebook:run-cell'); }")


def start_cell(page, number):
    """Begin to run one cell; go on at once."""
    page.evaluate(RUN % "", number)


def run_cell(page, number):
    """Run one cell, and wait until it is done."""
    page.evaluate("async " + RUN % "await", number)
    page.wait_for_function(IDLE, timeout=600_000)


def set_theme(page, name):
    """Switch JupyterLab to a theme."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)


def photograph(page, folder, lesson, width=1300, height=2400):
    """Take screenshots of the whole notebook, from top to bottom; a window of 650 is one of 1300 at a zoom of 200 %."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{lesson}_?.png"):
        old.unlink()
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(f"{WIDGET}.content.activeCellIndex = 0")
    page.wait_for_timeout(500)
    panel = page.locator(".jp-WindowedPanel-outer").first
    whole, shown = panel.evaluate("each => [each.scrollHeight, each.clientHeight]")
    for number, top in enumerate(range(0, whole, shown - 100)):
        panel.evaluate("(each, top) => each.scrollTo(0, top)", top)
        page.wait_for_timeout(300)
        page.screenshot(path=folder / f"{lesson}_{number}.png")


def cut_off(page):
    """Texts and pictures of the notebook that are wider than their place, so that one can't see them whole."""
    return page.eval_on_selector_all(
        ".jp-MarkdownOutput, .jp-OutputArea-output",
        """all => {
            const right = each => each.getBoundingClientRect().right;
            return all.filter(each => each.scrollWidth > each.clientWidth + 1
                                      || [...each.querySelectorAll('img')].some(image => right(image) > right(each)))
                      .map(each => each.textContent.slice(0, 60) || each.className);
        }""")
