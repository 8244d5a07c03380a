"""Steps per second of the library's drawing loop against a hand-written `tf.function` loop and an eager-tape loop.

All three draw the same ideal image (pixels, total variation, random windows, Adam) on the same network in one run, in
turns, so that a machine that changes its speed changes it for all. Run: python -m tllib bench
"""

import statistics
import time

from tllib import backbones, synthesis
from tllib.synthesis.transforms import crop_resize, random_window

import keras
import numpy as np
import tensorflow as tf

SIZE, ZEBRA, ROUNDS = 224, 340, 5


def start(seed=0):
    """The same grey noise for every loop."""
    return np.random.default_rng(seed).normal(128, 8, (1, SIZE, SIZE, 3)).astype("float32")


def ours(network, steps=96):
    """`tllib.synthesis.draw`: every term of every step written down."""
    recipe = synthesis.Recipe(parametrization="pixels", total_variation=0.3, logsumexp_weight=0, noise=0, crop=0.3,
                              learning_rate=6.0, steps=steps)
    for drawing in synthesis.draw(network, [ZEBRA], recipe=recipe):
        if drawing.step == 4:
            began = time.perf_counter()
    return (steps - 4) / (time.perf_counter() - began)


def tape_loop(network, steps, compiled):
    """What one would write by hand, with a gradient tape."""
    image, random = tf.Variable(start()), np.random.default_rng(0)
    optimizer = keras.optimizers.Adam(6.0)
    optimizer.build([image])

    def step(window):
        with tf.GradientTape() as tape:
            logits = network(crop_resize(image, window, SIZE), training=False)
            loss = -logits[0, ZEBRA] + 0.3 * synthesis.total_variation(image)[0]
        optimizer.apply([tape.gradient(loss, image)], [image])
        image.assign(tf.clip_by_value(image, 0.0, 255.0))

    step = tf.function(step) if compiled else step
    for _ in range(4):
        step(tf.constant(random_window(random, 0.3)[None]))
    began = time.perf_counter()
    for _ in range(steps):
        step(tf.constant(random_window(random, 0.3)[None]))
    return steps / (time.perf_counter() - began)


def main():
    """Time the three in turns and print medians and ratios."""
    network = backbones.load("efficientnet_lite0", top=True)
    rates = {"tllib.synthesis.draw": [], "tf.function by hand": [], "eager tape": []}
    for _ in range(ROUNDS):
        rates["tllib.synthesis.draw"].append(ours(network))
        rates["tf.function by hand"].append(tape_loop(network, 80, compiled=True))
        rates["eager tape"].append(tape_loop(network, 8, compiled=False))
    print(f"{'loop':22s}{'steps/s (median)':>18s}{'ours is':>12s}")
    for name, found in rates.items():
        ratio = statistics.median(a / b for a, b in zip(rates["tllib.synthesis.draw"], found, strict=True))
        print(f"{name:22s}{statistics.median(found):18.1f}{ratio:11.2f}x")


if __name__ == "__main__":
    main()
