"""Networks and what they are to see -> images, by gradient descent: the loop that draws."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_count, check_finite, check_kind, check_several
from tllib.images import crop_resize_batch, rounded
from tllib.synthesis.objectives import class_loss, class_margin, class_probability
from tllib.synthesis.parametrization import Fourier, Pixels
from tllib.synthesis.penalties import total_variation
from tllib.synthesis.recipe import FOURIER, Recipe
from tllib.synthesis.result import check_same_names, number_of
from tllib.synthesis.transforms import crop_resize, fading_noise, random_window

import keras
import numpy as np
from keras import ops

Target = str | int | Sequence[str | int] | Callable


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn after so many steps.

    Attributes:
        step: gradients taken.
        steps: gradients that will have been taken at the end.
        seconds: since the drawing began.
        start: uint8 `(n, size, size, 3)`, what it began with, without the faint noise.
        losses: of the images as they were before this step, `(n,)`.
    """

    step: int
    steps: int
    seconds: float
    start: np.ndarray = field(repr=False)
    losses: np.ndarray
    _parametrization: Fourier | Pixels = field(repr=False)
    _parameters: np.ndarray = field(repr=False)
    _terms: list[dict[str, np.ndarray]] = field(repr=False)

    @property
    def images(self) -> np.ndarray:
        """The images as they are now, uint8 `(n, size, size, 3)`."""
        return rounded(ops.convert_to_numpy(self._parametrization.paint(self._parameters)))

    @property
    def history(self) -> dict[str, np.ndarray]:
        """Term -> its values: "step" `(step,)`; and `(step, n)`, each as its gradient was taken.

        These are "objective"; "total_variation" in grey levels; and, of classes, "probability" of those wanted, 0 to 1,
        and "margin", the least wanted logit - the best other, in the network's own units.
        """
        rows = self._terms[:self.step]
        history = {term: np.array([row[term] for row in rows]) for term in rows[0]}
        return {"step": np.arange(1, self.step + 1), **history}


def draw(networks: keras.Model | Sequence[keras.Model], targets: Sequence[Target], *, recipe: Recipe = FOURIER,
         start: np.ndarray | None = None, size: int | None = None, seed: int = 0) -> Iterator[Drawing]:
    """Draw images that networks answer as wished, from noise or from a photo, by gradient descent.

    Args:
        networks: one, from `backbones.load(..., top=True)`, or a `transfer.Classifier`; or several of the same classes,
            which take turns, a step each. What fools one is its own habit; what all want is in the thing itself.
        targets: one for each image: a class by its name, or by its number as an int; several classes that it should
            show at once; or a function of the network's outputs for one image, `(1, ...)` -> a number to be made large.
        recipe: how to draw: `FOURIER`, `PIXELS`, or one of your own, `dataclasses.replace(FOURIER, crop=0)` say.
        start: photo `(h, w, 3)`, 0 to 255, to begin with; None begins with faint noise.
        size: height and width of the images, 32 to 1024 pixels. Defaults to what the first network takes.
        seed: of noise and windows; image i depends on seed + i.

    Returns:
        Yields a `Drawing` after every step. Leave the loop whenever you like: the last one holds what is there. Ctrl-C
        or Stop ends it, too.

    Raises:
        ValueError: unknown class, no class, a single text instead of a list, or a size or seed out of range; or a
            network gives NaN.
        TypeError: no Keras network, or no Recipe.

    Source: Simonyan et al., "Deep Inside Convolutional Networks", arXiv:1312.6034; Olah et al., Distill 2017.

    Example:
        >>> from tllib import backbones, synthesis
        >>> networks = [backbones.load(name, top=True) for name in ("efficientnet_lite0", "squeezenet")]
        >>> for drawing in synthesis.draw(networks, ["zebra", "Siamese cat"]):
        ...     if drawing.step == 2:
        ...         break
        >>> drawing.images.shape
        (2, 224, 224, 3)
    """
    networks = artists(networks)
    check_several("targets", targets)
    check_kind("recipe", recipe, Recipe, "synthesis.FOURIER is one.")
    check_count("seed", seed, least=0)
    size = networks[0].input_shape[1] if size is None else size
    check_count("size", size, least=32, most=1024)
    if len(targets) == 0:
        raise ValueError("targets is empty: name one class or more.")
    functions = tuple(target for target in targets if callable(target))
    if functions and len(functions) < len(targets):
        raise ValueError("targets are classes or functions, not some of each: draw them one after the other.")
    if functions:
        wanted = np.zeros((len(targets), 1), "float32")  # no classes
    else:
        check_same_names(networks)
        wanted = np.stack([_wanted(networks[0], target) for target in targets])
        networks = [backbones.logits_of(network) for network in networks]
    starts = _starts(start, recipe, len(targets), size, seed)
    return _steps(networks, functions, wanted, recipe, starts, seed)  # from another function, so that errors come now


def _steps(networks, functions, wanted, recipe, starts, seed) -> Iterator[Drawing]:
    """The loop itself."""
    began = time.perf_counter()
    size = starts.shape[1]
    chance = [np.random.default_rng(seed + number) for number in range(len(starts))]  # each image has its own
    parametrization = recipe.make_parametrization()
    noise = np.stack([random.standard_normal((3, size, size)) for random in chance])
    parameters = keras.Variable(parametrization.encode(starts, noise), dtype="float32", name="parameters")
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps, alpha=0.05)
    optimizer = keras.optimizers.Adam(rate)
    gradients = [_gradient(network, parametrization, functions) for network in networks]
    spreads = [_spread(network) for network in networks]
    starts = rounded(starts)
    terms = []
    with stoppable():
        for step in range(recipe.steps):
            done = step / recipe.steps
            turn = 0 if done < recipe.solo else step % len(networks)
            windows = np.stack([random_window(random, recipe.crop * done, recipe.border) for random in chance])
            sees = networks[turn].input_shape[1]
            noise = np.stack([fading_noise(random, sees, recipe.noise, done) for random in chance])
            # Arguments, not constants: so a recipe with other values needs no compiling again.
            knobs = np.array([spreads[turn], recipe.logsumexp_weight, recipe.total_variation], "float32")
            gradient, (losses, told) = gradients[turn](parameters, windows, noise, wanted, knobs)
            optimizer.apply([ops.convert_to_tensor(gradient)], [parameters])
            parameters.assign(parametrization.within_bounds(parameters.value))
            terms.append(told)
            now = np.array(ops.convert_to_numpy(parameters))  # a copy: the next step may change it in place
            seconds = time.perf_counter() - began
            yield Drawing(step + 1, recipe.steps, seconds, starts, losses, parametrization, now, terms)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C or Stop end what is inside, and nothing else."""
    try:
        yield
    except KeyboardInterrupt:
        print("Stopped: here is what was drawn so far.")


@engine.remember  # compiling takes seconds: the next drawing by the same network goes without
def _gradient(network: keras.Model, parametrization: Fourier | Pixels, functions: tuple[Callable, ...]) -> Callable:
    """Make a compiled function: parameters, and what a step is made of -> the gradient, and each image's terms."""
    sees = network.input_shape[1]

    def loss(parameters, windows, noise, wanted, knobs):
        spread, logsumexp_weight, variation_weight = knobs[0], knobs[1], knobs[2]
        images = parametrization.paint(parameters)
        seen = crop_resize(images, windows, sees) + noise
        outputs = network(seen, training=False)
        variation = total_variation(images)
        told = {"total_variation": variation}
        if functions:
            objective = -ops.stack([ops.sum(ops.cast(function(outputs[number:number + 1]), "float32"))
                                    for number, function in enumerate(functions)]) / spread
        else:
            logits = ops.cast(outputs, "float32")
            # At temperature 2 the other classes still count when the wanted one is well ahead.
            objective = class_loss(logits / spread, wanted, logsumexp_weight, temperature=2.0)
            told |= {"probability": class_probability(logits, wanted), "margin": class_margin(logits, wanted)}
        losses = objective + variation_weight * variation
        # No image's loss depends on another's parameters: the gradient of the sum holds the gradient of each.
        return ops.sum(losses), (losses, {"objective": objective, **told})
    return engine.gradient(loss, [network])


def artists(networks: keras.Model | Sequence[keras.Model]) -> list[keras.Model]:
    """Networks that draw, from one or several.

    Raises:
        ValueError: there is none.
        TypeError: what came is no Keras network.
        NotImplementedError: several devices share one.
    """
    several = list(networks) if isinstance(networks, (list, tuple)) else [networks]
    if not several:
        raise ValueError("networks is empty: give one network or more.")
    several = [backbones.network_of(network) for network in several]
    for network in several:
        backbones.input_size(network)  # else refused
    engine.check_one_device(several)
    return several


def _wanted(network: keras.Model, target: str | int | Sequence[str | int]) -> np.ndarray:
    """1 for each class of a target, `(classes,)`, and 0 elsewhere."""
    wanted = np.zeros(backbones.logits_of(network).output_shape[-1], "float32")
    wanted[[number_of(network, each) for each in classes_of(target)]] = 1
    return wanted


def classes_of(target: str | int | Sequence[str | int]) -> list[str | int]:
    """The classes of a target, one or several.

    Raises:
        TypeError: it is no class and no list of them.
        ValueError: the list is empty.
    """
    if isinstance(target, (str, int, np.integer)):
        return [target]
    if not isinstance(target, (list, tuple)):
        raise TypeError("A target is a class, by its name or its number, or several in a list or tuple; got "
                        f"{type(target).__name__}.")
    if not target:
        raise ValueError("a target of no class: name one or more.")
    return list(target)


def _starts(start: np.ndarray | None, recipe: Recipe, n: int, size: int, seed: int) -> np.ndarray:
    """What `n` drawings begin with, float32 `(n, size, size, 3)`: a photo, grey, or for pixels faint grey noise."""
    if start is not None:
        return np.repeat(crop_resize_batch(start, size), n, axis=0).astype("float32")
    if recipe.parametrization == "fourier":  # its waves bring faint noise of their own
        return np.full((n, size, size, 3), 127.5, "float32")
    return np.stack([np.random.default_rng(seed + image).normal(128, 8, (size, size, 3))
                     for image in range(n)]).astype("float32")


def _spread(network: keras.Model) -> float:
    """How widely a network's outputs spread on noise: the unit that makes a recipe mean the same for every family."""
    noise = np.random.default_rng(0).normal(128, 8, (1, *network.input_shape[1:])).astype("float32")
    outputs = engine.predict(network, noise)
    check_finite(f"The network {network.name!r}", outputs)
    return float(outputs.std()) or 1.0  # a single output has no spread
