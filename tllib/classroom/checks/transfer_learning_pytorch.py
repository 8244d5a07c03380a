"""The exercises of lesson 03, transfer learning with PyTorch -> right, or what is off.

Tensors are recognised by what they can do, so that nothing here imports PyTorch.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tllib import images
from tllib.classroom.checks.checking import check, hints

import numpy as np


@check("Exercise 1")
def photo(tensor: Any, cat: np.ndarray) -> Iterator[str]:
    """The cat as the module takes it: float32, a batch of one, colours last, 0 to 255."""
    if type(tensor).__module__.split(".")[0] != "torch":
        yield f"a tensor of PyTorch is asked for, this is a {type(tensor).__name__}."
    found, wanted = _numbers(tensor), images.fit_batch(cat, 224)
    if found.shape == wanted.shape[1:]:
        yield "a module takes a batch, and a single photo is a batch of one."
    if found.shape == (1, 3, 224, 224):
        yield "the colours come first, as PyTorch's own layers want them. Where are they in the `pixels` of the lesson?"
    if found.shape != wanted.shape:
        yield f"the shape is {found.shape}. Compare it with the `pixels` of the lesson."
    if found.dtype != np.float32:
        yield f"its numbers are {found.dtype}; the weights of the module are not."
    if found.max() <= 1.5:
        yield "its numbers are far too small: the scaling is a layer of this module."
    if found.min() < -1 or found.max() > 256:
        yield f"pixels go from 0 to 255, these from {found.min():.0f} to {found.max():.0f}."
    if np.abs(found - wanted).mean() < 8:  # another way to resize is fine
        return
    if np.abs(found[..., ::-1] - wanted).mean() < 8:
        yield "blue is where red should be."
    yield "it would be taken, but it isn't the middle square of the cat. Look at it with show.images."


@check("Exercise 2")
def loop(loss: Any, fresh: Any, x: Any, y: Any) -> Iterator[str]:
    """A linear layer that a loop of gradient descent on all rows has trained, and the loss of its last round."""
    weight, bias, stored = _numbers(fresh.weight), _numbers(fresh.bias), fresh.weight.grad
    if not np.isfinite(weight).all():
        yield "the weights are not numbers any more: the steps were too large."
    rows, truth = _numbers(x).astype("float64"), _numbers(y).astype(int)
    guesses = _softmax(rows @ weight.T + bias)
    now = _cross_entropy(guesses, truth)
    held = 0.0 if stored is None else np.linalg.norm(_numbers(stored))
    if now > 0.3:
        yield f"after the loop the loss is {now:.2f}: hardly anything was learned. " + (
            "There are gradients: does a step come after them, in each round?" if held else
            "No gradients are there: were they never computed, or forgotten before the step?")
    if held > 5 * np.linalg.norm((guesses - np.eye(len(bias))[truth]).T @ rows / len(rows)):
        yield ("it learned, but with gradients far larger than those of one round. Who forgets the old ones? (Or is "
               "the loss a sum?)")
    last = float(_numbers(loss))
    if abs(last - now) > 0.15:
        yield (f"the weights are good, they give a loss of {now:.2f}, but `loss` is {last:.2f}. Is it that of the last "
               "round, the mean over all rows, computed from logits?")


@check("Exercise 3")
def mean_loss(loss: Any, probabilities: Any, y: Any) -> Iterator[str]:
    """The mean of minus the logarithm of the probability of the truth."""
    if _numbers(loss).size != 1:
        yield "one number is asked for, the mean over the photos."
    loss, found, truth = float(_numbers(loss)), _numbers(probabilities).astype("float64"), _numbers(y).astype(int)
    expected, of_truth = _cross_entropy(found, truth), found[np.arange(len(found)), truth]
    if np.isclose(loss, expected, rtol=5e-3, atol=1e-5):
        return
    yield from hints(
        loss, (_cross_entropy(_softmax(found), truth), "the probabilities were taken for logits, and went through "
                                                       "softmax a second time."),
        (-of_truth.mean(), "nll_loss takes the logarithm for granted: it only picks, turns the sign and averages."),
        (of_truth.mean(), "that is the mean probability of the truth: it grows with success, a loss falls."),
        (-expected, "a loss is never below 0, and 0 is the best. What about the sign?"),
        (expected * len(found), "that is the sum over the photos. It would grow with their number."),
        (expected / found.shape[1], "that averages over the classes as well. Each photo counts once."),
        (-np.log(of_truth.mean()), "first the logarithm of each, then the mean."),
        (expected / np.log(2), "that logarithm has the base 2. Losses take the natural one."),
        (expected / np.log(10), "that logarithm has the base 10. Losses take the natural one."), rtol=5e-3, atol=1e-5)
    yield f"{loss:.4f} is not it. Which of the probabilities of a photo counts, and what is done with it?"


@check("Exercise 4")
def two_speeds(optimizer: Any, can_learn: Iterable[Any], of_head: Iterable[Any]) -> Iterator[str]:
    """Each tensor that can learn in one group: those of the head at 1e-3, the others at 1e-4."""
    groups = getattr(optimizer, "param_groups", optimizer)
    if not isinstance(groups, list) or not all(isinstance(group, dict) and "lr" in group for group in groups):
        yield "an optimizer of PyTorch is asked for, with a rate for each of its groups."
    rates = {id(tensor): group["lr"] for group in groups for tensor in group["params"]}
    may, head = ({id(tensor) for tensor in tensors} for tensors in (can_learn, of_head))
    if rates.keys() - may:
        yield f"{len(rates.keys() - may)} of its tensors are frozen. Those that can learn are in can_learn."
    if may - rates.keys():
        yield f"{len(may - rates.keys())} of the tensors that can learn are in no group: they would never change."
    if len(set(rates.values())) == 1:
        yield "all of them learn at one rate. An optimizer also takes a list of dictionaries, each with its own."
    if all(np.isclose(rate, 1e-4 if tensor in head else 1e-3) for tensor, rate in rates.items()):
        yield "the other way round: the head may be quick, what lies before it is good already."
    for tensor, rate in rates.items():
        if not np.isclose(rate, 1e-3 if tensor in head else 1e-4):
            yield f"a tensor {'of the head' if tensor in head else 'before the head'} learns at {rate:g}."


def _numbers(answer: Any) -> np.ndarray:
    """A tensor, wherever it lies and whatever it remembers, or an array -> an array."""
    return answer.detach().cpu().numpy() if hasattr(answer, "detach") else np.asarray(answer)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _cross_entropy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())
