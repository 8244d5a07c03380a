"""A head, a table and a backbone -> an error, if they don't belong together.

Two backbones may give vectors of the same length, and two data sets may have as many classes: nothing breaks when they
are mixed up, the answers are only wrong. So each table and each head carries where it comes from.
"""

from dataclasses import dataclass

from tllib.suggest import other_classes
from tllib.transfer.cache import fingerprint

import keras


@dataclass(frozen=True)
class BackboneId:
    """Which network features come from.

    Attributes:
        name: such as "efficientnet_lite0".
        fingerprint: hash of its layers and weights, see `tllib.transfer.cache.fingerprint`.
    """

    name: str
    fingerprint: str


def backbone_id(backbone: keras.Model) -> BackboneId:
    """Identify a backbone by its name, layers and weights."""
    return BackboneId(backbone.name, fingerprint(backbone))


def check_same_backbone(head: keras.Model, found: BackboneId | None, holder: str) -> None:
    """Refuse a head from `train_head` for other features than it was trained on.

    Args:
        head: any Keras model; one that `train_head` did not make says nothing about its backbone, and passes.
        found: the backbone that the features come from; None if it is not known, which passes too.
        holder: what has these features, such as "this table".

    Raises:
        ValueError: another backbone, or the same one with other weights.
    """
    expected = getattr(head, "backbone", None)
    if expected is None or found is None or expected == found:
        return
    if expected.name == found.name:
        raise ValueError(f"The head was trained on features of {expected.name} with other weights or settings than "
                         f"{holder} has. Extract the features again, and train a head on them.")
    raise ValueError(f"The head was trained on {expected.name}'s features, {holder} has {found.name}'s. "
                     "Use the same backbone for both.")


def check_same_classes(what: str, known: tuple[str, ...] | None, where: str, found: tuple[str, ...]) -> None:
    """Refuse class names that are others, or in another order, than something knows; None knows nothing and passes.

    Raises:
        ValueError: the names differ; the message says how.
    """
    if known is not None and tuple(known) != tuple(found):
        raise other_classes(what, known, where, found)
