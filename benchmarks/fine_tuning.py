"""Drawn pictures, 200 to 4,000 -> accuracy of a head on frozen features, and of upper layers tuned with it.

    python benchmarks/fine_tuning.py [--rounds 3]

As in lesson 07: pictures of 96 pixels, 960 others to judge by; only that the maps of the frozen lower layers are
computed once. Round 0 draws what the lesson draws, each further one draws anew. A round takes about ten minutes on a
laptop CPU.
"""

import argparse

from tllib import backbones, transfer
from tllib.datasets import drawn as drawing

import keras
import numpy as np

SIZES = (200, 1000, 4000)
TASKS = {"digits": ("drawn_digits", "block10_add", lambda n: n % 10),
         "infection": ("drawn_cells", "block7_add", lambda n: n % 4 // 2),
         "winding": ("drawn_cells", "block4_add", lambda n: n % 2)}  # set, last frozen layer, class of picture number n


def draw(name: str, part: str, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw pictures of all labels in turn."""
    labels = drawing.LABELS[name]
    return np.stack([drawing.DRAW[name](labels[n % len(labels)], part, random, size=96) for n in range(count)])


def tuned(upper: keras.Model, head: keras.Model, maps: np.ndarray, labels: np.ndarray) -> keras.Model:
    """Copies of the upper layers and the head, trained together; BatchNorm stays as it is."""
    keras.utils.set_random_seed(0)
    parts = [keras.models.clone_model(part) for part in (upper, head)]
    for part, original in zip(parts, (upper, head), strict=True):
        part.set_weights(original.get_weights())
        for layer in part.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    model, epochs = keras.Sequential(parts), 8 if len(maps) <= 200 else 4
    rate = keras.optimizers.schedules.CosineDecay(3e-4, epochs * -(-len(maps) // 32))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=False)
    model.fit(maps, labels, batch_size=32, epochs=epochs, verbose=0)
    return model


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--rounds", type=int, default=1)
rounds, small = parser.parse_args().rounds, backbones.load("efficientnet_lite0", size=96)
print("task       round  pictures   head  tuned")
for task, (name, last_frozen, label) in TASKS.items():
    cut = small.get_layer(last_frozen).output
    lower, upper = keras.Model(small.input, cut), keras.Model(cut, small.output)
    for seed in range(rounds):
        random = np.random.default_rng(seed)  # tests are drawn first: they stay the same when more is learned from
        test, maps = (lower.predict(draw(name, part, count, random), verbose=0)
                      for part, count in (("test", 960), ("trainval", max(SIZES))))
        truth, labels = label(np.arange(len(test))), label(np.arange(len(maps)))
        x, x_test = upper.predict(maps, verbose=0), upper.predict(test, verbose=0)
        for n in SIZES:
            table = transfer.FeatureTable(x[:n], labels[:n], (), tuple(map(str, np.unique(labels))))
            head = transfer.train_head(table)
            shown = (head, x_test), (tuned(upper, head, maps[:n], labels[:n]), test)
            scores = [np.mean(model.predict(seen, verbose=0).argmax(axis=1) == truth) for model, seen in shown]
            print(f"{task:9s}  {seed:5d}  {n:8,d}  {scores[0]:.3f}  {scores[1]:.3f}", flush=True)
