"""Class names -> the images that a network finds most typical of them, drawn from noise by gradient descent."""

import dataclasses
import time
from collections.abc import Sequence

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_count, check_kind, check_list, check_number, check_several
from tllib.images import fit_batch, rounded
from tllib.progress import progress
from tllib.synthesis.canvas import Box, PixelCanvas, WaveCanvas
from tllib.synthesis.objectives import TargetLogit
from tllib.synthesis.optimize import ImageOptimizer
from tllib.synthesis.penalties import TotalVariation
from tllib.synthesis.result import ImageResult, measure, number_of
from tllib.synthesis.views import RandomView

import keras
import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to draw: the knobs of an ideal image.

    Attributes:
        canvas: what the optimizer changes: "waves" (broad shapes first) or "pixels" (each by itself).
        total_variation: what a grey level costs, in units of how widely the network's logits spread on noise, so that
            it means the same for every family; 0 leaves it out.
        colour: of waves, strength of red-blue beside light-dark, 0 for grey to 1.
        rivals: what all logits together cost, 0 (the bare logit) to 1 (cross-entropy), see `TargetLogit`.
        zoom: each step sees a window near the middle, at first the whole image, at the end `1 - zoom` to 1 of its side.
        turn: the window is turned by up to so many degrees either way.
        noise: standard deviation of the noise that lies over the windows at first, in grey levels, see `RandomView`.
        steps: gradient steps at most.
        learning_rate: strengths of waves, or grey levels for pixels, a step; it falls along a cosine.

    Raises:
        ValueError: a setting out of range.
    """

    canvas: str = "waves"
    total_variation: float = 1.0
    colour: float = 0.6
    rivals: float = 0.5
    zoom: float = 0.6
    turn: float = 5.0
    noise: float = 30.0
    steps: int = 256
    learning_rate: float = 0.05

    def __post_init__(self):
        check_count("steps", self.steps)
        for name in ("total_variation", "colour", "rivals", "zoom", "turn", "noise", "learning_rate"):
            check_number(name, getattr(self, name))
        for name, right, expected in (
                ("canvas", self.canvas in ("waves", "pixels"), "'waves' or 'pixels'"),
                ("total_variation", self.total_variation >= 0, "0 or more"),
                ("colour", 0 <= self.colour <= 1, "0 to 1"), ("rivals", 0 <= self.rivals <= 1, "0 to 1"),
                ("zoom", 0 <= self.zoom < 1, "0 or more, below 1"), ("turn", 0 <= self.turn <= 45, "0 to 45"),
                ("noise", self.noise >= 0, "0 or more"),
                ("learning_rate", self.learning_rate > 0, "above 0")):
            if not right:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected {expected}.")


WAVES = Recipe()
PIXELS = Recipe(canvas="pixels", total_variation=4.0, learning_rate=6.0)


def ideal_images(network: keras.Model, targets: Sequence[str | int], *, recipe: Recipe = WAVES,
                 mixed_with: str | int | None = None, start: np.ndarray | None = None, size: int | None = None,
                 seed: int = 0, callbacks: Sequence[keras.callbacks.Callback] = ()) -> list[ImageResult]:
    """Draw the network's idea of several classes in one run; the same class twice gives two drawings.

    Args:
        network: from `backbones.load(..., top=True)`, or a `transfer.Classifier`, as for `adversarial_images`.
        targets: classes, each by its name, or by its number as an int.
        recipe: how to draw: `WAVES`, `PIXELS`, or one of your own, `dataclasses.replace(WAVES, zoom=0)` say.
        mixed_with: a second class that every image should show as well.
        start: photo `(h, w, 3)`, 0 to 255, to begin with; None begins with faint noise.
        size: height and width of the images, 32 to 1024 pixels. Defaults to what the network takes.
        seed: of the noise and the windows; image i starts from noise number seed + i.
        callbacks: Keras callbacks, to watch or to stop.

    Returns:
        A result for each target, in order. Ctrl-C or Stop gives what was drawn so far.

    Raises:
        ValueError: unknown class, no class, a single text instead of a list, or a size or seed out of range.
        TypeError: no Keras network, or no Recipe.

    Source: Simonyan et al., "Deep Inside Convolutional Networks", arXiv:1312.6034; Olah et al., Distill 2017.
    """
    check_several("targets", targets)
    check_kind("recipe", recipe, Recipe, "synthesis.WAVES is one.")
    network = backbones.network_of(network)
    began, logits = time.perf_counter(), backbones.logits_of(network)
    numbers = [number_of(network, target) for target in targets]
    if not numbers:
        raise ValueError("targets is empty: name one class or more.")
    other = [] if mixed_with is None else [number_of(network, mixed_with)]
    targets = np.zeros((len(numbers), logits.output_shape[-1]), "float32")
    for row, number in enumerate(numbers):
        targets[row, [number, *other]] = 1
    starts, images, history = _draw(logits, targets, recipe, start, size, seed, callbacks)
    seconds = (time.perf_counter() - began) / len(numbers)
    histories = [{term: values if term == "step" else values[:, row] for term, values in history.items()}
                 for row in range(len(numbers))]
    return measure(network, images, np.rint(starts).astype("uint8"), numbers, histories, seconds, [None] * len(numbers))


def ideal_image(network: keras.Model, target: str | int, *, recipe: Recipe = WAVES, mixed_with: str | int | None = None,
                start: np.ndarray | None = None, size: int | None = None, seed: int = 0,
                callbacks: Sequence[keras.callbacks.Callback] = ()) -> ImageResult:
    """Draw the network's idea of one class; everything as in `ideal_images`."""
    return ideal_images(network, [target], recipe=recipe, mixed_with=mixed_with, start=start, size=size, seed=seed,
                        callbacks=callbacks)[0]


def layer_image(network: keras.Model, layer: str, channel: int | None = None, *, recipe: Recipe = WAVES,
                start: np.ndarray | None = None, size: int | None = None, seed: int = 0,
                callbacks: Sequence[keras.callbacks.Callback] = ()) -> np.ndarray:
    """Draw what one channel of a layer looks for, or more of whatever a layer finds in a photo ("deep dream").

    Args:
        network: any backbone or network of `backbones.load`.
        layer: name of a layer with feature maps `(n, height, width, channels)`.
        channel: number of the channel; None: all of them, each as much as it is there already.
        recipe, start, size, seed, callbacks: as in `ideal_images`.

    Returns:
        uint8 `(size, size, 3)`.

    Source: Olah et al., Distill 2017; Mordvintsev et al., "Inceptionism", Google Research 2015 (mean of squares).
    """
    backbones.input_size(network)  # else refused
    known = [each.name for each in network.layers if len(getattr(each.output, "shape", ())) == 4]
    if layer not in known:
        raise ValueError(f"{layer!r} is not a layer of {network.name} with feature maps. Those near the end: "
                         f"{', '.join(known[-8:])}. All: [layer.name for layer in network.layers].")
    channels = network.get_layer(layer).output.shape[-1]
    if channel is not None:
        check_count(f"channel of {layer}", channel, least=0, most=channels - 1)
    check_kind("recipe", recipe, Recipe, "synthesis.WAVES is one.")
    eye = _eye(network, layer, channel is None)
    targets = np.zeros((1, eye.output_shape[-1]), "float32")
    targets[0, channel or 0] = 1
    recipe = dataclasses.replace(recipe, rivals=0)
    _, images, _ = _draw(eye, targets, recipe, start, size, seed, callbacks)
    return rounded(images[0])


@engine.remember
def _eye(network: keras.Model, layer: str, everything: bool) -> keras.Model:
    maps = network.get_layer(layer).output
    shown = ops.mean(ops.square(maps), axis=(1, 2, 3))[:, None] if everything else ops.mean(maps, axis=(1, 2))
    return keras.Model(network.inputs[0], shown)


def _draw(network: keras.Model, targets: np.ndarray, recipe: Recipe, start: np.ndarray | None, size: int | None,
          seed: int, callbacks: Sequence[keras.callbacks.Callback]):
    """Follow a recipe. Gives starts, images and history."""
    size = network.input_shape[1] if size is None else size
    check_count("size", size, least=32, most=1024)
    check_count("seed", seed, least=0)
    check_list("callbacks", callbacks, keras.callbacks.Callback)
    if start is not None:
        starts = np.repeat(fit_batch(start, size), len(targets), axis=0)
    elif recipe.canvas == "waves":  # brings noise of its own
        starts = np.full((len(targets), size, size, 3), 127.5, "float32")
    else:
        starts = np.stack([np.random.default_rng(seed + row).normal(128, 8, (size, size, 3))
                           for row in range(len(targets))]).astype("float32")
    optimizer = _prepared(network, recipe, starts.shape[:3])
    with progress(what="drawing", total=recipe.steps) as bar:
        count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
        history = optimizer.draw(starts, targets, steps=recipe.steps, seed=seed, callbacks=[count, *callbacks])
    return starts, optimizer.canvas.pixels(), history


def _prepared(network: keras.Model, recipe: Recipe, shape: tuple[int, int, int]) -> ImageOptimizer:
    """What draws by a recipe, in units of how widely the network's outputs spread on noise now."""
    noise = np.random.default_rng(0).normal(128, 8, (1, *network.input_shape[1:])).astype("float32")
    spread = float(backbones.predict(network, noise).std()) or 1.0
    return _compiled(network, recipe, shape, spread)


@engine.remember  # compiling takes a second, and TensorFlow never gives back all its memory
def _compiled(network: keras.Model, recipe: Recipe, shape: tuple[int, int, int], spread: float) -> ImageOptimizer:
    images = np.zeros((*shape, 3), "float32")
    penalty = TotalVariation(recipe.total_variation) if recipe.total_variation else None
    canvas = WaveCanvas(images, penalty=penalty, colour=recipe.colour) if recipe.canvas == "waves" else PixelCanvas(
        images, penalty=penalty, constraint=Box())
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps, alpha=0.05)
    view = RandomView(network.input_shape[1], zoom=recipe.zoom, turn=recipe.turn, noise=recipe.noise)
    return ImageOptimizer(canvas, network, objective=TargetLogit(recipe.rivals, spread, temperature=2.0),
                          optimizer=keras.optimizers.Adam(rate), view=view)
