"""Pictures and classes -> logits, and how every pixel would have to move, from one or several frozen networks.

Keras has no call for a gradient that works on each of its engines, but its optimizers are given one: a step of plain
gradient descent at rate 1 moves a weight that was 0 to exactly minus its gradient.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tllib import backbones
from tllib.synthesis.objectives import TargetMargin
from tllib.synthesis.views import RandomView

import keras
import numpy as np
from keras import ops


@contextmanager
def frozen(networks: Sequence[keras.Model]) -> Iterator[None]:
    """Keep networks from learning meanwhile; afterwards every layer may learn, or not, as before.

    Raises:
        NotImplementedError: a network is shared among several devices.
    """
    devices = max(backbones.device_count(network) for network in networks)
    if devices > 1:
        raise NotImplementedError(f"{devices} devices can't share one image: it is the only weight, and every step "
                                  "needs all of it. Load the network on one device, outside of the distribution.")
    layers = [part for network in networks for layer in network.layers for part in layer._flatten_layers()]
    could_learn = [layer.trainable for layer in layers]
    try:
        for layer in layers:  # each by itself, whatever their network says
            layer.trainable = False
        yield
    finally:
        for layer, trainable in zip(layers, could_learn, strict=True):
            layer.trainable = trainable


class PixelGradient:
    """Logits of a batch of pictures, and the gradient of how far their networks are from the answer aimed at.

    Args:
        networks: frozen networks, pixels -> logits; all are asked, and their margins added. One that takes another
            size sees the pictures resized.
        size: height and width of the pictures.
        batch: how many pictures at once; always that many, so that the step is compiled once.
    """

    def __init__(self, networks: Sequence[keras.Model], size: int, batch: int):
        self.canvas, self.batch = _Changed((batch, size, size, 3)), batch
        step = keras.Input((1,), name="step")
        image = self.canvas(step)
        logits = [network(image if sees == size else RandomView(sees, zoom=0)(image))
                  for network, sees in [(network, network.input_shape[1]) for network in networks]]
        self.latest = _Latest((batch, len(networks), logits[0].shape[-1]))
        self.model = keras.Model(step, ops.stack(logits, axis=1))
        self.model.compile(keras.optimizers.SGD(1.0), TargetMargin(reduction="sum"), metrics=[self.latest],
                           jit_compile=backbones.jit_compile())

    def __call__(self, pictures: np.ndarray, classes: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ask about pictures.

        Args:
            pictures: float32 `(batch, size, size, 3)`, 0 to 255.
            classes: int `(batch,)`.
            signs: 1 where the class is the target, -1 where it is to be left; `(batch,)`.

        Returns:
            Logits `(batch, networks, classes)`, and the direction that helps, `(batch, size, size, 3)`.
        """
        self.canvas.pictures.assign(pictures)
        self.canvas.change.assign(np.zeros_like(pictures))
        self.model.train_on_batch(np.zeros((self.batch, 1), "float32"), classes, sample_weight=signs.astype("float32"))
        return ops.convert_to_numpy(self.latest.value), ops.convert_to_numpy(self.canvas.change)


# Compiling takes seconds, and TensorFlow never gives back all its memory: the next attack on a network goes without.
pixel_gradient = functools.lru_cache(maxsize=4)(PixelGradient)


class _Changed(keras.layers.Layer):
    """Given pictures plus a change, which alone can learn: far from 255, its small numbers are exact."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__(name="changed")
        self.pictures = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="pictures")
        self.change = self.add_weight(shape=shape, initializer="zeros", name="change")

    def call(self, step):
        """Give the changed pictures; `step` only makes this a layer with an input, as Keras wants it."""
        return self.pictures + self.change + 0 * ops.sum(step)


class _Latest(keras.metrics.Metric):
    """Keep the logits of the latest step."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__(name="logits")
        self.value = self.add_variable(shape, "zeros", name="value")

    def update_state(self, classes, logits, sample_weight=None):
        self.value.assign(logits)

    def result(self):
        return ops.zeros(())

    def reset_state(self):
        pass
