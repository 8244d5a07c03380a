"""Logits and a target class -> one number to make small, as a Keras loss; and its gradient by the pixels."""

from collections.abc import Callable, Sequence

from tllib.backbones import engine
from tllib.images import resize_weights

import keras
import numpy as np
from keras import ops


class TargetLogit(keras.losses.Loss):
    """-softmin(target logits) + rivals * logsumexp(all logits), where the sum has a temperature.

    Without rivals it is the bare logit, which can always rise; with rivals 1 the cross-entropy, which is content as
    soon as the class is a clear first.

    Args:
        rivals: what all logits together cost, 0 to 1.
        spread: the unit in which logits are counted, so that those of all networks mean the same.
        temperature: of the sum: how far ahead the target must be, in such units, until it is content.
    """

    def __init__(self, rivals: float = 0.0, spread: float = 1.0, temperature: float = 1.0):
        super().__init__(name="objective", dtype="float32")
        self.rivals, self.spread, self.temperature = rivals, spread, temperature

    def call(self, targets, logits):
        """Targets `(n, outputs)`, 1 for the class, or the several, and 0 elsewhere, and logits alike -> `(n,)`."""
        logits = logits / self.spread
        target = -ops.logsumexp(-logits - 1e4 * (1 - targets), axis=-1)
        return self.rivals * self.temperature * ops.logsumexp(logits / self.temperature, axis=-1) - target


class TargetMargin(keras.losses.Loss):
    """How far the target class lies behind the best other one, in logits: below 0, it is the first choice.

    Source: the loss f6 of Carlini and Wagner, arXiv:1608.04644, without its floor.
    """

    def __init__(self, reduction: str = "sum_over_batch_size"):
        super().__init__(name="objective", reduction=reduction, dtype="float32")

    def call(self, target, logits):
        """Class numbers `(n,)` and logits `(n, classes)` -> `(n,)`."""
        hot = ops.one_hot(ops.cast(ops.reshape(target, (-1,)), "int32"), logits.shape[-1], dtype=logits.dtype)
        return ops.max(logits - 1e4 * hot, axis=-1) - ops.sum(hot * logits, axis=-1)


def margin_gradient(networks: Sequence[keras.Model]) -> Callable:
    """Differentiate the margins of one or several networks, added, by the pixels.

    Args:
        networks: pixels -> logits `(n, classes)`, of the same classes.

    Returns:
        A function of images `(n, size, size, 3)`, resized for who takes another size, class numbers `(n,)` and signs
        `(n,)`, 1 where the class is the target and -1 where it is to be left -> the gradient of how far the target is
        behind, like the images, and logits `(n, networks, classes)`.
    """
    gradients = [_margin_gradient(network) for network in networks]

    def added(images, classes, signs):
        slopes, logits = zip(*(gradient(images, classes, signs) for gradient in gradients), strict=True)
        return sum(slopes), np.stack(logits, axis=1)
    return added


@engine.remember  # compiling takes seconds: the next attack on the same network goes without
def _margin_gradient(network: keras.Model) -> Callable:
    behind, sees = TargetMargin(reduction="sum"), network.input_shape[1]

    def objective(images, classes, signs):
        seen = _resized(images, sees)
        logits = ops.cast(network(seen, training=False), "float32")
        return behind(classes, logits, sample_weight=signs), logits
    return engine.gradient(objective, [network])


def _resized(images, size: int):
    """Resize square images `(n, side, side, 3)` exactly as `images.fit` will when the network is asked about them."""
    side = images.shape[1]
    if side == size:
        return images
    weights = resize_weights(side, size)
    rows = ops.einsum("oh,nhwc->nowc", weights, images)
    return ops.einsum("ow,nhwc->nhoc", weights, rows)
