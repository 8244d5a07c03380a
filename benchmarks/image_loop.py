"""Steps per second of the library's image loop against a hand-written `tf.function` loop and an eager-tape loop.

All three draw the same ideal image (pixels, total variation, random views, Adam) on the same network in one run, in
turns, so that a machine that changes its speed changes it for all. Run: python -m tllib bench
"""

import statistics
import time

from tllib import backbones
from tllib.synthesis import Box, ImageOptimizer, PixelCanvas, RandomView, TargetLogit, TotalVariation

import keras
import numpy as np
import tensorflow as tf

SIZE, ZEBRA, ROUNDS = 224, 340, 5


def start(seed=0):
    """The same grey noise for every loop."""
    return np.random.default_rng(seed).normal(128, 8, (1, SIZE, SIZE, 3)).astype("float32")


class Clock(keras.callbacks.Callback):
    """Note when each call of the compiled step ends, so that building the graph is not counted."""

    def on_train_begin(self, logs=None):
        """Forget earlier ticks."""
        self.ticks = []

    def on_train_batch_end(self, batch, logs=None):
        """Note steps done and the time."""
        self.ticks.append((batch + 1, time.perf_counter()))


def ours(network, steps=96):
    """`tllib.synthesis.ImageOptimizer`: Keras `fit`, every named term written down."""
    clock = Clock()
    canvas = PixelCanvas(start(), penalty=TotalVariation(0.3), constraint=Box())
    drawing = ImageOptimizer(canvas, network, objective=TargetLogit(), optimizer=keras.optimizers.Adam(6.0),
                        view=RandomView(SIZE))
    drawing.draw(start(), keras.utils.to_categorical([ZEBRA], 1000), steps=steps, callbacks=[clock])
    (first, began), (last, ended) = clock.ticks[3], clock.ticks[-1]
    return (last - first) / (ended - began)


def tape_loop(network, steps, compiled):
    """What one would write by hand, with a gradient tape."""
    image, view, penalty, ended = tf.Variable(start()), RandomView(SIZE), TotalVariation(0.3), tf.ones((1, 1))
    optimizer = keras.optimizers.Adam(6.0)
    optimizer.build([image])

    def step():
        with tf.GradientTape() as tape:
            logits = network(view(image, ended), training=False)
            loss = -logits[0, ZEBRA] + penalty(image)
        optimizer.apply([tape.gradient(loss, image)], [image])
        image.assign(tf.clip_by_value(image, 0.0, 255.0))

    step = tf.function(step) if compiled else step
    for _ in range(4):
        step()
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return steps / (time.perf_counter() - began)


def main():
    """Time the three in turns and print medians and ratios."""
    network = backbones.load("efficientnet_lite0", top=True)
    rates = {"tllib ImageOptimizer": [], "tf.function by hand": [], "eager tape": []}
    for _ in range(ROUNDS):
        rates["tllib ImageOptimizer"].append(ours(network))
        rates["tf.function by hand"].append(tape_loop(network, 80, compiled=True))
        rates["eager tape"].append(tape_loop(network, 8, compiled=False))
    print(f"{'loop':22s}{'steps/s (median)':>18s}{'ours is':>12s}")
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates["tllib ImageOptimizer"], found, strict=True))
        print(f"{name:22s}{statistics.median(found):18.1f}{ratio:11.2f}x")


if __name__ == "__main__":
    main()
