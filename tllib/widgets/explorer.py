"""A photo, a network to fool and others to ask -> what the size of the change does, on a slider."""

from collections.abc import Mapping

from tllib import backbones, images, synthesis
from tllib.checking import check_count, check_kind
from tllib.show.plots import PictureFigure
from tllib.widgets.panel import Panel, in_words

import ipywidgets
import keras
import numpy as np

EPSILONS = (1, 2, 4, 8, 16)


class AdversarialExplorer(Panel):
    """A slider for epsilon, as `adversarial_explorer` makes it.

    Attributes:
        results: epsilon -> `ImageResult`, of those looked at so far.
    """

    def __init__(self, network: keras.Model, photo: np.ndarray, target: str | int, judges: Mapping[str, keras.Model],
                 epsilon: int):
        self.network, self.target = network, target
        self.photo = images.crop_resize(photo, backbones.input_size(backbones.network_of(network)))
        self.asked = {"the network attacked": network, **judges}
        self.results, self._views = {}, {}
        self.slider = ipywidgets.SelectionSlider(options=EPSILONS, value=epsilon, description="grey levels",
                                                 continuous_update=False)
        super().__init__("AdversarialExplorer: photo, change, result, and what networks think of it", [self.slider])
        self.slider.observe(self._moved, names="value")
        self._show(epsilon)

    def _moved(self, change):
        try:
            self._show(change["new"])
        except Exception as error:  # here it would be lost in a log that nobody reads
            self.say(f"No change of {change['new']} grey levels could be looked for: {error}")

    def _show(self, epsilon: int):
        if epsilon not in self.results:
            self.say("looking for a change …")
            self.results[epsilon] = synthesis.adversarial_image(self.network, self.photo, target=self.target,
                                                                epsilon=epsilon)
            self.draw(self._figure(epsilon, self.results[epsilon]))
            self._views[epsilon] = self.file, self.alt
        self.show(*self._views[epsilon])
        self.say(self.alt)

    def _figure(self, epsilon: int, result: synthesis.ImageResult) -> PictureFigure:
        answers = {name: backbones.top_k(network, result.image, k=3)[0] for name, network in self.asked.items()}
        words = "; ".join(f"{name} says {in_words(found[:1])}" for name, found in answers.items())
        columns, factor = min(len(answers), 3), max(100 // epsilon, 1)
        rows = -(-len(answers) // columns)
        figure = PictureFigure(figsize=(8.4, 3.2 + rows), layout="constrained", dpi=80,
                               alt=f"Changed by at most {epsilon} of 256 grey levels: {words}.")
        upper, lower = figure.add_gridspec(2, 1, height_ratios=[3, rows])
        change = 128 + factor * (result.image.astype(int) - result.start)
        pictures = {f"photo: {result.source}": result.start, f"the change, × {factor}": change,
                    "the result": result.image}
        for place, (title, picture) in zip(upper.subgridspec(1, 3), pictures.items(), strict=True):
            axes = figure.add_subplot(place)
            axes.imshow(images.to_uint8(picture))
            axes.set_axis_off()
            axes.set_title(title, fontsize=9)
        for place, (name, found) in zip(lower.subgridspec(rows, columns), answers.items(), strict=False):
            axes = figure.add_subplot(place)
            axes.barh(range(len(found)), [share for _, share in found], color="tab:blue")
            axes.set_yticks(range(len(found)), [f"{name} {share:.0%}" for name, share in found], fontsize=9)
            axes.invert_yaxis()
            axes.set(xlim=(0, 1), xticks=[])
            axes.set_title(f"{name} says", fontsize=9, loc="left")
            axes.spines[["top", "right", "bottom"]].set_visible(False)
        return figure


def adversarial_explorer(network: keras.Model, photo: np.ndarray, target: str | int, *,
                         judges: Mapping[str, keras.Model] | None = None,
                         epsilon: int = 1) -> AdversarialExplorer:
    """See what 1, 2, 4, 8 or 16 grey levels do: photo, change and result, and what several networks think.

    Without it: `synthesis.adversarial_image(..., epsilon=...)`, then `show.images` and `backbones.top_k`.

    Args:
        network: the one to fool, from `backbones.load(..., top=True)`, or a `transfer.Classifier`.
        photo: `(h, w, 3)`, 0 to 255.
        target: class to become: its name, or its number as an int.
        judges: name -> network that is not attacked and asked as well. Defaults to none.
        epsilon: where the slider stands at first.

    Returns:
        Show it as the last line of a cell. A change is looked for when the slider first gets there, and kept.

    Raises:
        ValueError: unknown class, an epsilon that is not on the slider, or the network sees it in the photo already.
        TypeError: `network` or a judge is no Keras network, or `judges` no dict.
    """
    check_count("epsilon", epsilon)
    if judges is not None:
        check_kind("judges", judges, Mapping, "Give a dict, name -> network.")
    if epsilon not in EPSILONS:
        raise ValueError(f"epsilon={epsilon} is not on the slider: {', '.join(map(str, EPSILONS))}.")
    return AdversarialExplorer(network, photo, target, judges or {}, epsilon)
