"""Controls, a picture and a line of text -> one box for a notebook, and what a saved notebook shows in its place."""

import base64
import html
from collections.abc import Sequence

from tllib.images import rounded
from tllib.show.plots import Figure

import ipywidgets
import numpy as np
import simplejpeg


class Panel(ipywidgets.VBox):
    """Controls above a picture above a line of text.

    Where a kernel answers, a notebook shows the controls; in a saved notebook, on a web page and in print it shows the
    picture as it was last.

    Args:
        title: a few words that say what this is, the same in every run: all that a text-only reader gets.
        controls: widgets that stand above the picture.
    """

    def __init__(self, title: str, controls: Sequence[ipywidgets.Widget]):
        self.title, self.file, self.alt = title, b"", ""
        self.picture, self.note = (ipywidgets.HTML(layout={"max_width": "100%"}) for _ in range(2))
        super().__init__([*controls, self.picture, self.note])

    def show(self, file: bytes, alt: str, *, height: int | None = None) -> None:
        """Show a JPEG or PNG file, and tell it to those who can't see it; `height` in pixels, by default its own."""
        self.file, self.alt = file, alt
        size = "" if height is None else f"height:{height}px;object-fit:contain;object-position:left;"
        source = f"data:{_kind(file)};base64,{_in_letters(file)}"
        self.picture.value = f'<img style="{size}max-width:100%" alt="{html.escape(alt)}" src="{source}">'

    def draw(self, figure: Figure) -> None:
        """Show a figure of `tllib.show`."""
        self.show(figure.encoded()[0], figure.alt)

    def say(self, text: str) -> None:
        """Show a line of text, which programs that read a screen aloud will notice."""
        self.note.value = f'<span role="status">{html.escape(text)}</span>'

    _ipython_display_ = None  # ipywidgets 7 would show the controls alone

    def _repr_mimebundle_(self, **kwargs):
        """What the notebook may choose from, as IPython asks for it: controls, picture and text; and about these."""
        kind, view = _kind(self.file), {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        bundle = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.title}
        return (bundle | {kind: _in_letters(self.file)}, {kind: {"alt": self.alt}}) if self.file else (bundle, {})


def jpeg(images: Sequence[np.ndarray]) -> bytes:
    """Put images `(h, w, 3)` of one height, 0 to 255, side by side into a JPEG file, fast."""
    return simplejpeg.encode_jpeg(np.ascontiguousarray(rounded(np.hstack(images))), quality=85)


def in_words(answers: Sequence[tuple[str, float]]) -> str:
    """Say what a network thinks: (name, probability) each."""
    return ", ".join(f"{name} {share:.0%}" for name, share in answers)


def _kind(file: bytes) -> str:
    return "image/png" if file.startswith(b"\x89PNG") else "image/jpeg"


def _in_letters(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
