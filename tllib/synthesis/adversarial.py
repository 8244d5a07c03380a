"""A photo and a wrong class -> the same photo, changed by a few grey levels, that the network takes for that class."""

import time
from collections.abc import Sequence

import keras
import numpy as np

from tllib import backbones
from tllib import images as pixels
from tllib.synthesis.bounds import Ball
from tllib.synthesis.canvas import PixelCanvas
from tllib.synthesis.objectives import TargetCrossEntropy
from tllib.synthesis.optimize import optimize
from tllib.synthesis.result import ImageResult, measure


def adversarial_image(network: keras.Model, photo: np.ndarray, *, target: str | int, source: str | int | None = None,
                      epsilon: int = 1, steps: int = 40,
                      callbacks: Sequence[keras.callbacks.Callback] = ()) -> ImageResult:
    """Change a photo within `epsilon` grey levels a pixel until the network calls it `target`.

    Every step moves each pixel by the sign of its gradient, and the network is shown whole grey levels only, so what
    fools it here still fools it from a PNG file. One step is the "fast gradient sign method".

    Args:
        network: from `backbones.load(..., top=True)`.
        photo: `(h, w, 3)`, 0 to 255; its middle square is resized to the network's input.
        target: ImageNet class to become, by name or number.
        source: class that the network must see in the photo now; None accepts any but `target`.
        epsilon: largest change of a pixel, whole grey levels, at least 1 (the smallest step of an 8-bit picture).
        steps: gradient steps at most; it stops when the target's probability reaches 0.9.
        callbacks: Keras callbacks, to watch or to stop.

    Raises:
        ValueError: unknown class, `epsilon` not a whole number from 1 to 255, or the network's first choice for the
            photo is not `source`, or is `target` already.

    Source: Goodfellow et al., arXiv:1412.6572 (one step); Madry et al., arXiv:1706.06083 (many steps).
    """
    if epsilon != int(epsilon) or not 1 <= epsilon <= 255 or steps < 1:
        raise ValueError(f"epsilon counts whole grey levels, 1 to 255, and steps from 1; got {epsilon} and {steps}.")
    began, index = time.perf_counter(), backbones.class_index(target)
    start = pixels.fit(photo, network.input_shape[1])
    (seen, sure), = backbones.top_k(network, start, k=1)[0]
    wanted = None if source is None else backbones.class_names()[backbones.class_index(source)]
    if wanted not in (None, seen) or seen == backbones.class_names()[index]:
        raise ValueError(f"The network calls this photo {seen!r} ({sure:.0%}), " + (
            "which is the target already. Choose another target." if wanted in (None, seen) else
            f"not {wanted!r}: there is nothing to turn around. Choose a photo it gets right, or source={seen!r}."))
    canvas = PixelCanvas(start[None], constraint=Ball(start[None], epsilon), rounded=True)
    # Lion's step is the sign of an averaged gradient: exactly what this attack takes.
    optimizer = keras.optimizers.Lion(epsilon * max(0.25, 1 / steps), beta_1=0.5)
    history = optimize(canvas, network, index, objective=TargetCrossEntropy(), optimizer=optimizer, steps=steps,
                       enough=0.9, record_every=1, callbacks=callbacks)
    return measure(network, canvas, start, index, history, began)
