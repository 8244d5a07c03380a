"""A classifier and photos -> the learning rate to fine-tune it at.

Source: Smith, arXiv:1506.01186.
"""

from dataclasses import dataclass

from tllib import datasets
from tllib.datasets.augmentation import Augmentation
from tllib.progress import progress
from tllib.transfer.classifier import Classifier
from tllib.transfer.finetune import training_batches, unfreeze

import keras
import numpy as np


@dataclass(frozen=True)
class RateSearch:
    """What `find_learning_rate` found.

    Attributes:
        rates: learning rates tried, rising.
        losses: loss of the step taken at each, smoothed.
        suggestion: a tenth of the highest rate at which the loss was no worse than it had been in the first ten.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def find_learning_rate(classifier: Classifier, train: datasets.PhotoSet, *, layers: str = "all", lowest: float = 1e-6,
                       highest: float = 1.0, steps: int = 60, augment: Augmentation | None = datasets.random_crop_flip,
                       seed: int = 0) -> RateSearch:
    """Take a few steps of `fine_tune`, each at a higher rate, and see when the loss stops falling and explodes.

    Args:
        classifier: from `assemble`, its head trained. It is copied.
        train: photos to learn from.
        layers: "last block" or "all", as for `fine_tune`.
        lowest: rate of the first step.
        highest: rate of the last step; it ends earlier, once the loss is worse by 1 than in the first ten steps.
        steps: of 16 photos each.
        augment: as for `fine_tune`.
        seed: of order and augmentation.

    Raises:
        ValueError: rates out of order, fewer than 2 steps, unknown `layers`.
    """
    if not 0 < lowest < highest or steps < 2:
        raise ValueError(f"Expected 0 < lowest < highest and 2 steps or more, got {lowest}, {highest} and {steps}.")
    model = keras.models.clone_model(classifier.model)
    model.set_weights(classifier.model.get_weights())
    growth = (highest / lowest) ** (1 / (steps - 1))
    unfreeze(model, classifier.backbone, layers, keras.optimizers.schedules.ExponentialDecay(lowest, 1, growth))
    batches, losses, total = training_batches(model, train, augment, seed), [], 0.0

    def note(batch, logs):  # Keras tells the mean over the epoch so far
        nonlocal total
        before = total if batch else 0.0
        total = logs["loss"] * (batch + 1)
        losses.append(total - before)
        bar.update()
        model.stop_training = len(losses) == steps or not _smooth(losses)[-1] < np.median(losses[:10]) + 1

    with progress(what="learning rates, at most", total=steps) as bar:
        model.fit(batches, epochs=-(-steps // len(batches)), shuffle=False, verbose=0,
                  callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=note)])
    rates, smooth = lowest * growth ** np.arange(len(losses)), _smooth(losses)
    harmless = np.flatnonzero(smooth <= smooth[:10].max())
    return RateSearch(rates, smooth, float(rates[harmless[-1]] / 10))


def _smooth(losses: list[float], memory: float = 0.8) -> np.ndarray:
    """Average that forgets: each step counts `memory` times as much as the next."""
    weights = memory ** np.arange(len(losses))[::-1]
    return np.array([np.dot(weights[-n:], losses[:n]) / weights[-n:].sum() for n in range(1, len(losses) + 1)])
