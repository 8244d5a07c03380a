"""Logits and a target class -> one number to make small, as a Keras loss; and its gradient by the pixels."""

import functools
from collections.abc import Callable

from tllib.backbones import engine
from tllib.images import resize_weights

import keras
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
        """Class numbers `(n,)`, logits `(n, classes)` or, of several networks, `(n, networks, classes)` -> `(n,)`."""
        hot = ops.one_hot(ops.cast(ops.reshape(target, (-1,)), "int32"), logits.shape[-1], dtype=logits.dtype)
        hot = hot[:, None] if len(logits.shape) == 3 else hot
        behind = ops.max(logits - 1e4 * hot, axis=-1) - ops.sum(hot * logits, axis=-1)
        return ops.sum(behind, axis=1) if len(logits.shape) == 3 else behind


@functools.lru_cache(maxsize=4)  # compiling takes seconds: the next attack on the same networks goes without
def margin_gradient(networks: tuple[keras.Model, ...]) -> Callable:
    """Differentiate the margins of one or several networks, added, by the pixels.

    Returns:
        A function of images `(n, size, size, 3)`, resized for who takes another size, class numbers `(n,)` and signs
        `(n,)`, 1 where the class is the target and -1 where it is to be left -> the gradient of how far the target is
        behind, like the images, and logits `(n, networks, classes)`.
    """
    behind = TargetMargin(reduction="sum")

    def objective(images, classes, signs):
        seen = [_resized(images, network.input_shape[1]) for network in networks]
        logits = ops.cast(ops.stack([network(image) for network, image in zip(networks, seen, strict=True)], axis=1),
                          "float32")
        return behind(classes, logits, sample_weight=signs), logits
    return engine.gradient(objective)


def _resized(images, size: int):
    """Resize square images `(n, side, side, 3)` exactly as `images.fit` will when the network is asked about them."""
    side = images.shape[1]
    if side == size:
        return images
    weights = resize_weights(side, size)
    rows = ops.einsum("oh,nhwc->nowc", weights, images)
    return ops.einsum("ow,nhwc->nhoc", weights, rows)
