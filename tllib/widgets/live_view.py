"""A drawing in progress -> what it looks like, how it stands and how long yet."""

import time

from tllib import backbones
from tllib.widgets.panel import Panel, jpeg

import ipywidgets
import keras
from IPython import get_ipython
from IPython.display import display

PAUSE = 1 / 3  # seconds from one picture to the next, at least
SHARE = 0.05  # of the time may go into looking


class LiveView(keras.callbacks.Callback):
    """Watch an ideal image while it is drawn: `synthesis.ideal_image(..., callbacks=[widgets.LiveView()])`.

    It looks three times a second, less often where looking takes long, so that drawing is hardly slower. Stop (or
    Ctrl-C) ends the drawing and keeps what was drawn. Without a notebook it shows nothing.

    Args:
        shown: show the view where the drawing begins; False if you show its `panel` yourself.

    Attributes:
        panel: what is shown.
    """

    def __init__(self, *, shown: bool = True):
        super().__init__()
        self.shown, self.progress = shown, ipywidgets.IntProgress(description="step")
        self.panel = Panel("LiveView: the drawing as it was last", [self.progress])
        self._place, self._first, self._next, self._done, self._logs = None, 0.0, 0.0, 0, {}

    def on_train_begin(self, logs=None):
        """Show the view."""
        if self.shown and getattr(get_ipython(), "kernel", None) is not None:
            self._place = display(self.panel, display_id=True)
        self._next, self._done, self.progress.max = 0.0, 0, self.params["steps"]

    def on_train_batch_end(self, batch, logs=None):
        """Look at the drawing now and then."""
        began = time.perf_counter()
        self._done, self._logs = batch + 1, logs or {}
        if batch == 0:
            self._first = began  # the step before it has compiled the network
        if began >= self._next:
            self._look()
            seconds = (self.progress.max - self._done) * (began - self._first) / max(batch, 1)
            self._say(f"about {seconds:.0f} s yet" if batch else "")
            now = time.perf_counter()
            self._next = now + max(PAUSE, (now - began) / SHARE)

    def on_train_end(self, logs=None):
        """Show the last picture, which is what a saved notebook keeps."""
        self._look()
        whole = self._done == self.progress.max or self.model.stop_training
        self._say("done" if whole else "stopped: here is what was drawn so far")
        if self._place is not None:
            self._place.update(self.panel)

    def _look(self):
        backbones.sync(self.model)
        drawn = self.model.get_layer("canvas").pixels()[:4]
        self.panel.show(jpeg(drawn), "The picture as it is drawn", height=224)
        self.progress.value = self._done

    def _say(self, end: str):
        terms = [f"{name} {self._logs[name]:{form}}" for name, form in (
            ("probability", ".0%"), ("objective", ".2f"), ("margin", ".2f")) if name in self._logs]
        self.panel.say(" · ".join([f"step {self._done} of {self.progress.max}", *terms, *([end] if end else [])]))
