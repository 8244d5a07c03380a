"""LiveView: what it shows, and what is left of it when a real kernel is interrupted."""

import queue
import time

from tllib import synthesis, widgets
from tllib.synthesis.optimize import ImageOptimizer

import keras
import numpy as np
import pytest

CELL = """
import keras, numpy as np, time
from tllib import widgets
from tllib.synthesis import PixelCanvas
from tllib.synthesis.optimize import ImageOptimizer
pixel = keras.Input((16, 16, 3))
network = keras.Model(pixel, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(pixel)))
optimizer = ImageOptimizer(PixelCanvas(np.full((1, 16, 16, 3), 90.0)), network,
                           objective=keras.losses.MeanSquaredError(), optimizer=keras.optimizers.SGD(0.1))
slow = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.05))
view = widgets.LiveView()
history = optimizer.draw(np.full((1, 16, 16, 3), 90.0), np.eye(3)[:1], steps=1000, callbacks=[slow, view])
print("steps:", int(history["step"][-1]))
"""


class Watch(keras.callbacks.Callback):
    """Somebody who watches a view, and interrupts after some steps."""

    def __init__(self, view, stop_after=None):
        super().__init__()
        self.view, self.stop_after, self.seen = view, stop_after, []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((self.view.panel.picture.value, self.view.panel.note.value))
        if batch + 1 == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def optimizer():
    pixel = keras.Input((16, 16, 3))
    network = keras.Model(pixel, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(pixel)))
    return ImageOptimizer(synthesis.PixelCanvas(np.full((2, 16, 16, 3), 90.0)), network,
                    objective=keras.losses.MeanSquaredError(), optimizer=keras.optimizers.SGD(0.1))


def draw(optimizer, steps, *callbacks):
    return optimizer.draw(np.full((2, 16, 16, 3), 90.0), np.eye(3)[:2], steps=steps, callbacks=callbacks)


def test_it_shows_the_drawing_and_the_terms(optimizer, monkeypatch):
    monkeypatch.setattr(widgets.live_view, "PAUSE", 0)
    monkeypatch.setattr(widgets.live_view, "SHARE", 1e9)
    view = widgets.LiveView()
    watcher = Watch(view)
    history = draw(optimizer, 12, view, watcher)
    assert "step 1 of 12" in watcher.seen[0][1] and "s yet" in watcher.seen[-1][1]
    last = f"step 12 of 12 · probability {history['probability'][-1].mean():.0%} · objective"
    assert last in view.panel.note.value and view.panel.note.value.endswith("done</span>")
    assert view.progress.value == view.progress.max == 12
    bundle, about = view.panel._repr_mimebundle_()
    assert bundle["text/plain"] == "LiveView: the drawing as it was last" and about["image/jpeg"]["alt"]


def test_what_is_left_of_an_interrupted_drawing(optimizer):
    view = widgets.LiveView()
    history = draw(optimizer, 50, view, Watch(view, stop_after=5))
    assert history["step"][-1] == 5 == view.progress.value
    assert "step 5 of 50" in view.panel.note.value
    assert "stopped: here is what was drawn so far" in view.panel.note.value
    assert draw(optimizer, 10, view)["step"][-1] == 10
    assert "done" in view.panel.note.value


def test_it_looks_three_times_a_second_at_most(optimizer):
    view = widgets.LiveView()
    slow = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.02))
    watcher = Watch(view)
    began = time.perf_counter()
    draw(optimizer, 40, view, slow, watcher)
    assert 2 <= len({note for _, note in watcher.seen}) <= 3 * (time.perf_counter() - began) + 2


def test_the_waves_of_a_real_drawing(lite0):
    view = widgets.LiveView(shown=False)
    recipe = synthesis.Recipe(steps=4)
    synthesis.ideal_images(lite0, ["zebra", "tabby"], recipe=recipe, callbacks=[view])
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
