"""What other libraries and a published lesson offer for ideal images, each behind one plain function.

They come with the extra `bench` of tllib, but for MACO, and return one uint8 image.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the only engine that all of them know

from tllib import datasets, images

import keras
import numpy as np
import tensorflow as tf
from tf_keras_vis.activation_maximization import ActivationMaximization
from tf_keras_vis.activation_maximization.input_modifiers import Jitter, Rotate2D
from tf_keras_vis.utils.scores import CategoricalScore

TOP = 255.0


def tf_keras_vis_image(network: keras.Model, target_index: int, steps: int, seed: int) -> np.ndarray:
    """tf-keras-vis 0.8.7, ActivationMaximization, its defaults; patched: the default rotation draws from `seed`."""
    keras.utils.set_random_seed(seed)  # its starting noise and its jitter
    rotation = Rotate2D(degree=1)
    rotation.random_generator = np.random.default_rng(seed)
    listed = keras.Model(network.inputs, network.outputs)  # it passes inputs as a list
    found = ActivationMaximization(listed)(CategoricalScore(target_index), steps=steps,
                                           input_modifiers=[Jitter(jitter=4), rotation])
    return images.to_uint8(found[0])


def lesson_image(network: keras.Model, target_index: int, steps: int, seed: int) -> np.ndarray:
    """Microsoft AI-For-Beginners, AdversarialCat_TF.ipynb, its numbers; patched: grey is 128, logits, no plots."""
    return _lesson(network, target_index, steps, seed, keras.optimizers.SGD(1.0))


def lesson_adam_image(network: keras.Model, target_index: int, steps: int, seed: int) -> np.ndarray:
    """Microsoft AI-For-Beginners, AdversarialCat_TF.ipynb; patched: grey is 128, logits, no plots, Adam with rate 1."""
    return _lesson(network, target_index, steps, seed, keras.optimizers.Adam(1.0))


def maco_image(network: keras.Model, target_index: int, steps: int, seed: int) -> np.ndarray:
    """xplique 2.0.2, MACO, 4 crops a step for 32; magnitudes of our pets: it would download those of ImageNet."""
    from xplique.features_visualizations import Objective, maco  # no part of the extra, see blind_naming.py
    keras.utils.set_random_seed(seed)
    size = network.input_shape[1]
    photos = np.stack([images.load(path, size=size) for path in datasets.load("pets").subset(64).paths])
    found, _ = maco(Objective.neuron(network, -1, target_index), nb_steps=steps, nb_crops=4, custom_shape=(size, size),
                    noise_intensity=0.08 * TOP / 2, values_range=(0, TOP),
                    maco_dataset=tf.data.Dataset.from_tensor_slices(photos / np.float32(TOP)).batch(16))
    return images.to_uint8(found)


def _lesson(network, target_index, steps, seed, optimizer):
    noise = np.random.default_rng(seed).normal(128, 1, (1, *network.input_shape[1:]))
    x, target = tf.Variable(noise, dtype=tf.float32), tf.constant([target_index])
    for _ in range(steps):
        with tf.GradientTape() as tape:
            logits = network(x, training=False)
            loss = (10 * tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(target, logits, from_logits=True))
                    + 0.005 * tf.image.total_variation(x))
        optimizer.apply([tape.gradient(loss, x)], [x])
    return images.to_uint8(x[0])
