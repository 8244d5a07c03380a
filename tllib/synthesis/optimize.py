"""A canvas and a frozen network -> a canvas whose images the network answers as wished. The loop that draws.

A Keras model is made of canvas -> random view -> network, in which the images are the single trainable weight; `fit`
drives it. So there is no gradient code here: optimizers, schedules, callbacks and engines are Keras's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tllib import backbones
from tllib.backbones import engine
from tllib.images import rounded
from tllib.synthesis.penalties import TotalVariation

import keras
import numpy as np
from keras import ops


class ImageOptimizer:
    """Images that a frozen network is to answer as wished: compiled once, drawn often.

    Args:
        canvas: a `PixelCanvas` or `WaveCanvas` of n images.
        network: pixels -> outputs, 1000 logits say; left exactly as it was.
        objective: what to make small, besides the canvas's own penalty.
        optimizer: a fresh Keras optimizer; its rate is in grey levels for pixels.
        view: a `RandomView` between images and network.

    Raises:
        NotImplementedError: the network is shared among several devices.
    """

    def __init__(self, canvas: keras.layers.Layer, network: keras.Model, *, objective: keras.losses.Loss,
                 optimizer: keras.optimizers.Optimizer, view: keras.layers.Layer | None = None):
        self.canvas, self.network, self.view = canvas, network, view
        with _frozen(network):
            progress = keras.Input(batch_shape=(canvas.weights[0].shape[0], 1), name="progress")
            image = canvas(progress)
            outputs = _Looking(network)(view(image, progress) if view else image)
            self.model = keras.Model(progress, outputs)
            self.terms = [_PerImage(name, function, image.shape[0]) for name, function in (
                ("objective", objective.call), ("probability", _probability), ("margin", _margin))]
            optimizer.build(self.model.trainable_variables)
            self.model.compile(optimizer, objective, metrics=self.terms, jit_compile=backbones.jit_compile())
        self.fresh = [ops.convert_to_numpy(variable) for variable in optimizer.variables]

    def draw(self, start: np.ndarray, targets: np.ndarray, *, steps: int, seed: int = 0,
             callbacks: Sequence[keras.callbacks.Callback] = ()) -> dict[str, np.ndarray]:
        """Change the images, step by step.

        Args:
            start: `(n, h, w, 3)`, 0 to 255, what the canvas begins with; afterwards `canvas.pixels()` is the drawing.
            targets: `(n, outputs)`: 1 for the class, or the several, to be seen in an image, and 0 elsewhere.
            steps: gradient steps.
            seed: of all that is random.
            callbacks: more Keras callbacks, to watch or to stop.

        Returns:
            Term -> values every 8 steps, "step" `(records,)` and for each image `(records, n)`: "objective";
            "probability" of the target outputs, 0 to 1; "margin", least target output - best other; "total_variation"
            in grey levels. The first three are means over the latest steps. Ctrl-C or Stop keeps what was drawn.
        """
        self.canvas.restart(start, seed)
        if self.view is not None:
            self.view.restart(seed)
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)
        recorder, n = _Recorder(self.canvas, self.terms), len(targets)
        progress = np.repeat(np.arange(steps, dtype="float32") / steps, n)[:, None]
        with _frozen(self.network):
            try:
                self.model.fit(progress, np.tile(targets.astype("float32"), (steps, 1)), batch_size=n, shuffle=False,
                               verbose=0, callbacks=[recorder, *callbacks])
            except KeyboardInterrupt:
                print("Stopped: here is what was drawn so far.")
                for callback in callbacks:  # `fit` was left in its midst and told them nothing
                    callback.on_train_end()
            recorder.write()
        return recorder.history()


class _Looking(keras.layers.Layer):
    """A network that only looks: `fit` would have it train, and drop parts of it at random."""

    def __init__(self, network: keras.Model):
        super().__init__(name="looking")
        self.network = network

    def call(self, pixels):
        return self.network(pixels, training=False)


@contextmanager
def _frozen(network: keras.Model) -> Iterator[None]:
    """Keep a network from learning, and pixels float32 whatever Keras is set to; afterwards all is as before."""
    engine.check_one_device([network])
    layers = [part for layer in network.layers for part in layer._flatten_layers()]
    could_learn = [layer.trainable for layer in layers]
    policy, floats = keras.config.dtype_policy(), keras.config.floatx()
    try:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
        for layer in layers:  # each by itself, whatever its network says
            layer.trainable = False
        yield
    finally:
        for layer, trainable in zip(layers, could_learn, strict=True):
            layer.trainable = trainable
        keras.config.set_floatx(floats)
        keras.config.set_dtype_policy(policy)


def _probability(targets, outputs):
    """Probability of all target outputs together, `(n,)`; of a lone output, 1."""
    if outputs.shape[-1] == 1:
        return ops.ones_like(outputs[:, 0])
    return ops.sum(ops.cast(targets > 0, outputs.dtype) * ops.softmax(outputs, axis=-1), axis=-1)


def _margin(targets, outputs):
    """By how much the least target output exceeds the best of the others, `(n,)`."""
    chosen = ops.cast(targets > 0, outputs.dtype)
    return ops.min(outputs + 1e4 * (1 - chosen), axis=-1) - ops.max(outputs - 1e4 * chosen, axis=-1)


class Frames(keras.callbacks.Callback):
    """Keep the images every few steps, for an animation: `images.save_animation`.

    Args:
        every: steps from one frame to the next.

    Attributes:
        frames: uint8 `(n, h, w, 3)` each.
    """

    def __init__(self, every: int = 4):
        super().__init__()
        self.every, self.frames = every, []

    def on_train_batch_end(self, batch, logs=None):
        """Keep them now and then."""
        if batch % self.every == 0:
            backbones.sync(self.model)
            self.frames.append(rounded(self.model.get_layer("canvas").pixels()))


class _PerImage(keras.metrics.Metric):
    """A term of each image, averaged over the steps, each of which counts 0.8 of the next."""

    def __init__(self, name, function, n: int):
        super().__init__(name=name)
        self.function = function
        self.total = self.add_variable((n,), "zeros", name="total")
        self.weight = self.add_variable((), "zeros", name="weight")

    def update_state(self, targets, outputs, sample_weight=None):
        self.total.assign(0.8 * self.total + self.function(targets, ops.cast(outputs, "float32")))
        self.weight.assign(0.8 * self.weight + 1)

    def result(self):
        return ops.mean(self.total) / self.weight

    def values(self) -> np.ndarray:
        """The term of each image, `(n,)`."""
        return ops.convert_to_numpy(self.total / self.weight)


class _Recorder(keras.callbacks.Callback):
    """Write down every term every 8 steps and at the end."""

    def __init__(self, canvas, terms):
        super().__init__()
        self.canvas, self.terms, self.rows, self.step = canvas, terms, [], 0

    def on_train_batch_end(self, batch, logs=None):
        self.step = batch + 1
        if self.step % 8 == 0:
            self.write()

    def write(self) -> None:
        """Write down the terms as they are now, once."""
        if self.step and (not self.rows or self.rows[-1]["step"] < self.step):
            backbones.sync(self.model)
            rough = [float(TotalVariation()(image[None])) for image in self.canvas.pixels()]
            self.rows.append({"step": self.step, **{term.name: term.values() for term in self.terms},
                              "total_variation": np.array(rough)})

    def history(self) -> dict[str, np.ndarray]:
        """Term -> values."""
        return {term: np.array([row[term] for row in self.rows]) for term in ("step", *TERMS)} if self.rows else {
            "step": np.zeros(1), **{term: np.zeros((1, len(self.terms[0].values()))) for term in TERMS}}


TERMS = ("objective", "probability", "margin", "total_variation")
