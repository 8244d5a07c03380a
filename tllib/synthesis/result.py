"""A finished drawing or attack -> what it is worth, measured anew on whole grey levels."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tllib import backbones
from tllib.images import rounded
from tllib.suggest import other_classes, unknown_name

import keras
import numpy as np
from skimage.metrics import structural_similarity


@dataclass(frozen=True)
class ImageResult:
    """A synthesised image. Everything about it is measured on `image`, the exact pixels a PNG file holds.

    Attributes:
        image: uint8 `(h, w, 3)`.
        start: uint8 `(h, w, 3)`, what it began with.
        target: name of the target class, or its number, if the network carries no names; None if any but `source`
            would do.
        source: the class the network saw at the start, alike; None for an image drawn from noise.
        probability: the network's probability, 0 to 1, for `target`, or for any class but `source`; the mean over all
            networks that drew it.
        success: the network's first choice is as wished, and that of every network that drew it.
        steps: gradients taken.
        seconds: time taken; of a batch, each image's share.
        history: term -> its values along the way.
        distance: from `start`: "largest" change of a value and "l2" norm, in grey levels; "pixels", the share that
            changed, 0 to 1; "ssim", structural similarity, 1 being equal (Wang et al., IEEE TIP 2004).
    """

    image: np.ndarray = field(repr=False)
    start: np.ndarray = field(repr=False)
    target: str | int | None
    source: str | int | None
    probability: float
    success: bool
    steps: int
    seconds: float
    history: dict[str, np.ndarray] = field(repr=False)
    distance: dict[str, float]


def names_of(network: keras.Model) -> tuple[str, ...] | range:
    """Names of a network's classes, or of a `Classifier`'s; their numbers, if the network carries no `class_names`.

    Raises:
        ValueError: it carries more names, or fewer, than it has outputs.
    """
    outputs = backbones.logits_of(backbones.network_of(network)).output_shape[-1]
    known = getattr(network, "class_names", None)
    if known is None:
        return range(outputs)
    if len(known) != outputs:
        raise ValueError(f"This network has {outputs} outputs, but {len(known)} class_names.")
    return tuple(known)


def number_of(network: keras.Model, target: str | int) -> int:
    """Number of a class given by its name, which is text, or by its number, an int.

    Raises:
        ValueError: no such class of this network.
    """
    names = names_of(network)
    if names == backbones.class_names():
        return backbones.class_index(target)
    if isinstance(target, (int, np.integer)):
        if not 0 <= target < len(names):
            raise ValueError(f"This network has classes 0 to {len(names) - 1}, got number {target}.")
        return int(target)
    if isinstance(names, range):
        raise ValueError(f"This network has {len(names)} classes without names: give a number, an int from 0 to "
                         f"{len(names) - 1}, not {target!r}, or set network.class_names.")
    if target not in names:
        raise unknown_name("class", target, names)
    return names.index(target)


def check_same_names(networks: Sequence[keras.Model]) -> None:
    """Refuse networks that are asked together about one class but don't have the same classes, in the same order.

    Raises:
        ValueError: the number of classes differs, or their names, where two networks have some.
    """
    first, *others = networks
    names = names_of(first)
    for other in others:
        found = names_of(other)
        if len(found) != len(names):
            raise ValueError(f"Networks with {len(names)} and {len(found)} classes can't be asked about the same one.")
        if not isinstance(names, range) and not isinstance(found, range) and tuple(names) != tuple(found):
            raise other_classes("The first network", names, "the outputs of another", found)


def measure(networks: Sequence[keras.Model], images: np.ndarray, starts: np.ndarray, targets: Sequence[int | None],
            histories: Sequence[dict[str, np.ndarray]], seconds: float,
            sources: Sequence[int | None]) -> list[ImageResult]:
    """Round images to uint8 and ask the networks, once for all, about exactly those."""
    names, images = names_of(networks[0]), rounded(images)
    answers = np.stack([backbones.predict_proba(network, images) for network in networks])
    results = []
    for row, (image, start, target, source, history) in enumerate(
            zip(images, starts, targets, sources, histories, strict=True)):
        found = answers[:, row]
        first = found.argmax(axis=1)
        probability = (1 - found[:, source] if target is None else found[:, target]).mean()
        success = (first != source if target is None else first == target).all()
        results.append(ImageResult(
            image=image,
            start=start,
            target=None if target is None else names[target],
            source=None if source is None else names[source],
            probability=float(probability),
            success=bool(success),
            steps=int(history["step"][-1]),
            seconds=seconds,
            history=history,
            distance=distance(start, image)))
    return results


def distance(start: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """How far apart two uint8 images `(h, w, 3)` are, as `ImageResult.distance` says."""
    change = image.astype("float64") - start
    return {"largest": float(np.abs(change).max()), "l2": float(np.linalg.norm(change)),
            "pixels": float((change != 0).any(axis=-1).mean()),
            "ssim": float(structural_similarity(start, image, channel_axis=-1))}
