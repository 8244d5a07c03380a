"""What other libraries and a published lesson offer for ideal and adversarial images, each behind one plain function.

They come with the extra `bench` of tllib. Image peers return one uint8 image, attacks a float32 batch: the
caller rounds and judges. All run eagerly.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the only engine that all of them know

from tllib import images

import foolbox
import keras
import numpy as np
import tensorflow as tf
from art.attacks.evasion import ProjectedGradientDescent
from art.estimators.classification import TensorFlowV2Classifier
from tf_keras_vis.activation_maximization import ActivationMaximization
from tf_keras_vis.activation_maximization.input_modifiers import Jitter, Rotate2D
from tf_keras_vis.utils.scores import CategoricalScore

CLASSES, TOP = 1000, 255.0


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


def foolbox_pgd(network: keras.Model, photos: np.ndarray, targets: np.ndarray, steps: int = 40) -> np.ndarray:
    """foolbox 3.3.4, LinfPGD within 1 grey level, its default step (1/30) and random start; no patch."""
    tf.random.set_seed(0)
    model = foolbox.TensorFlowModel(network, bounds=(0, TOP))
    return _foolbox(foolbox.attacks.LinfPGD(steps=steps), model, photos, targets, epsilon=1.0)


def foolbox_ddn(network: keras.Model, photos: np.ndarray, targets: np.ndarray, steps: int = 50) -> np.ndarray:
    """foolbox 3.3.4, L2 DDN, on pixels from 0 to 1, for which its step is made; no patch."""
    tf.random.set_seed(0)
    return TOP * _foolbox(foolbox.attacks.DDNAttack(steps=steps), _unit_model(network), photos / TOP, targets)


def foolbox_carlini_wagner(network: keras.Model, photos: np.ndarray, targets: np.ndarray,
                           steps: int = 100) -> np.ndarray:
    """foolbox 3.3.4, L2CarliniWagner, 3 searches, on pixels 0 to 1; patched: where it fails, the photo, not black."""
    # From its default constant, 0.001, three searches never reach one that counts; its default rate oversteps.
    attack = foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=3, steps=steps, initial_const=1.0,
                                                   stepsize=1e-3)
    found = TOP * _foolbox(attack, _unit_model(network), photos / TOP, targets)
    return np.where(found.any(axis=(1, 2, 3), keepdims=True), found, photos)


def art_pgd(network: keras.Model, photos: np.ndarray, targets: np.ndarray, steps: int = 40) -> np.ndarray:
    """adversarial-robustness-toolbox 1.20.1, ProjectedGradientDescent within 1 grey level, steps of 1/4; no patch."""
    attack = ProjectedGradientDescent(_art_classifier(network), eps=1.0, eps_step=0.25, max_iter=steps,
                                      targeted=True, batch_size=len(photos), verbose=False)
    return attack.generate(photos, targets)


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


def _foolbox(attack, model, photos, targets, epsilon=None):
    criterion = foolbox.criteria.TargetedMisclassification(tf.constant(targets))
    _, clipped, _ = attack(model, tf.constant(photos, tf.float32), criterion, epsilons=epsilon)
    return clipped.numpy()


def _unit_model(network):
    return foolbox.TensorFlowModel(network, bounds=(0, 1), preprocessing={"std": 1 / TOP})


def _art_classifier(network):
    return TensorFlowV2Classifier(network, nb_classes=CLASSES, input_shape=network.input_shape[1:],
                                  loss_object=keras.losses.CategoricalCrossentropy(from_logits=True),
                                  clip_values=(0, TOP))
