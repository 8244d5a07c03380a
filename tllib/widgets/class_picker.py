"""A few letters -> one of ImageNet's 1000 classes, by name."""

import dataclasses

from tllib import backbones, synthesis
from tllib.checking import check_count, check_kind
from tllib.widgets.live_view import LiveView
from tllib.widgets.panel import Panel, jpeg

import ipywidgets
import keras
import traitlets


class ClassPicker(Panel):
    """A field that knows all names, as `class_picker` makes it.

    Attributes:
        value: name of the chosen class, always one of `backbones.class_names()`; may be set.
        result: the last `ImageResult` that its button drew; None before.
    """

    value = traitlets.Unicode()

    def __init__(self, network: keras.Model | None, value: str, steps: int, seed: int):
        self.network, self.steps, self.seed, self.result = network, steps, seed, None
        self.field = ipywidgets.Combobox(options=backbones.class_names(), description="class",
                                         placeholder="type a few letters")
        self.button = ipywidgets.Button(description="Draw it", icon="paint-brush",
                                        tooltip="Draw the network's ideal image of the class")
        self.drawing = ipywidgets.VBox()
        controls = [self.field] if network is None else [ipywidgets.HBox([self.field, self.button]), self.drawing]
        super().__init__("ClassPicker: one of ImageNet's 1000 classes", controls)
        self.field.observe(self._typed, names="value")
        self.button.on_click(self._draw)
        self.observe(self._chosen, names="value")
        self.value = value

    @traitlets.validate("value")
    def _known(self, proposal):
        return backbones.class_names()[backbones.class_index(proposal["value"])]

    def _typed(self, change):
        if change["new"]:
            try:
                self.value = change["new"]
            except ValueError as error:  # names the nearest classes
                self.say(f"{error} Until then: {self.value}.")
            else:
                self._chosen()

    def _chosen(self, _=None):
        if self.field.value.casefold() != self.value.casefold():
            self.field.value = self.value
        self.say(f"Chosen: {self.value}, number {backbones.class_index(self.value)} of 0 to 999.")

    def _draw(self, _):
        if self.button.disabled:
            return
        recipe = dataclasses.replace(synthesis.FOURIER, steps=self.steps, learning_rate=0.08)
        try:
            target = self.value
            live = LiveView(synthesis.draw(self.network, [target], recipe=recipe, seed=self.seed), shown=False)
            self.button.disabled, self.drawing.children = True, [live.panel]
            *_, last = live
            self.result = synthesis.results(self.network, [target], last)[0]
            self.show(jpeg([self.result.image]), f"The network's ideal {self.result.target}")
        except Exception as error:  # here it would be lost in a log that nobody reads
            self.say(f"It could not be drawn: {error}")
        finally:
            self.button.disabled, self.drawing.children = False, []


def class_picker(network: keras.Model | None = None, *, value: str = "zebra", steps: int = 96,
                 seed: int = 0) -> ClassPicker:
    """Choose one of ImageNet's 1000 classes by typing; a misspelt name is answered with the nearest ones.

    Without it: `backbones.class_names()` lists the names, and every function takes a name as text.

    Args:
        network: from `backbones.load(..., top=True)`; with it comes a button that draws the class.
        value: the class chosen to begin with.
        steps: of the button's drawing; few, for a quick look.
        seed: of the button's drawing.

    Returns:
        Show it as the last line of a cell; its `value` is the name chosen.

    Raises:
        ValueError: `value` is no class; the nearest names are suggested. Or steps or seed are out of range.
        TypeError: `network` is no Keras network, or `value` no text.
    """
    check_kind("value", value, str, "Give the name of a class.")
    check_count("steps", steps)
    check_count("seed", seed, least=0)
    if network is not None:
        backbones.input_size(backbones.network_of(network))  # else refused
    return ClassPicker(network, value, steps, seed)
