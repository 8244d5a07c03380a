"""Class names -> the images that networks find most typical of them; and what a layer looks for."""

import functools
from collections.abc import Callable, Iterator, Sequence

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_count, check_kind, check_several
from tllib.progress import progress
from tllib.synthesis.loop import Drawing, Target, artists, classes_of, draw, stoppable
from tllib.synthesis.recipe import FOURIER, Recipe
from tllib.synthesis.result import ImageResult, measure, number_of

import keras
import numpy as np
from keras import ops


def ideal_images(networks: keras.Model | Sequence[keras.Model], targets: Sequence[Target], *, recipe: Recipe = FOURIER,
                 start: np.ndarray | None = None, size: int | None = None, seed: int = 0) -> list[ImageResult]:
    """Draw several classes in one run, with a progress bar; the same class twice gives two drawings.

    Args:
        networks, targets, recipe, start, size, seed: as in `draw`, but targets are classes.

    Returns:
        A result for each target, in order, measured with all networks. Ctrl-C or Stop gives what was drawn so far.

    Raises:
        ValueError, TypeError: as in `draw`; or a target is a function, which has no probability: use `draw`.
    """
    check_several("targets", targets)
    if any(callable(target) for target in targets):
        raise ValueError("ideal_images draws classes. For a function of the outputs use draw, which gives the images.")
    drawings = draw(networks, targets, recipe=recipe, start=start, size=size, seed=seed)
    return results(networks, targets, _last(drawings, recipe.steps))


def ideal_image(networks: keras.Model | Sequence[keras.Model], target: Target, *, recipe: Recipe = FOURIER,
                start: np.ndarray | None = None, size: int | None = None, seed: int = 0) -> ImageResult:
    """Draw one class; everything as in `ideal_images`."""
    return ideal_images(networks, [target], recipe=recipe, start=start, size=size, seed=seed)[0]


def results(networks: keras.Model | Sequence[keras.Model], targets: Sequence[Target],
            drawing: Drawing) -> list[ImageResult]:
    """Measure what a loop over `draw` has drawn, given the same networks and targets.

    Returns:
        A result for each target. Of a target of several classes, the first counts.
    """
    check_kind("drawing", drawing, Drawing, "synthesis.draw yields them.")
    check_several("targets", targets)
    first = [classes_of(target)[0] for target in targets]
    networks = artists(networks)
    numbers = [number_of(networks[0], target) for target in first]
    history = drawing.history
    histories = [{term: values if term == "step" else values[:, row] for term, values in history.items()}
                 for row in range(len(numbers))]
    seconds = drawing.seconds / len(numbers)
    return measure(networks, drawing.images, drawing.start, numbers, histories, seconds, [None] * len(numbers))


def layer_image(network: keras.Model, layer: str, channel: int | None = None, *, recipe: Recipe = FOURIER,
                start: np.ndarray | None = None, size: int | None = None, seed: int = 0) -> np.ndarray:
    """Draw what one channel of a layer looks for, or more of whatever a layer finds in a photo ("deep dream").

    Args:
        network: any backbone or network of `backbones.load`.
        layer: name of a layer with feature maps `(n, height, width, channels)`.
        channel: number of the channel; None: all of them, each as much as it is there already.
        recipe, start, size, seed: as in `draw`.

    Returns:
        uint8 `(size, size, 3)`.

    Raises:
        ValueError: no such layer or channel; those near the end are listed.
        TypeError: no Keras network.

    Source: Olah et al., Distill 2017; Mordvintsev et al., "Inceptionism", Google Research 2015 (mean of squares).
    """
    network = backbones.network_of(network)
    backbones.input_size(network)  # else refused
    known = [each.name for each in network.layers if len(getattr(each.output, "shape", ())) == 4]
    if layer not in known:
        raise ValueError(f"{layer!r} is not a layer of {network.name} with feature maps. Those near the end: "
                         f"{', '.join(known[-8:])}. All: [layer.name for layer in network.layers].")
    channels = network.get_layer(layer).output.shape[-1]
    if channel is not None:
        check_count(f"channel of {layer}", channel, least=0, most=channels - 1)
    answers = _answers(network, layer, channel is None)
    drawings = draw(answers, [_channel(channel or 0)], recipe=recipe, start=start, size=size, seed=seed)
    return _last(drawings, recipe.steps).images[0]


@engine.remember
def _answers(network: keras.Model, layer: str, everything: bool) -> keras.Model:
    """A network that ends in the mean of each channel of a layer, or in the mean of all their squares."""
    maps = network.get_layer(layer).output
    answers = ops.mean(ops.square(maps), axis=(1, 2, 3))[:, None] if everything else ops.mean(maps, axis=(1, 2))
    return keras.Model(network.inputs[0], answers)


@functools.cache  # the same function again needs no compiling again
def _channel(number: int) -> Callable:
    return lambda answers: answers[:, number]


def _last(drawings: Iterator[Drawing], steps: int) -> Drawing:
    """Draw to the end, or until Ctrl-C, under a progress bar."""
    last = None
    with stoppable(), progress(what="drawing", total=steps) as bar:  # within a step, the loop itself ends
        for drawing in drawings:
            last = drawing
            bar.update()
    if last is None:
        raise KeyboardInterrupt("stopped before the first step")
    return last
