"""A canvas and a frozen network -> a canvas whose image the network calls the wished-for class. The only image loop.

A Keras model is made of canvas -> random view -> network, in which the image is the single trainable weight; `fit`
drives it. So there is no gradient code here: optimizers, schedules, callbacks and engines are Keras's own.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from tllib import backbones
from tllib.synthesis.objectives import target_probability
from tllib.synthesis.penalties import TotalVariation


def optimize(canvas: keras.layers.Layer, network: keras.Model, target: int, *, objective: keras.losses.Loss,
             optimizer: keras.optimizers.Optimizer, steps: int, view: keras.layers.Layer | None = None,
             enough: float | None = None, record_every: int = 8,
             callbacks: Sequence[keras.callbacks.Callback] = ()) -> dict[str, np.ndarray]:
    """Change the image on the canvas, step by step, until the steps are used up or the network is sure enough.

    Args:
        canvas: a `PixelCanvas` or `WaveCanvas`; changed in place, that is its purpose.
        network: pixels -> 1000 logits; left exactly as it was.
        target: class number, 0 to 999.
        objective: what to make small, besides the canvas's own penalty.
        optimizer: a fresh Keras optimizer; its rate is in grey levels for pixels.
        steps: gradient steps.
        view: a layer between image and network.
        enough: stop once the target's probability is this high.
        record_every: write down the terms after so many steps.
        callbacks: more Keras callbacks, to watch or to stop.

    Returns:
        Term -> values: "step", "objective", "probability", "total_variation" (grey levels).

    Raises:
        NotImplementedError: the network is shared among several devices.
    """
    devices = backbones.device_count(network)
    if devices > 1:
        raise NotImplementedError(f"{devices} devices can't share one image: it is the only weight, and every step "
                                  "needs all of it. Load the network on one device, outside of the distribution.")
    step = keras.Input((1,), name="step")
    image = canvas(step)
    recorder = _Recorder(canvas, steps, record_every, enough)
    was_trainable = [layer.trainable for layer in network.layers]
    try:
        network.trainable = False
        painting = keras.Model(step, network(view(image) if view else image))
        painting.compile(optimizer, objective, metrics=[_Latest(objective), _Latest(target_probability, "probability")],
                         jit_compile=backbones.jit_compile())
        n = image.shape[0]
        painting.fit(np.zeros((steps * n, 1), "float32"), np.full(steps * n, target), batch_size=n, shuffle=False,
                     verbose=0, callbacks=[*callbacks, recorder])
    finally:
        for layer, trainable in zip(network.layers, was_trainable, strict=True):
            layer.trainable = trainable
    return {term: np.array([row[term] for row in recorder.rows]) for term in recorder.rows[0]}


class _Latest(keras.metrics.Metric):
    """The value at the latest step (Keras's own metrics average over the whole run)."""

    def __init__(self, function: Callable, name: str = "objective"):
        super().__init__(name=name)
        self.function = function
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, target, logits, sample_weight=None):
        self.value.assign(self.function(target, logits))

    def result(self):
        return keras.ops.convert_to_tensor(self.value)


class _Recorder(keras.callbacks.Callback):
    """Write down every term now and then and at the end; stop when the network is sure enough."""

    def __init__(self, canvas, steps, every, enough):
        super().__init__()
        self.canvas, self.steps, self.every, self.enough, self.rows = canvas, steps, every, enough, []

    def on_train_batch_end(self, batch, logs=None):
        sure = self.enough is not None and logs["probability"] >= self.enough
        self.model.stop_training = self.model.stop_training or sure
        if (batch + 1) % self.every == 0 or batch + 1 == self.steps or self.model.stop_training:
            self.rows.append({"step": batch + 1, "objective": float(logs["objective"]),
                              "probability": float(logs["probability"]),
                              "total_variation": float(TotalVariation()(self.canvas.pixels()))})
