"""A drawing in progress -> what it looks like, how it stands, how long yet, and a Stop button."""

import time

from tllib import backbones
from tllib.widgets.clicks import handle_clicks
from tllib.widgets.panel import Panel, jpeg

import ipywidgets
import keras
from IPython import get_ipython
from IPython.display import display

PAUSE = 1 / 3  # seconds from one picture to the next, at least
SHARE = 0.05  # of the time may go into looking


class LiveView(keras.callbacks.Callback):
    """Watch an ideal image while it is drawn: `synthesis.ideal_image(..., callbacks=[widgets.LiveView()])`.

    It looks at the drawing at most three times a second, and less often where looking takes long, so that drawing is
    hardly slower. Stop ends the drawing after the step it is at and keeps what was drawn. A recipe that begins small
    draws in several parts, and the steps are those of the part. Without a notebook there is nothing to see.

    Args:
        shown: show the view where the drawing begins; False if you show its `panel` yourself.

    Attributes:
        panel: what is shown.
        stopped: somebody pressed Stop, and the drawing has not yet come to its end.
    """

    def __init__(self, *, shown: bool = True):
        super().__init__()
        self.shown, self.stopped = shown, False
        self.button = ipywidgets.Button(description="Stop", icon="stop", disabled=True,
                                        tooltip="Stop drawing, and keep what was drawn so far")
        self.button.on_click(self._stop)
        self.progress = ipywidgets.IntProgress(description="step")
        self.panel = Panel("LiveView: the drawing as it was last", [ipywidgets.HBox([self.button, self.progress])])
        self._cell, self._place, self._first, self._next, self._done, self._logs = None, None, 0.0, 0.0, 0, {}

    def on_train_begin(self, logs=None):
        """Show the view, once a cell, and let Stop be pressed."""
        shell = get_ipython()
        if getattr(shell, "kernel", None) is not None and self._cell != shell.execution_count:
            self._cell, self.stopped = shell.execution_count, False
            self._place = display(self.panel, display_id=True) if self.shown else None
        self._next, self._done, self.progress.max = 0.0, 0, self.params["steps"]
        self.button.disabled = False

    def on_train_batch_end(self, batch, logs=None):
        """See whether Stop was pressed; look at the drawing now and then."""
        began = time.perf_counter()
        self._done, self._logs = batch + 1, logs or {}
        if batch == 0:
            self._first = began  # the step before it has compiled the network
        handle_clicks(self.button)
        if self.stopped:
            self.model.stop_training = True
        elif began >= self._next:
            self._look()
            seconds = (self.progress.max - self._done) * (began - self._first) / max(batch, 1)
            self._say(f"about {seconds:.0f} s yet" if batch else "")
            now = time.perf_counter()
            self._next = now + max(PAUSE, (now - began) / SHARE)

    def on_train_end(self, logs=None):
        """Show the last picture, which is what a saved notebook keeps."""
        self.button.disabled = True
        self._look()
        self._say("stopped: here is what was drawn so far" if self.stopped else "done")
        self.stopped = False
        if self._place is not None:
            self._place.update(self.panel)

    def _stop(self, _):
        if not self.button.disabled:  # a click may arrive when all is over
            self.stopped = True
            self.panel.say("stopping …")

    def _look(self):
        backbones.sync(self.model)
        drawn = self.model.get_layer("canvas").pixels()[:4]
        self.panel.show(jpeg(drawn), "The picture as it is drawn", height=224)
        self.progress.value = self._done

    def _say(self, end: str):
        terms = [f"{name} {self._logs[name]:{form}}" for name, form in (
            ("probability", ".0%"), ("objective", ".2f"), ("margin", ".2f")) if name in self._logs]
        self.panel.say(" · ".join([f"step {self._done} of {self.progress.max}", *terms, *([end] if end else [])]))
