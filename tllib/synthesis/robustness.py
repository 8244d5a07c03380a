"""Finished images -> what networks that did not make them think: second opinions, and which attacks outlive what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tllib import backbones
from tllib.checking import check_kind, check_list
from tllib.synthesis.distortions import DISTORTIONS, UNTOUCHED, Distortion
from tllib.synthesis.result import ImageResult, check_same_names, names_of, number_of

import keras
import numpy as np


def second_opinion(network: keras.Model, image: np.ndarray, target: str | int) -> tuple[float, int]:
    """Ask a network that did not draw an image `(h, w, 3)`, 0 to 255, about a class given by name or number.

    Returns:
        Its probability for the class, 0 to 1, and the rank of the class, 1 being its first choice.
    """
    found = backbones.predict_proba(network, image)[0]
    index = number_of(network, target)
    return float(found[index]), int((found > found[index]).sum()) + 1


@dataclass(frozen=True)
class Opinions:
    """What several networks think of several images; printed, a table with a line for each network.

    Attributes:
        probability: network -> its probabilities for the images' targets, `(n,)`, 0 to 1.
        rank: network -> ranks of the targets among its 1000 classes, `(n,)`, 1 being its first choice.
    """

    probability: dict[str, np.ndarray]
    rank: dict[str, np.ndarray]

    def __str__(self):
        width = max(map(len, [*self.probability, "judge"]))
        lines = [f"{'judge':{width}s}  probability: mean  lowest   first choice  in the top 5"]
        for name, found in self.probability.items():
            rank = self.rank[name]
            lines.append(f"{name:{width}s}  {found.mean():17.2f}  {found.min():6.2f}"
                         f"   {(rank == 1).sum():6d} of {len(rank)}  {(rank <= 5).sum():6d} of {len(rank)}")
        return "\n".join(lines)


def second_opinions(judges: Mapping[str, keras.Model], results: Sequence[ImageResult]) -> Opinions:
    """Ask several networks about several images, each about its own target.

    Args:
        judges: name -> network, from `backbones.load(..., top=True)`.
        results: of `ideal_images` or `adversarial_images`, all with a target.

    Raises:
        ValueError: no results, or one without a target: `robustness` is for those.
        TypeError: `judges` is no dict, or what is in it is no Keras network.
    """
    check_kind("judges", judges, Mapping, "Give a dict, name -> network.")
    check_list("results", results, ImageResult)
    if not results or any(result.target is None for result in results):
        raise ValueError("second_opinions needs results with a target each. For attacks without one, see robustness.")
    rows, probability, rank = np.arange(len(results)), {}, {}
    for name, network in judges.items():
        found = backbones.predict_proba(network, np.stack([result.image for result in results]))
        targets = [number_of(network, result.target) for result in results]
        probability[name] = found[rows, targets]
        rank[name] = (found > probability[name][:, None]).sum(axis=1) + 1
    return Opinions(probability, rank)


@dataclass(frozen=True)
class Robustness:
    """What a distortion does, as fractions of the images, 0 to 1.

    Attributes:
        clean_accuracy: clean photos whose label survives it.
        fooled: of these, the attacks that succeed; NaN if there are none.
        recovered: of these, the attacked photos that are called what they should be.
    """

    clean_accuracy: float
    fooled: float
    recovered: float


def robustness(network: keras.Model, results: Sequence[ImageResult], *, also: Mapping[str, keras.Model] | None = None,
             distortions: Sequence[Distortion] = DISTORTIONS) -> dict[str, Robustness]:
    """See which attacks outlive what is done to their pictures, and other networks.

    Args:
        network: the one that was attacked.
        results: of `adversarial_images`.
        also: name -> more networks; asked alone, and all together with `network`, their probabilities averaged.
        distortions: of the pictures.

    Returns:
        Distortion or network -> `Robustness`.

    Raises:
        ValueError: the networks have other classes, or the results are of classes that `network` doesn't have, or there
            are none.
        TypeError: no Keras network, or `also` is no dict.
    """
    check_list("results", results, ImageResult)
    check_list("distortions", distortions, Distortion)
    if not results:
        raise ValueError("results is empty: give what adversarial_images returned.")
    if also is not None:
        check_kind("also", also, Mapping, "Give a dict, name -> network.")
    check_same_names([network, *(also or {}).values()])
    for result in results:
        number_of(network, result.source)
    groups = [np.stack([result.image for result in results]), np.stack([result.start for result in results])]
    answers = {each.name: [backbones.predict_proba(network, np.stack([each.apply(image) for image in group]))
                           for group in groups] for each in distortions}
    others = {f"another network: {name}": [backbones.predict_proba(other, group) for group in groups]
              for name, other in (also or {}).items()}
    if others:
        own = answers.get(UNTOUCHED.name) or [backbones.predict_proba(network, group) for group in groups]
        everyone = [np.mean(group, axis=0) for group in zip(own, *others.values(), strict=True)]
        answers |= others | {"all networks, averaged": everyone}
    names = names_of(network)
    return {name: _robustness(results, *([names[number] for number in group.argmax(axis=1)] for group in found))
            for name, found in answers.items()}


def _robustness(results: Sequence[ImageResult], now: Sequence[str | int], before: Sequence[str | int]) -> Robustness:
    wanted = [said != result.source if result.target is None else said == result.target
              for said, result in zip(now, results, strict=True)]
    right = np.array([said == result.source for said, result in zip(before, results, strict=True)])
    again = np.array([said == result.source for said, result in zip(now, results, strict=True)])
    if not right.any():
        return Robustness(0.0, np.nan, np.nan)
    return Robustness(float(right.mean()), float(np.mean(wanted, where=right)), float(again[right].mean()))
