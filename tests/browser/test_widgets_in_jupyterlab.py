"""Every widget, used in JupyterLab as a reader would."""

import json
import time

from tests.browser.jupyter_page import IDLE, cells, cut_off, opened, printed, run_cell, start_cell

import nbformat
import pytest

pytestmark = pytest.mark.xdist_group("widgets")  # one notebook for all of them
SETUP = """from tllib import backbones, classroom, datasets, images, synthesis, transfer, widgets
network, judge = (backbones.load(name, top=True) for name in ("efficientnet_lite0", "efficientnet_lite1"))
dog = images.load("../data/photos/dog.png")"""
CLASSIFIER = """pets = datasets.load("pets", labels="breed").subset(96, seed=0)
backbone = backbones.load("efficientnet_lite0")
table = transfer.extract_features(backbone, pets)
few = [pets.labels.tolist().index(number) for number in range(len(pets.class_names))]
head = transfer.train_head(transfer.FeatureTable(table.x[few], table.y[few], [table.paths[row] for row in few],
                                                 table.class_names))
report = transfer.evaluate(head, table)
classifier = transfer.assemble(backbone, head, pets.class_names)"""
CELLS = [SETUP, CLASSIFIER,
         'for drawn in widgets.LiveView(synthesis.draw(network, ["zebra"])): pass', "print(drawn.step)",
         'classroom.quiz("before")',
         "picker = widgets.class_picker(network, steps=4)\npicker", "print(picker.value, picker.result is not None)",
         'widgets.adversarial_explorer(network, dog, "Siamese cat", judges={"judge": judge})',
         'widgets.mistakes_browser(report, file="../build/wrong.json")', "widgets.try_photo(classifier)"]


@pytest.fixture(scope="module")
def page(classroom, lab, browser):
    """A notebook with all widgets, its first two cells run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, classroom / "notebooks" / "widgets.ipynb")
    with opened(lab, browser, "widgets") as shown:
        run_cell(shown, 0)
        run_cell(shown, 1)
        yield shown
        assert shown.errors == []


def shown(page, number):
    """What stands below a cell."""
    return page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-Cell-outputArea")


def test_live_view_moves_and_stops_within_a_second(page):
    start_cell(page, 2)
    view = shown(page, 2)
    view.locator("img").wait_for(timeout=60_000)
    pictures, words = set(), set()
    for _ in range(12):
        pictures.add(view.locator("img").get_attribute("src"))
        words.add(view.locator("[role=status]").inner_text())
        page.wait_for_timeout(250)
    assert len(pictures) >= 3 and len(words) >= 3, "it moves"
    assert len(pictures) <= 10, "at most three pictures a second"
    assert "probability" in words.pop()
    began = time.perf_counter()
    page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:interrupt-kernel']").click()
    page.wait_for_function(IDLE, timeout=10_000, polling=20)
    print(f"Stop answered after {time.perf_counter() - began:.2f} s")
    run_cell(page, 3)
    steps = int(printed(cells(page)[3]))
    assert 8 < steps < 256
    assert "stopped" in view.locator("[role=status]").inner_text()


def test_a_quiz_answers_and_keeps_the_score(page):
    run_cell(page, 4)
    view = shown(page, 4)
    before = view.inner_text()
    view.get_by_role("button", name="a", exact=True).first.click()
    view.locator("[role=status]", has_text="a)").first.wait_for()
    assert "Right." in view.inner_text() or "Not this one." in view.inner_text()
    assert "13 to go" in before and "12 to go" in view.inner_text()
    view.get_by_role("button", name="Start again").click()
    view.get_by_text("13 to go").wait_for()


def test_a_class_is_picked_by_typing_and_drawn(page):
    run_cell(page, 5)
    view = shown(page, 5)
    field = view.locator("input")
    field.fill("strawbery")
    field.press("Enter")
    view.locator("[role=status]", has_text="strawberry").wait_for()
    field.fill("strawberry")
    field.press("Enter")
    view.get_by_text("Chosen: strawberry").wait_for()
    view.get_by_role("button", name="Draw it").click()
    view.locator("img[alt*=strawberry]").wait_for(timeout=60_000)
    run_cell(page, 6)
    assert printed(cells(page)[6]) == "strawberry True\n"


def test_the_explorer_follows_its_slider(page):
    run_cell(page, 7)
    view = shown(page, 7)
    first = view.locator("img").get_attribute("alt")
    handle = view.locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    view.locator("img[alt*='at most 2 of']").wait_for(timeout=60_000)
    assert "at most 1 of" in first and "judge says" in first
    page.set_viewport_size({"width": 650, "height": 900})  # a zoom of 200 %
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.wait_for_timeout(500)
    assert cut_off(page) == []
    page.set_viewport_size({"width": 1300, "height": 900})


def test_mistakes_are_leafed_through_and_marked(page, classroom):
    run_cell(page, 8)
    view = shown(page, 8)
    first = view.locator("img").get_attribute("src")
    view.get_by_role("button", name="next").click()
    view.get_by_text("Mistake 2 of").wait_for()
    assert view.locator("img").get_attribute("src") != first
    view.locator("input[type=checkbox]").check()
    view.get_by_text("1 wrong label").wait_for()
    assert len(json.loads((classroom / "build" / "wrong.json").read_text())["wrong labels"]) == 1


def test_a_photo_is_uploaded_and_answered(page, classroom):
    run_cell(page, 9)
    view = shown(page, 9)
    with page.expect_file_chooser() as chooser:
        view.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(classroom / "data" / "photos" / "dog.png")
    view.get_by_text("Answer:").wait_for(timeout=60_000)
    assert view.locator("img").count() == 1
    (classroom / "broken.png").write_text("no picture")
    with page.expect_file_chooser() as chooser:
        view.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(classroom / "broken.png")
    view.get_by_text("cannot be read as a picture").wait_for(timeout=60_000)
