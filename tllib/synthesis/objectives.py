"""Logits and a wished-for class -> one number to make small: Keras losses and metrics on 1000 logits."""

import keras
from keras import ops


class TargetLogit(keras.losses.Loss):
    """Minus the logit of the wished-for class.

    Unlike a probability, which stops at 1, a logit can always rise: the class is drawn ever more clearly, and no
    effort goes into suppressing its rivals.
    """

    def __init__(self):
        super().__init__(name="objective")

    def call(self, target, logits):
        """`(n,)` class numbers and `(n, 1000)` logits -> `(n,)`."""
        return -ops.sum(_one_hot(target, logits) * logits, axis=-1)


class TargetCrossEntropy(keras.losses.Loss):
    """Minus the log-probability of the wished-for class: rewards raising it and lowering its rivals alike."""

    def __init__(self):
        super().__init__(name="objective")

    def call(self, target, logits):
        """`(n,)` class numbers and `(n, 1000)` logits -> `(n,)`."""
        return ops.logsumexp(logits, axis=-1) - ops.sum(_one_hot(target, logits) * logits, axis=-1)


def target_probability(target, logits):
    """Lowest probability of the wished-for class among the images, 0 to 1."""
    return ops.min(ops.sum(_one_hot(target, logits) * ops.softmax(logits), axis=-1))


def _one_hot(target, logits):
    return ops.one_hot(ops.cast(ops.reshape(target, (-1,)), "int32"), logits.shape[-1])
