"""Photos -> the figures that lesson 02's drawn pets stand in for: the race, other backbones, BatchNorm left to learn.

    python benchmarks/lesson_02_photos.py [data root]     (500 of Cats vs Dogs, else drawn pets; 10 min on two cores)
"""

import sys

from tllib import backbones, datasets, images, transfer

import numpy as np
from keras import Sequential, layers, optimizers, utils

pets = datasets.load("cats_vs_dogs", root=(*sys.argv[1:], None)[0], fallback=("cats_vs_dogs_small", "cartoon_pets"))
train, test = pets.subset(min(500, len(pets))).split()
utils.set_random_seed(0)


def fit(model, part, rate, epochs, batch_size, size=224):
    """Show as many pictures an epoch as there are in `train`, few of them again and again -> accuracy on others."""
    pixels, rows = np.stack([images.load(path, size=size) for path in part.paths]), np.arange(len(train)) % len(part)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pixels[rows], part.labels[rows], epochs=epochs, batch_size=batch_size, verbose=0)
    return model.evaluate(datasets.batches(test, size=size), verbose=0)[1]


def scratch(part, size=48, epochs=20):
    """Train the lesson's small network, which has seen nothing before -> accuracy on others."""
    blocks = [(layers.Conv2D(n, 3, padding="same", activation="relu"), layers.MaxPooling2D()) for n in (16, 32, 64, 64)]
    every = [layers.Rescaling(1 / 127.5, offset=-1), layers.RandomFlip("horizontal"), *sum(blocks, ())]
    return fit(Sequential([*every, layers.Flatten(), layers.Dense(2, "softmax")]), part, 1e-3, epochs, 16, size)


def headed(part, name="efficientnet_lite0"):
    """Put a trained head on a frozen backbone."""
    backbone = backbones.load(name)
    return transfer.assemble(backbone, transfer.train_head(transfer.extract_features(backbone, part)), part.class_names)


print(pets.report, len(train), "to learn from. Accuracy on", len(test), "others, from scratch and of a head:")
for n in (5, 10, 20, 50, len(train) // 2):
    found = [(scratch(few), transfer.evaluate(headed(few), test).accuracy) for few in
             (train.subset(2 * n, seed=seed) for seed in range(3))]
    print(f"{n} of each, mean of three draws: {np.mean(found, axis=0).round(2)}")
print(f"all, 96 x 96 pixels, 60 epochs, from scratch: {scratch(train, 96, 60):.2f}")
for name in backbones.on_this_machine():
    print(f"all, head on {name}: {transfer.evaluate(headed(train, name), test).accuracy:.2f}")
for size, frozen in ((16, True), (16, False), (4, True), (4, False)):
    for layer in (model := headed(train).model).layers:
        layer.trainable = not (frozen and isinstance(layer, layers.BatchNormalization))
    print(f"fine-tuned, batches of {size}, BatchNorm frozen {frozen}: {fit(model, train, 1e-4, 2, size):.2f}")
