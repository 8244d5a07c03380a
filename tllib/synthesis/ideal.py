"""A class name -> the image that a network finds most typical of it, drawn from noise by gradient descent."""

import time
from collections.abc import Sequence

import keras
import numpy as np

from tllib import backbones
from tllib import images as pixels
from tllib.synthesis.bounds import Box
from tllib.synthesis.canvas import PixelCanvas, WaveCanvas
from tllib.synthesis.objectives import TargetLogit
from tllib.synthesis.optimize import optimize
from tllib.synthesis.penalties import TotalVariation
from tllib.synthesis.result import ImageResult, measure
from tllib.synthesis.views import RandomView

# canvas -> (total variation weight, learning rate: strengths of waves / grey levels)
_PRESETS = {"waves": (0.1, 0.05), "pixels": (1.0, 3.0)}


def ideal_image(network: keras.Model, target: str | int, *, canvas: str = "waves", total_variation: float | None = None,
                zoom: float = 0.3, steps: int = 192, seed: int = 0,
                callbacks: Sequence[keras.callbacks.Callback] = ()) -> ImageResult:
    """Draw the network's idea of a class.

    Args:
        network: from `backbones.load(..., top=True)`.
        target: ImageNet class, by name or number.
        canvas: what the optimizer changes: "waves" (broad shapes first) or "pixels" (each by itself).
        total_variation: weight of the roughness penalty, per grey level. Defaults to 0.1 for waves, 1 for pixels;
            0 leaves it out.
        zoom: each step sees a random window of the image, its side between `1 - zoom` and 1 of the whole; 0 shows
            the whole image always.
        steps: gradient steps.
        seed: of the starting noise and the windows.
        callbacks: Keras callbacks, to watch or to stop.

    Raises:
        ValueError: unknown class or canvas, or a setting out of range.

    Source: Simonyan et al., "Deep Inside Convolutional Networks", arXiv:1312.6034; Olah et al., Distill 2017.
    """
    if canvas not in _PRESETS:
        raise ValueError(f"canvas={canvas!r}: expected 'waves' or 'pixels'.")
    weight, rate = _PRESETS[canvas]
    weight = weight if total_variation is None else total_variation
    if weight < 0 or not 0 <= zoom < 1 or steps < 1:
        raise ValueError(f"Expected total_variation >= 0, 0 <= zoom < 1 and steps >= 1; "
                         f"got {weight}, {zoom} and {steps}.")
    began, index, size = time.perf_counter(), backbones.class_index(target), network.input_shape[1]
    penalty = TotalVariation(weight) if weight else None
    if canvas == "waves":
        layer = WaveCanvas(size, penalty=penalty, seed=seed)
    else:
        noise = np.random.default_rng(seed).normal(128, 8, (1, size, size, 3))
        layer = PixelCanvas(noise, penalty=penalty, constraint=Box())
    start = pixels.to_uint8(layer.pixels()[0])
    history = optimize(layer, network, index, objective=TargetLogit(), steps=steps, callbacks=callbacks,
                       optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.05)),
                       view=RandomView(size, zoom=zoom, seed=seed) if zoom else None)
    return measure(network, layer, start, index, history, began)
