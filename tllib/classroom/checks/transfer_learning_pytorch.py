"""The exercises of lesson 03, transfer learning with PyTorch -> right, or what is off.

Tensors are recognised by what they can do, so that nothing here imports PyTorch.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from tllib.classroom.checks.checking import check, hints

import numpy as np
import scipy.special


@check("Exercise 1")
def picture(answer: Any, batch: Any) -> Iterator[str]:
    """The first tensor of a batch as a picture: colours last, 0 to 255, rounded or not."""
    found, first = _numbers(answer), _numbers(batch)[0] * 128.0 + 127
    wanted = first.transpose(1, 2, 0)
    if found.ndim == 4:
        yield "one picture is asked for, not a batch."
    if found.shape == first.shape:
        yield "the colours still come first."
    if found.shape != wanted.shape:
        yield f"the shape is {found.shape}; a picture has a height, a width and 3 colours."
    if np.allclose(found, wanted, rtol=0, atol=1.01):
        return
    yield from hints(
        found, (wanted / 128 - 127 / 128, "its values are still those that the network takes."),
        (wanted - 127, "it is too dark: two things were done to each value."),
        (wanted.transpose(1, 0, 2), "it lies on its side: the height comes before the width."),
        (wanted[..., ::-1], "blue is where red should be."),
        (first.reshape(wanted.shape), "every value is there, but elsewhere: `reshape` cuts the row of numbers anew."),
        rtol=0, atol=1.01)
    yield (f"its values go from {found.min():.0f} to {found.max():.0f}, those of the file from {wanted.min():.0f} to "
           f"{wanted.max():.0f}. Look at it with show.images.")


@check("Exercise 2")
def quarters(loss: Any, fresh: Any, x: Any, y: Any) -> Iterator[str]:
    """A linear layer after twenty steps of gradient descent, each from the gradients of four quarters of the rows."""
    found, stored = np.column_stack([_numbers(fresh.weight), _numbers(fresh.bias)]), fresh.weight.grad
    if not found.any():
        yield ("`fresh` is as it began. There are gradients: does a step come after them?"
               if stored is not None and _numbers(stored).any() else
               "`fresh` is as it began. No gradients are there: never computed, or forgotten before the step?")
    rows, truth = np.column_stack([_numbers(x), np.ones(len(x))]).astype("float64"), np.eye(len(found))[_numbers(y)]
    for often, forget, scale in product((False, True), ("round", "quarter", "never"), (1, 4)):
        other = _descend(rows, truth, often, forget, scale)
        if np.linalg.norm(found - other) < 0.03 * np.linalg.norm(other):
            if (often, forget, scale) == (False, "round", 1):
                return
            yield ("a step follows each quarter. One a round is asked for." if often else
                   "only gradients of the last quarter reach the step. Who forgets others?" if forget == "quarter" else
                   "the gradients of earlier rounds are still there. Who forgets them?" if forget == "never" else
                   "right but for its length: each step is four times too long.")
    yield "it went elsewhere than one step a round, at a rate of 0.01, from the mean gradient of all rows would lead."


@check("Exercise 3")
def moved(names: Iterable[str], network: Any, trap: Any) -> Iterator[str]:
    """The names of all tensors in which two modules of one kind differ."""
    before, after = ({name: _numbers(tensor) for name, tensor in module.state_dict().items()}
                     for module in (network, trap))
    given = {names} if isinstance(names, str) else set(names)
    if not all(isinstance(name, str) for name in given):
        yield "names are asked for, the keys of the state dict."
    if unknown := given - before.keys():
        yield f"{min(unknown)!r} is no name in state_dict()."
    differ = {name for name in before if not np.array_equal(before[name], after[name])}
    if same := given - differ:
        yield f"{len(same)} of these {len(given)} are the same in both, {min(same)} for one."
    if missing := differ - given:
        counters = all("num" in name for name in missing)
        yield (f"{len(missing)} of the {len(differ)} that differ are missing: BatchNorm also counts something."
               if counters else f"{len(missing)} of the {len(differ)} that differ are missing.")


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


def _descend(rows: np.ndarray, truth: np.ndarray, often: bool, forget: str, scale: int) -> np.ndarray:
    """Weights after twenty rounds over four quarters, with a step after each quarter if `often`."""
    weight, held, count = np.zeros((truth.shape[1], rows.shape[1])), 0.0, len(rows)
    for _, part in product(range(20), np.array_split(np.arange(count), 4)):
        if forget == "quarter" or (forget == "round" and part[0] == 0):
            held = 0.0
        guess = scipy.special.softmax(rows[part] @ weight.T, axis=1)
        held += scale / count * (guess - truth[part]).T @ rows[part]
        weight -= 0.01 * held * (often or part[-1] == count - 1)
    return weight
