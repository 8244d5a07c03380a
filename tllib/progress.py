"""Long work -> a line of text that says what, how far and how much longer; `TLLIB_PROGRESS=0` leaves it out."""

import io
import os
import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(work: Iterable | None = None, *, what: str, total: int | None = None, unit: str = "step",
             done: int = 0) -> tqdm:
    """Count work: put it around what a loop goes through, or call its `update()` after each step.

    `what` is a word or two; `unit` one of the `total`, "B" for bytes, which are counted in kilo and mega.
    """
    in_bytes, here = unit == "B", {"file": _Line(), "ncols": 80} if _in_notebook() else {}
    return tqdm(work, what, total, unit=unit if in_bytes else f" {unit}", unit_scale=in_bytes, initial=done, delay=2,
                mininterval=0.5, disable=os.environ.get("TLLIB_PROGRESS") == "0", **here)


class _Line(io.TextIOBase):
    """One output of a notebook cell, as a file: whatever is written stands in place of what stood there."""

    handle = None

    def write(self, text: str) -> None:
        from IPython.display import display

        text = text.strip("\r\n")
        if text and self.handle is None:
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        elif text:
            self.handle.update({"text/plain": text}, raw=True)


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
