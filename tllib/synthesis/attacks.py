"""A photo, and answers about pictures like it -> a picture that is answered as wished: the rules of attacks.

Each looks after one photo and knows no network: `shown` is the picture to ask about, `learn` takes the answer (margin
in logits, confidence from 0 to 1, the direction that helps), `best` is the best picture so far.
"""

from collections.abc import Sequence

from tllib.synthesis.distortions import Distortion

import numpy as np

CLEAR = 0.02  # margin, in logits, that counts as won: more than two engines or batch sizes differ by


class PGD:
    """Stay within `epsilon` grey levels of the photo: steps along the sign of an averaged gradient, rounded when shown.

    With `steps=1` it is the fast gradient sign method.

    Args:
        photo: uint8 `(h, w, 3)`.
        epsilon: largest change of a pixel, whole grey levels.
        steps: moves at most; one more question judges the last.
        distortions: what the picture must survive: each step sees it through one of these, in random order, and all
            steps are taken. Without any, the attack ends as soon as the answer is sure.
        seed: of that order.

    Source: Goodfellow et al., arXiv:1412.6572; Madry et al., arXiv:1706.06083; with distortions, Athalye et al.,
    arXiv:1707.07397 (expectation over transformations) and arXiv:1802.00420 (a gradient passed straight through).
    """

    def __init__(self, photo: np.ndarray, *, epsilon: int, steps: int, distortions: Sequence[Distortion] = (),
                 seed: int = 0):
        self.photo = self.position = photo.astype("float32")
        self.low, self.high = np.maximum(self.position - epsilon, 0), np.minimum(self.position + epsilon, 255)
        self.rate = epsilon * max(0.125 if distortions else 0.51, 1 / steps)  # 0.51 levels show when rounded
        self.steps, self.taken, self.done = steps, 0, False
        self.distortions, self.random = list(distortions), np.random.default_rng(seed)
        self.average, self.best, self.best_margin = np.zeros_like(self.photo), self.photo, -np.inf
        self.order: list[Distortion] = []

    def shown(self) -> np.ndarray:
        """The picture to ask about, float32 `(h, w, 3)` of whole grey levels."""
        if not self.distortions:
            return np.rint(self.position)
        if not self.order:
            self.order = [self.distortions[i] for i in self.random.permutation(len(self.distortions))]
        return self.order[-1].apply(np.rint(self.position).astype("uint8")).astype("float32")

    def change_norm(self) -> float:
        """L2 norm of the change that is being asked about, before any distortion, in grey levels."""
        return float(np.linalg.norm(np.rint(self.position) - self.photo))

    def learn(self, margin: float, sure: float, direction: np.ndarray) -> None:
        """Take the answer about `shown`, and a step."""
        if self.distortions:
            direction, margin = self.order.pop().undo(direction), self.taken  # the latest picture counts as the best
        if margin > self.best_margin:
            self.best, self.best_margin = np.rint(self.position), margin
        if self.taken == self.steps or (not self.distortions and margin > CLEAR and sure >= 0.9):
            self.done = True
            return
        self.average = 0.5 * self.average + direction / max(float(np.abs(direction).mean()), 1e-12)
        self.position = np.clip(self.position + self.rate * np.sign(self.average), self.low, self.high)
        self.taken += 1


class DDN:
    """Find the smallest change, by its L2 norm, that is answered as wished in whole grey levels.

    What is shown is the whole-number change nearest to a direction, of a norm that shrinks when it was enough and grows
    when it was not, ever more finely.

    Source: Rony et al., "Decoupling Direction and Norm", arXiv:1811.09600, which rounds only at the end; the first norm
    is the distance to the border if all were straight (Moosavi-Dezfooli et al., arXiv:1511.04599).
    """

    def __init__(self, photo: np.ndarray, *, steps: int):
        self.photo, self.change = photo.astype("float32"), np.zeros(photo.shape, "float32")
        self.steps, self.taken, self.done = steps, 0, False
        self.best, self.best_norm = self.photo, np.inf
        self.course, self.norm = None, 0.0

    def shown(self) -> np.ndarray:
        """The picture to ask about, float32 `(h, w, 3)` of whole grey levels."""
        return self.photo + self.change

    def change_norm(self) -> float:
        """L2 norm of the change that is being asked about, in grey levels."""
        return float(np.linalg.norm(self.change))

    def learn(self, margin: float, sure: float, direction: np.ndarray) -> None:
        """Take the answer about `shown`, and a step."""
        self.taken += 1
        length, size, won = float(np.linalg.norm(direction)), self.change_norm(), margin > CLEAR
        if won and size < self.best_norm:
            self.best, self.best_norm = self.shown(), size
        self.done = self.taken >= self.steps or self.best_norm == 0
        if self.done or not length:
            return
        progress = self.taken / self.steps
        if self.course is None:
            self.course, self.norm = direction / length, float(np.clip(-margin / length, 8, 64))
        else:
            self.course = self.course / np.linalg.norm(self.course) + 0.02**progress * direction / length
            self.norm *= 1 + (-1 if won else 1) * 0.3 * (1 / 30) ** (progress if self.best_norm < np.inf else 0)
            self.norm = min(self.norm, 0.999 * self.best_norm)
        self.change = np.clip(self.photo + whole_change(self.course, self.norm), 0, 255) - self.photo


def whole_change(course: np.ndarray, norm: float) -> np.ndarray:
    """The whole-number change nearest to a direction, of L2 norm `norm` or just above: a rounded multiple of it."""
    sizes = np.abs(course).ravel()
    keep = min(len(sizes), int(norm**2) + 1)  # each changed value costs at least 1
    largest = np.partition(sizes, len(sizes) - keep)[-keep:]
    low, high = 0.5 / largest.max(), (norm + 1) / largest.max()
    for _ in range(24):
        middle = (low * high) ** 0.5
        steps = np.rint(middle * largest)
        low, high = (middle, high) if steps @ steps < norm**2 else (low, middle)
    return np.rint(high * course)
