"""A drawing in progress -> what it looks like, how it stands and how long yet."""

import time
from collections.abc import Iterable, Iterator

from tllib.checking import check_kind
from tllib.synthesis import Drawing
from tllib.synthesis.loop import stoppable
from tllib.widgets.panel import Panel, jpeg

import ipywidgets
from IPython import get_ipython
from IPython.display import display

PAUSE = 1 / 3  # seconds from one picture to the next, at least
SHARE = 0.05  # of the time may go into looking


class LiveView:
    """Watch images while they are drawn: `for drawing in widgets.LiveView(synthesis.draw(...)): pass`.

    It looks three times a second, less often where looking takes long, so that drawing is hardly slower. Stop (or
    Ctrl-C) ends the loop, and the last drawing holds what is there. Without a notebook it shows nothing.

    Args:
        drawings: of `synthesis.draw`.
        shown: show the view where the drawing begins; False if you show its `panel` yourself.

    Attributes:
        panel: what is shown.

    Raises:
        TypeError: `drawings` can't be looped over.
    """

    def __init__(self, drawings: Iterable[Drawing], *, shown: bool = True):
        check_kind("drawings", drawings, Iterable, "Give what synthesis.draw returns.")
        self.drawings, self.shown = drawings, shown
        self.progress = ipywidgets.IntProgress(description="step")
        self.panel = Panel("LiveView: the drawing as it was last", [self.progress])

    def __iter__(self) -> Iterator[Drawing]:
        """Give each drawing on, and look at it now and then."""
        place = None
        if self.shown and getattr(get_ipython(), "kernel", None) is not None:
            place = display(self.panel, display_id=True)
        drawing, first, due = None, 0.0, 0.0
        try:
            with stoppable():
                for drawing in self.drawings:
                    began = time.perf_counter()
                    first = first or began  # the step before it has compiled the network
                    if began >= due:
                        self._look(drawing, self._left(drawing, began - first))
                        now = time.perf_counter()
                        due = now + max(PAUSE, (now - began) / SHARE)
                    yield drawing
        finally:  # also where the loop was left
            if drawing is not None:
                whole = drawing.step == drawing.steps
                self._look(drawing, "done" if whole else "stopped: here is what was drawn so far")
            if place is not None:
                place.update(self.panel)  # which is what a saved notebook keeps

    def _left(self, drawing: Drawing, seconds: float) -> str:
        if drawing.step == 1:
            return ""
        return f"about {(drawing.steps - drawing.step) * seconds / (drawing.step - 1):.0f} s yet"

    def _look(self, drawing: Drawing, end: str) -> None:
        self.panel.show(jpeg(drawing.images[:4]), "The picture as it is drawn", height=224)
        self.progress.max, self.progress.value = drawing.steps, drawing.step
        history = drawing.history
        terms = [f"{name} {history[name][-1].mean():{form}}" for name, form in (
            ("probability", ".0%"), ("objective", ".2f"), ("margin", ".2f")) if name in history]
        self.panel.say(" · ".join([f"step {drawing.step} of {drawing.steps}", *terms, *([end] if end else [])]))
