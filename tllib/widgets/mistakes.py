"""A report -> its mistakes one by one, surest first, and a file of those where the label is wrong."""

import json
import os
from pathlib import Path

from tllib import show
from tllib.checking import check_kind, check_path
from tllib.files import replacing
from tllib.transfer import Mistake, Report
from tllib.transfer.evaluate import check_paths
from tllib.widgets.panel import Panel

import ipywidgets

EVERY = "every class"


class MistakesBrowser(Panel):
    """Mistakes to leaf through, as `mistakes_browser` makes it.

    Attributes:
        choices: the file that keeps them.
    """

    def __init__(self, report: Report, file: Path):
        self.choices, self._mistakes, self._wrong = file, report.mistakes, _read(file)
        classes = [name for name in report.class_names if any(each.truth == name for each in report.mistakes)]
        self.filter = ipywidgets.Dropdown(options=[EVERY, *classes], description="label")
        self.back, self.on = (ipywidgets.Button(description=name, icon=icon, tooltip=f"Show the {name} mistake")
                              for name, icon in (("previous", "arrow-left"), ("next", "arrow-right")))
        self.mark = ipywidgets.Checkbox(description="the label is wrong", indent=False)
        super().__init__("MistakesBrowser: what the classifier got wrong, surest first",
                         [ipywidgets.HBox([self.filter, self.back, self.on]), self.mark])
        self.back.on_click(lambda _: self._turn_to(self._place - 1))
        self.on.on_click(lambda _: self._turn_to(self._place + 1))
        self.filter.observe(lambda _: self._turn_to(0), names="value")
        self.mark.observe(self._marked, names="value")
        self._turn_to(0)

    @property
    def wrong_labels(self) -> list[Path]:
        """Paths of the photos in the report whose label was marked as wrong."""
        return [each.path for each in self._mistakes if _key(each) in self._wrong]

    def _turn_to(self, place: int):
        shown = [each for each in self._mistakes if self.filter.value in (EVERY, each.truth)]
        self._place, self._now = place, None  # None: the mark is set here, and not by the reader
        self.back.disabled, self.on.disabled = place <= 0, place >= len(shown) - 1
        self.mark.disabled = not shown
        if not shown:
            self.say("no mistakes")
            return
        mistake = shown[place]
        self.mark.value = _key(mistake) in self._wrong
        self._now = mistake
        words = f"{mistake.truth} → {mistake.predicted} ({mistake.probability:.0%})"
        try:
            self.draw(show.images([mistake.read(size=224)], [words], inches=3.5))
            self.say(f"Mistake {place + 1} of {len(shown)}: {mistake.path.parent.name}/{mistake.path.name}")
        except (OSError, ValueError) as error:
            self.say(f"Mistake {place + 1} of {len(shown)}: {error}")

    def _marked(self, change):
        if self._now is None:
            return
        try:
            kept = _read(self.choices) - {_key(self._now)}
            self._wrong = kept | {_key(self._now)} if change["new"] else kept
            _write(self.choices, self._wrong)
            self.say(f"Kept in {self.choices.name}: {len(self._wrong)} wrong label(s).")
        except (OSError, ValueError) as error:
            self.say(f"Not kept: {error}")


def mistakes_browser(report: Report, *, file: str | os.PathLike) -> MistakesBrowser:
    """Leaf through a classifier's mistakes, surest first, and mark those where the label is wrong.

    Without it: `show.mistakes(report)`, and `report.mistakes` as a list.

    Args:
        report: from `transfer.evaluate`.
        file: JSON file that keeps the choices; if it is there, they are read. Photos go by their whole path.

    Returns:
        Show it as the last line of a cell; its `wrong_labels` are the paths of the photos marked.

    Raises:
        ValueError: the photos are not known, as of a table without paths; or the file is there and holds something
            else, or is damaged. It is left as it is.
        TypeError: `report` is no Report, or `file` no path.
    """
    check_kind("report", report, Report, "transfer.evaluate gives one.")
    check_path("file", file)
    check_paths(report)
    return MistakesBrowser(report, Path(file))


def _key(mistake: Mistake) -> str:
    """The whole path: train/cat/0.jpg and val/cat/0.jpg are two photos."""
    return mistake.path.absolute().as_posix()


def _read(file: Path) -> set[str]:
    if not file.exists():
        return set()
    try:
        names = json.loads(file.read_text(encoding="utf-8"))["wrong labels"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError("no list of photo names")
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} is damaged, or no file of mistakes_browser ({error}). It is left as it is: mend it, "
                         "move it away, or give another file.") from error
    return set(names)


def _write(file: Path, names: set[str]) -> None:
    """Write all or nothing."""
    with replacing(file) as partial:
        partial.write_text(json.dumps({"wrong labels": sorted(names)}, indent=1), encoding="utf-8")
