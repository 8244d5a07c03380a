"""What other libraries offer for adversarial images, each behind one plain function.

They come with the extra `bench` of tllib, return a float32 batch, which the caller rounds and judges, and run eagerly.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # the only engine that all of them know

import foolbox
import keras
import numpy as np
import tensorflow as tf
from art.attacks.evasion import ProjectedGradientDescent
from art.estimators.classification import TensorFlowV2Classifier

CLASSES, TOP = 1000, 255.0


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
