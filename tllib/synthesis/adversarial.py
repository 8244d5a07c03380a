"""Photos and a wrong class -> the same photos, changed so little that nobody sees it, which a network takes for it."""

import time
from collections.abc import Sequence

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_count, check_several
from tllib.images import check_each, crop_resize_batch, rounded
from tllib.progress import progress
from tllib.synthesis.attacks import DDN, PGD
from tllib.synthesis.distortions import JPEG, RESIZED, TURNED, TURNED_BACK, UNTOUCHED
from tllib.synthesis.objectives import margin_gradient
from tllib.synthesis.result import ImageResult, check_same_names, measure, names_of, number_of

import keras
import numpy as np
import scipy.special

BATCH = 8  # photos asked about at once; on two cores as fast a photo as 32, and short of idle places at the end


def adversarial_images(network: keras.Model, photos: Sequence[np.ndarray], *, target: str | int | None = None,
                       source: str | int | None = None, epsilon: int | None = 1, steps: int | None = None,
                       also: Sequence[keras.Model] = (), robust: bool = False, seed: int = 0) -> list[ImageResult]:
    """Change photos until a network calls them `target`, or at least no longer what it called them.

    The network is shown whole grey levels only, so what fools it here still fools it from a PNG file.

    Args:
        network: from `backbones.load(..., top=True)`; a `transfer.Classifier`, whose class names count; or any model of
            pixels -> logits or probabilities, whose classes go by number, unless it carries `class_names`.
        photos: each `(h, w, 3)`, 0 to 255; its middle square is resized to the network's input.
        target: class to become: its name, or its number as an int; None: any class but the one the network sees now.
        source: class that the network must see in every photo now; None: any.
        epsilon: largest change of a pixel, whole grey levels, at least 1; None: look for the smallest change by its
            L2 norm instead, however it is spread.
        steps: gradients a photo takes at most. Defaults to 40, and to 160 for the smallest change. With a fixed
            `epsilon` it is over when the network is 90 % sure; one step is the fast gradient sign method.
        also: more networks to fool at once; what fools several is likelier to fool one that was never asked.
        robust: outlive JPEG, resizing and turning by 5 degrees; takes all steps, and an `epsilon` of several levels.
        seed: of the order in which a robust change meets these.

    Returns:
        A result for each photo, in order. Ctrl-C or Stop ends it and gives what was reached.

    Raises:
        ValueError: unknown class, a setting out of range, or a photo whose first choice is not `source`, or is
            `target` already.
        TypeError: `network`, or one of `also`, is no Keras network.

    Source: Goodfellow et al., arXiv:1412.6572; Madry et al., arXiv:1706.06083; the smallest change: see
    `tllib.synthesis.attacks`.
    """
    photos = check_each(photos, name="photo")
    check_several("also", also, keras.Model)
    network, *also = map(backbones.network_of, (network, *also))
    check_same_names([network, *also])
    engine.check_one_device([network, *also])
    steps = (160 if epsilon is None else 40) if steps is None else steps
    _check(len(photos), epsilon, steps, robust)
    check_count("seed", seed, least=0)
    began, networks = time.perf_counter(), [backbones.logits_of(each) for each in (network, *also)]
    starts = rounded(crop_resize_batch(photos, backbones.input_size(network)))
    seen = backbones.predict_proba(network, starts)
    sources = seen.argmax(axis=1)
    classes = sources if target is None else np.full(len(starts), number_of(network, target))
    _check_sources(network, seen, target, source)
    if epsilon is None:
        attacks = [DDN(start, steps=steps) for start in starts]
    else:
        survives = [UNTOUCHED, JPEG, RESIZED, TURNED, TURNED_BACK] if robust else []
        attacks = [PGD(start, epsilon=epsilon, steps=steps, distortions=survives, seed=seed + number)
                    for number, start in enumerate(starts)]
    with progress(what="gradients, at most", total=len(attacks) * steps) as bar:
        histories = _run(attacks, networks, classes, sign=1 if target is not None else -1, bar=bar)
    seconds = (time.perf_counter() - began) / len(starts)
    targets = [None] * len(starts) if target is None else classes
    changed = np.stack([attack.best for attack in attacks])
    return measure([network], changed, starts, targets, histories, seconds, sources)


def adversarial_image(network: keras.Model, photo: np.ndarray, *, target: str | int | None = None,
                      source: str | int | None = None, epsilon: int | None = 1, steps: int | None = None,
                      also: Sequence[keras.Model] = (), robust: bool = False, seed: int = 0) -> ImageResult:
    """Change one photo; everything as in `adversarial_images`."""
    return adversarial_images(network, [photo], target=target, source=source, epsilon=epsilon, steps=steps, also=also,
                              robust=robust, seed=seed)[0]


def _run(attacks: Sequence[PGD | DDN], networks: Sequence[keras.Model], classes: np.ndarray,
         sign: int, bar) -> list[dict[str, np.ndarray]]:
    """Carry all attacks to their end in batches; who is done gives the place to the next. Returns what each saw."""
    batch, rows = min(BATCH, len(attacks)), [[] for _ in attacks]
    waiting, active = list(range(len(attacks)))[::-1], []
    gradient = margin_gradient(networks)
    try:
        while True:
            active = [number for number in active if not attacks[number].done]
            while waiting and len(active) < batch:
                active.append(waiting.pop())
            if not active:
                break
            places = np.resize(active, batch)  # places nobody needs any more show a picture twice
            pictures = np.stack([attacks[number].shown() for number in active])
            slopes, logits = gradient(pictures[np.arange(batch) % len(active)], classes[places],
                                      np.full(batch, sign, "float32"))
            for number, answer, direction in zip(active, logits, -slopes, strict=False):
                margin, sure = _judge(answer, classes[number], sign)
                rows[number].append((len(rows[number]), margin, sure, attacks[number].change_norm()))
                attacks[number].learn(margin, sure, direction)
            bar.update(len(active))
    except KeyboardInterrupt:
        print("Stopped: here is what was reached so far.")
    terms = ("step", "margin", "confidence", "l2")
    return [dict(zip(terms, np.array(row or [(0, 0, 0, 0)]).T, strict=True)) for row in rows]


def _judge(logits: np.ndarray, number: int, sign: int) -> tuple[float, float]:
    """Margin in logits, and confidence from 0 to 1, of the network that is hardest to convince."""
    own = logits[:, number].astype("float64")
    others, share = np.delete(logits, number, axis=1), scipy.special.softmax(logits, axis=1)[:, number]
    return float((sign * (own - others.max(axis=1))).min()), float((share if sign > 0 else 1 - share).min())


def _check(photos: int, epsilon: int | None, steps: int, robust: bool) -> None:
    check_count("steps", steps)
    if epsilon is not None:
        check_count("epsilon, in whole grey levels", epsilon, most=255)
    for wrong, message in (
            (not photos, "photos is empty: give one photo or more."),
            (robust and epsilon is None, "A robust change needs a budget: give epsilon, 8 grey levels say. The "
                                         "smallest change lies right at the border, where anything undoes it.")):
        if wrong:
            raise ValueError(message)


def _check_sources(network: keras.Model, seen: np.ndarray, target: str | int | None, source: str | int | None) -> None:
    names = names_of(network)
    for number, found in enumerate(seen.argmax(axis=1)):
        says = f"The network calls photo {number} {names[found]!r} ({seen[number, found]:.0%}), "
        if source is not None and found != number_of(network, source):
            raise ValueError(says + f"not {source!r}: there is nothing to turn around. Choose a photo it gets right, "
                             f"or source={names[found]!r}.")
        if target is not None and found == number_of(network, target):
            raise ValueError(says + "which is the target already. Choose another target.")
