"""Logits and the classes that are wanted -> one number per image; and the gradient that attacks follow."""

from collections.abc import Callable, Sequence

from tllib.backbones import engine
from tllib.images import resize_weights

import keras
import numpy as np
from keras import ops


def class_loss(logits, wanted, logsumexp_weight: float = 0.0, temperature: float = 1.0):
    """-softmin(wanted logits) + weight * logsumexp(all logits), where the sum has a temperature.

    With weight 0 it is the bare logit, which can always rise; with weight 1 the cross-entropy, which is content as soon
    as the class is a clear first.

    Args:
        logits: `(n, classes)`.
        wanted: `(n, classes)`, 1 for the class, or the several, to be seen in an image, and 0 elsewhere.
        logsumexp_weight: 0 to 1.
        temperature: of the sum: how far ahead the class must be until the loss is content, in logits.

    Returns:
        A tensor `(n,)`.
    """
    target = -ops.logsumexp(-logits - 1e4 * (1 - wanted), axis=-1)
    everybody = temperature * ops.logsumexp(logits / temperature, axis=-1)
    return logsumexp_weight * everybody - target


def class_margin(logits, wanted):
    """By how much the least wanted logit exceeds the best of the others, `(n,)`; shapes as in `class_loss`.

    Source: the loss f6 of Carlini and Wagner, arXiv:1608.04644, without its floor, and with its sign turned.
    """
    return ops.min(logits + 1e4 * (1 - wanted), axis=-1) - ops.max(logits - 1e4 * wanted, axis=-1)


def class_probability(logits, wanted):
    """Probability of all wanted classes together, `(n,)`, 0 to 1; shapes as in `class_loss`."""
    return ops.sum(wanted * ops.softmax(logits, axis=-1), axis=-1)


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
        each, logits = zip(*(gradient(images, classes, signs) for gradient in gradients), strict=True)
        return sum(each), np.stack(logits, axis=1)
    return added


@engine.remember  # compiling takes seconds: the next attack on the same network goes without
def _margin_gradient(network: keras.Model) -> Callable:
    sees = network.input_shape[1]

    def behind(images, classes, signs):
        logits = ops.cast(network(_resized(images, sees), training=False), "float32")
        wanted = ops.one_hot(ops.cast(classes, "int32"), logits.shape[-1], dtype="float32")
        return -ops.sum(signs * class_margin(logits, wanted)), logits
    return engine.gradient(behind, [network])


def _resized(images, size: int):
    """Resize square images `(n, side, side, 3)` exactly as `images.crop_resize` will for the network."""
    side = images.shape[1]
    if side == size:
        return images
    weights = resize_weights(side, size)
    rows = ops.einsum("oh,nhwc->nowc", weights, images)
    return ops.einsum("ow,nhwc->nhoc", weights, rows)
