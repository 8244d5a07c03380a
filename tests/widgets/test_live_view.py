"""LiveView: what it shows, that Stop keeps the drawing, and that a real kernel hears Stop while a cell runs."""

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


class Press(keras.callbacks.Callback):
    """Somebody who presses Stop after some steps."""

    def __init__(self, view, step):
        super().__init__()
        self.view, self.step, self.seen = view, step, []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((self.view.panel.picture.value, self.view.panel.note.value))
        if batch + 1 == self.step:
            self.view.button.click()


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
    watcher = Press(view, None)
    history = draw(optimizer, 12, view, watcher)
    assert "step 1 of 12" in watcher.seen[0][1] and "s yet" in watcher.seen[-1][1]
    last = f"step 12 of 12 · probability {history['probability'][-1].mean():.0%} · objective"
    assert last in view.panel.note.value and view.panel.note.value.endswith("done</span>")
    assert view.progress.value == view.progress.max == 12 and view.button.disabled
    bundle, about = view.panel._repr_mimebundle_()
    assert bundle["text/plain"] == "LiveView: the drawing as it was last" and about["image/jpeg"]["alt"]


def test_stop_ends_the_drawing_and_only_this_one(optimizer):
    view = widgets.LiveView()
    history = draw(optimizer, 50, view, Press(view, 5))
    assert history["step"][-1] == 6, "the step after the click is the last"
    assert "stopped: here is what was drawn so far" in view.panel.note.value
    assert draw(optimizer, 10, view)["step"][-1] == 10


def test_it_looks_three_times_a_second_at_most(optimizer):
    view = widgets.LiveView()
    slow = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.02))
    watcher = Press(view, None)
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
def test_a_kernel_hears_stop_while_the_cell_runs():
    from jupyter_client.manager import start_new_kernel
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        cell = client.execute(CELL)
        button = None
        for message in listen(client, lambda message: "step 1 of 1000" in str(message["content"].get("data"))):
            content = message["content"]
            assert message["msg_type"] != "error", content
            if message["msg_type"] == "comm_open" and content["data"]["state"].get("description") == "Stop":
                button = content["comm_id"]
        following = client.execute("print('the next cell')")
        click = {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}}
        client.shell_channel.send(client.session.msg("comm_msg", click))
        sent, printed = time.monotonic(), {cell: "", following: ""}
        for message in listen(client, lambda message: message["parent_header"].get("msg_id") == following
                              and message["content"].get("execution_state") == "idle"):
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed[message["parent_header"]["msg_id"]] += message["content"]["text"]
                took = time.monotonic() - sent
        assert int(printed[cell].removeprefix("steps: ")) < 500 and took < 10, "within a second on a quiet machine"
        assert printed[following] == "the next cell\n", "a cell that waits is run once, afterwards"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
