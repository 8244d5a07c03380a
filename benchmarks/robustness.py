"""Photos -> how hard networks are to fool: EfficientNet-Lite0 beside the one that was taught not to be.

    python benchmarks/robustness.py FOLDER ... [--held-out] [--photos 60] [--smallest 24]

A row a network: the share of all photos that it names as Lite0 does; then, of a lot of photos, the share whose name
outlives every one of 20 steps of projected gradient descent within an L2 norm of 0.25 to 2, pixels counted 0 to 1; and
the median L2 norm of the smallest change of whole grey levels that makes it name a photo otherwise.

Source: Madry et al., arXiv:1706.06083; the smallest change: `synthesis.adversarial_images`.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from tllib import backbones, images, synthesis
from tllib.backbones import engine

import keras
import numpy as np
import robust_lite0
from keras import ops

NAMES = ("efficientnet_lite0", "efficientnet_lite0_robust")
EPSILONS = (0.25, 0.5, 1.0, 2.0)
STEPS = 20
BATCH = 12


def slope_of(network: keras.Model) -> Callable:
    """A compiled function: pictures, class numbers -> the direction away from these classes, and logits."""
    def surprise(pictures, classes):
        logits = network(pictures, training=False)
        lost = keras.losses.sparse_categorical_crossentropy(classes, logits, from_logits=True)
        return ops.sum(lost), logits
    return engine.gradient(surprise, [network])


def shortened(changes: np.ndarray, norm: float, *, exactly: bool = False) -> np.ndarray:
    """Changes `(n, h, w, 3)` whose L2 norm is `norm` at most, or exactly."""
    norms = np.linalg.norm(changes.reshape(len(changes), -1), axis=1).reshape(-1, 1, 1, 1)
    shares = norm / np.maximum(norms, 1e-12)
    return (changes * (shares if exactly else np.minimum(1, shares))).astype("float32")


def outlived(slope: Callable, photos: np.ndarray, names: np.ndarray, epsilon: float) -> np.ndarray:
    """Which photos keep their names, at every step, when changed by `epsilon` at most, in grey levels."""
    kept = np.ones(len(photos), bool)
    noise = np.random.default_rng(0).normal(size=photos.shape)
    changes = shortened(noise, epsilon / 2, exactly=True)
    for step in range(STEPS + 1):
        pictures = np.clip(photos + changes, 0, 255)
        slopes, logits = slope(pictures, names)
        kept &= logits.argmax(axis=1) == names
        if step < STEPS:
            moved = changes + shortened(slopes, 2.5 * epsilon / STEPS, exactly=True)
            changes = shortened(moved, epsilon)
    return kept


def shares_kept(network: keras.Model, photos: np.ndarray) -> list[float]:
    """Share of photos that keep their names, for each epsilon. What a smaller change misleads, a larger one does."""
    slope, names = slope_of(network), network.predict(photos, verbose=0).argmax(axis=1)
    left, shares = np.arange(len(photos)), []
    for epsilon in EPSILONS:
        parts = [left[start:start + BATCH] for start in range(0, len(left), BATCH)]
        kept = [part[outlived(slope, photos[part], names[part], 255 * epsilon)] for part in parts]
        left = np.concatenate([left[:0], *kept])
        shares.append(len(left) / len(photos))
    return shares


def judge(paths: Sequence[Path], count: int, smallest: int) -> None:
    """Print the table."""
    photos = np.stack([images.load(path, size=224) for path in paths]).astype("float32")
    lot = np.random.default_rng(0).permutation(len(photos))[:count]
    print(f"{len(photos)} photos, {len(lot)} of them attacked, {min(smallest, len(lot))} with the smallest change")
    heads = "".join(f"{f'kept {epsilon}':>11s}" for epsilon in EPSILONS)
    print(f"{'':28s}{'agrees':>8s}{heads}{'smallest':>11s}")
    reference = None
    for name in NAMES:
        network = backbones.load(name, top=True)
        seen = network.predict(photos, verbose=0).argmax(axis=1)
        if reference is None:
            reference = seen
        shares = "".join(f"{share:11.2f}" for share in shares_kept(network, photos[lot]))
        print(f"{name:28s}{np.mean(seen == reference):8.2f}{shares}", end="", flush=True)
        found = synthesis.adversarial_images(network, list(photos[lot[:smallest]]), epsilon=None)
        distances = [result.distance["l2"] if result.success else np.inf for result in found]
        print(f"{np.median(distances) / 255:11.2f}", flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="where the photos lie")
    parser.add_argument("--held-out", action="store_true", help="only those held out of the training of the robust one")
    parser.add_argument("--photos", type=int, default=60, help="how many to attack")
    parser.add_argument("--smallest", type=int, default=24, help="of how many to look for the smallest change")
    wanted = parser.parse_args()
    if wanted.held_out:
        paths = robust_lite0.listed("held out", wanted.folders)
    else:
        paths = robust_lite0.files_below(wanted.folders)
    judge(paths, wanted.photos, wanted.smallest)


if __name__ == "__main__":
    main()
