"""The exercises of lesson 06 -> right, or what is off. Where an answer says how to train, it is trained with."""

from collections.abc import Iterator, Mapping

from tllib.classroom import tricks
from tllib.classroom.checks.checking import check, hints

import keras
import numpy as np

BROKEN = {"depth": 10, "activation": "relu", "initializer": "random_uniform"}


@check("Exercise 1")
def he_spread(deviation: float) -> Iterator[str]:
    """He's standard deviation for a layer with 50 inputs and 200 units."""
    if not np.isscalar(deviation):
        yield "one number is asked for."
    yield from hints(
        deviation, (2 / 50, "that is the variance. What is asked for is the standard deviation."),
        (np.sqrt(2 / 250), "that is Glorot's. He looks at one side of the layer only."),
        (np.sqrt(1 / 50), "that is for a layer without ReLU. ReLU sets one half to 0, and He makes up for it."),
        (np.sqrt(2 / 200), "how many numbers go *into* each unit? That is what its sum is made of."), rtol=0.01)
    if not np.isclose(deviation, np.sqrt(2 / 50), rtol=0.01):
        yield "not yet. Which of the two numbers counts for He, and where does the root go?"


@check("Exercise 2")
def rates(works: float, explodes: float) -> Iterator[str]:
    """A rate at which plain SGD learns the spirals in 300 steps, and one at which it gets nowhere by being too high."""
    if not all(np.isscalar(rate) and rate > 0 for rate in (works, explodes)):
        yield "two positive numbers are asked for."
    if works >= explodes:
        yield "the rate that explodes should be the higher one of the two."
    for rate, wanted in ((works, True), (explodes, False)):
        model, held_back = tricks.network(), tricks.spirals(1000, seed=1)
        tricks.train(model, tricks.spirals(seed=0), held_back, optimizer=keras.optimizers.SGD(float(rate)), every=100)
        loss, accuracy = tricks.measure(model, held_back)
        if wanted and accuracy < 0.8:
            yield f"at {rate:g} it is right about {accuracy:.0%} of the points in the end; at least 80% are asked for."
        if not wanted and loss < 0.6:
            yield f"at {rate:g} it still learns: the loss ends at {loss:.2f}, better than guessing. Be bolder."


@check("Exercise 3")
def repair(settings: Mapping[str, object]) -> Iterator[str]:
    """The settings of `BROKEN`, with one of them changed or one added, so that the network learns."""
    if not isinstance(settings, Mapping):
        yield "the settings should be a dict, like BROKEN."
    changed = [name for name in {**BROKEN, **settings} if settings.get(name) != BROKEN.get(name)]
    if not changed:
        yield "these are the broken settings."
    if len(changed) > 1:
        yield f"{len(changed)} knobs were turned. Find one that does it alone."
    if changed == ["seed"]:
        yield "it was not bad luck: another seed draws weights that are just as small."
    if settings.get("depth", 4) < BROKEN["depth"]:
        yield "fewer layers are the easy way out. Keep all ten."
    model, held_back = tricks.network(**settings), tricks.spirals(1000, seed=1)
    tricks.train(model, tricks.spirals(seed=0), held_back, optimizer=keras.optimizers.Adam(0.003), every=100)
    accuracy = tricks.measure(model, held_back)[1]
    if accuracy < 0.85:
        yield f"with another {changed[0]} it is right about {accuracy:.0%} of the points. At least 85% are asked for."


@check("Exercise 4")
def stop(step: int, history: Mapping[str, np.ndarray]) -> Iterator[str]:
    """The step after which early stopping would have kept the weights."""
    steps, losses = history["step"], history["val_loss"]
    if not np.isscalar(step):
        yield "one number is asked for: a step."
    best = steps[losses == np.nanmin(losses)]
    if step in best:
        return
    if step in np.flatnonzero(losses == np.nanmin(losses)):
        yield 'that is a place in the list. Which step was measured there? See history["step"].'
    if step not in steps:
        yield "nothing was measured after that step."
    if step == steps[-1]:
        yield "that is the end of the run. By then the network had learned wrong labels by heart."
    if step == steps[np.nanargmin(history["loss"])]:
        yield "there the loss on the points it learned from is lowest. Which points should decide?"
    yield "the loss on the points held back was lower at another time."
