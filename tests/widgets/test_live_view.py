"""LiveView: what it shows, and what is left of it when a real kernel is interrupted."""

import queue
import time
from dataclasses import replace

from tllib import synthesis, widgets

import keras
import pytest

CELL = """
from dataclasses import replace
import keras
from tllib import synthesis, widgets
pixel = keras.Input((32, 32, 3))
network = keras.Model(pixel, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(pixel)))
recipe = replace(synthesis.PIXELS, steps=1000)
for drawing in widgets.LiveView(synthesis.draw(network, [0], recipe=recipe, size=512)):
    pass
print("steps:", drawing.step)
"""


@pytest.fixture(scope="module")
def network():
    pixel = keras.Input((32, 32, 3))
    return keras.Model(pixel, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(pixel)))


def watch(network, steps, stop_after=None, pause=0.0):
    """Draw under a view. Gives the view, the last drawing and all notes that somebody saw."""
    recipe = replace(synthesis.PIXELS, steps=steps)
    view, notes = widgets.LiveView(synthesis.draw(network, [0, 1], recipe=recipe)), []
    for drawing in view:
        notes.append(view.panel.note.value)
        time.sleep(pause)
        if drawing.step == stop_after:
            break
    return view, drawing, notes


def test_it_shows_the_drawing_and_the_terms(network, monkeypatch):
    monkeypatch.setattr(widgets.live_view, "PAUSE", 0)
    monkeypatch.setattr(widgets.live_view, "SHARE", 1e9)
    view, drawing, notes = watch(network, 12)
    assert "step 1 of 12" in notes[0] and "s yet" in notes[-2]
    last = f"step 12 of 12 · probability {drawing.history['probability'][-1].mean():.0%} · objective"
    assert last in view.panel.note.value and view.panel.note.value.endswith("done</span>")
    assert view.progress.value == view.progress.max == 12
    bundle, about = view.panel._repr_mimebundle_()
    assert bundle["text/plain"] == "LiveView: the drawing as it was last" and about["image/jpeg"]["alt"]


def test_what_is_left_of_a_drawing_that_was_left(network):
    view, drawing, _ = watch(network, 50, stop_after=5)
    assert drawing.step == 5 == view.progress.value
    assert "step 5 of 50" in view.panel.note.value
    assert "stopped: here is what was drawn so far" in view.panel.note.value


def test_it_looks_three_times_a_second_at_most(network):
    began = time.perf_counter()
    _, _, notes = watch(network, 40, pause=0.02)
    assert 2 <= len(set(notes)) <= 3 * (time.perf_counter() - began) + 2


def test_a_real_drawing(lite0):
    recipe = synthesis.Recipe(steps=4)
    view = widgets.LiveView(synthesis.draw(lite0, ["zebra", "tabby"], recipe=recipe), shown=False)
    assert [drawing.step for drawing in view] == [1, 2, 3, 4]
    assert view.panel.file.startswith(b"\xff\xd8") and "step 4 of 4" in view.panel.note.value


def listen(client, until, seconds=60):
    """Messages of the kernel until one fits."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        yield message
        if until(message):
            return
    raise AssertionError("the kernel did not say what was waited for")


@pytest.mark.filterwarnings("ignore")
def test_a_kernel_that_is_interrupted_keeps_the_drawing_and_goes_on():
    from jupyter_client.manager import start_new_kernel
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        cell = client.execute(CELL)
        for message in listen(client, lambda message: "step 1 of 1000" in str(message["content"].get("data"))):
            assert message["msg_type"] != "error", message["content"]
        manager.interrupt_kernel()  # what a notebook's Stop button does
        printed, shown = "", None
        for message in listen(client, lambda message: message["parent_header"].get("msg_id") == cell
                              and message["content"].get("execution_state") == "idle"):
            assert message["msg_type"] != "error", message["content"]
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed += message["content"]["text"]
            if message["msg_type"] == "update_display_data":
                shown = message["content"]["data"]
        said, steps = printed.strip().splitlines()
        assert said == "Stopped: here is what was drawn so far." and int(steps.removeprefix("steps: ")) < 500
        assert "image/jpeg" in shown, "a saved notebook keeps the last picture"
        following = client.execute("print('the next cell')")
        *_, last = listen(client, lambda message: message["parent_header"].get("msg_id") == following
                          and message["msg_type"] == "stream")
        assert last["content"]["text"] == "the next cell\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
