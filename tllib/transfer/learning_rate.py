"""A classifier and photos -> the learning rate to fine-tune it at.

Source: Smith, arXiv:1506.01186.
"""

from dataclasses import dataclass, field

from tllib import datasets
from tllib.checking import check_count, check_number
from tllib.datasets.augmentation import Augmentation
from tllib.progress import progress
from tllib.transfer.classifier import Classifier, copied
from tllib.transfer.finetune import BLOWN, CROSSENTROPY, check_tuning, training_batches, unfreeze
from tllib.transfer.provenance import check_same_classes

import keras
import numpy as np

COARSEST = 4.0  # factor between two rates at most: with larger ones the cliff could lie anywhere
MEMORY = 0.4  # weight of a loss in the average once the rate has doubled
HARMLESS = 0.1  # nats above the loss at the start that may be chance


@dataclass(frozen=True)
class RateSearch:
    """What `find_learning_rate` found.

    Attributes:
        rates: learning rates tried, rising.
        losses: loss of the step taken at each, smoothed.
        suggestion: a tenth of the highest rate after which the loss was still as low as at the start.
    """

    rates: np.ndarray = field(repr=False)
    losses: np.ndarray = field(repr=False)
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
        highest: rate of the last step; it ends earlier, once the loss is worse by 1 than at the start.
        steps: how many, of 16 photos each; at least so many that no rate is more than 4 times the one before.
        augment: as for `fine_tune`.
        seed: for shuffling and augmentation.

    Returns:
        Rates, losses and a suggestion.

    Raises:
        ValueError: rates out of order, too few steps, other classes, unknown `layers`; or the loss is not a number at
            the start, explodes at the lowest rate already, or at none: then there is nothing to suggest.
        TypeError: no Classifier, no PhotoSet, or an `augment` that is no function.
    """
    check_tuning(classifier, train, augment, seed)
    check_number("lowest", lowest)
    check_number("highest", highest)
    check_count("steps", steps)
    check_same_classes("The classifier", classifier.class_names, "the photos", train.class_names)
    if not 0 < lowest < highest:
        raise ValueError(f"Expected 0 < lowest < highest, got {lowest} and {highest}.")
    least = int(np.ceil(np.log(highest / lowest) / np.log(COARSEST))) + 1
    if steps < least:
        raise ValueError(f"{steps} steps are too few for rates from {lowest:g} to {highest:g}: take {least} or more, "
                         "or a narrower range.")
    growth = (highest / lowest) ** (1 / (steps - 1))
    memory = MEMORY ** np.log2(growth)  # the same span of rates, however many steps
    model = copied(classifier.model)
    unfreeze(model, classifier.backbone, layers, keras.optimizers.schedules.ExponentialDecay(lowest, 1, growth),
             CROSSENTROPY)
    batches = training_batches(model, train, augment, seed)
    start = model.evaluate(batches, steps=min(len(batches), 10), verbose=0, return_dict=True)["loss"]
    if not np.isfinite(start):
        raise ValueError("The loss is not a number before the first step: this classifier's weights are broken. "
                         "Assemble or load it anew.")
    smooth = _smooth(_losses(model, batches, steps, memory, start + BLOWN), memory)
    rates = lowest * growth ** np.arange(len(smooth))
    return RateSearch(rates, smooth, _suggestion(rates, smooth, start))


def _losses(model: keras.Model, batches: datasets.Batches, steps: int, memory: float, limit: float) -> list[float]:
    """Loss of each step, until its average is no longer below the limit."""
    losses, total = [], 0.0

    def note(batch, logs):  # Keras tells the mean over the epoch so far
        nonlocal total
        before = total if batch else 0.0
        total = float(logs["loss"]) * (batch + 1)
        losses.append(total - before)
        bar.update()
        exploded = not _smooth(losses, memory)[-1] < limit
        model.stop_training = exploded or len(losses) == steps

    with progress(what="learning rates, at most", total=steps) as bar:
        model.fit(batches, epochs=-(-steps // len(batches)), shuffle=False, verbose=0,
                  callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=note)])
    return losses


def _suggestion(rates: np.ndarray, smooth: np.ndarray, start: float) -> float:
    """A tenth of the last rate that did no harm, which the loss of the step after it tells."""
    if smooth[-1] < start + BLOWN:
        raise ValueError(f"The loss never exploded, up to a rate of {rates[-1]:.1g}: what is too high is not among "
                         f"these rates. Give a `highest` above it.")
    harmless = np.flatnonzero(smooth[1:] <= start + HARMLESS)
    if not len(harmless):
        raise ValueError(f"The loss got worse from the first step on, at a rate of {rates[0]:.1g}: what is low enough "
                         "is not among these rates. Give a lower `lowest`, or look at the photos and their labels.")
    return float(rates[harmless[-1]] / 10)


def _smooth(losses: list[float], memory: float) -> np.ndarray:
    """Average that forgets: each step counts `memory` times as much as the next."""
    weights = memory ** np.arange(len(losses))[::-1]
    return np.array([np.dot(weights[-n:], losses[:n]) / weights[-n:].sum() for n in range(1, len(losses) + 1)])
