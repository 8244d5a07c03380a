"""Ideal and adversarial images, ours beside other libraries' and a published lesson's: same network, photos and run.

Prints two tables. Images: steps a second, the probability that a network which never saw the drawing gives it, and the
seconds until that reached 0.9. Attacks, dogs to Siamese cats: how many still fool once saved as PNG and loaded again,
the median L2 norm of the change (0-255 scale, successes only), gradients a photo, and photos a second.

Run: python -m tllib bench --peers (some twenty minutes on two cores). `--photos 8` is quicker.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tllib import backbones, datasets, images, synthesis

import attack_peers
import drawing_peers
import keras
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
CAT, NAME = 284, "Siamese cat"


def our_drawing(network: keras.Model, judge: keras.Model, recipe: synthesis.Recipe) -> tuple[float, float, str]:
    """Steps a second, the judge's last word, and the seconds (compiling included) to 0.9."""
    began, kept = time.perf_counter(), []
    for drawing in synthesis.draw(network, [CAT], recipe=recipe):
        if drawing.step % 16 == 4:  # not the first steps, in which the loop is compiled
            kept.append((drawing.step, time.perf_counter(), drawing.images[0]))
    (first, early, _), (last, late, _) = kept[0], kept[-1]
    reached = [f"{moment - began:.1f} s" for _, moment, image in kept
               if synthesis.second_opinion(judge, image, CAT)[0] >= 0.9]
    opinion = synthesis.second_opinion(judge, drawing.images[0], CAT)[0]
    return (last - first) / (late - early), opinion, (reached or ["never"])[0]


def peer_drawing(draw: Callable, network: keras.Model, judge: keras.Model, steps: int) -> tuple[float, float, str]:
    """The same for a peer, which is judged at the end only."""
    began = time.perf_counter()
    draw(network, CAT, 4, 0)
    short = time.perf_counter() - began
    image = draw(network, CAT, steps, 0)
    seconds = time.perf_counter() - began - short
    opinion = synthesis.second_opinion(judge, image, CAT)[0]
    return (steps - 4) / (seconds - short), opinion, f"{seconds:.1f} s" if opinion >= 0.9 else "never"


def drawings(network: keras.Model, judge: keras.Model, peer_steps: int) -> None:
    """Print the table of ideal images."""
    pixels_only = synthesis.Recipe(parametrization="pixels", total_variation=1.0, logsumexp_weight=0, crop=0,
                                   noise=0, learning_rate=3.0)
    rows = [("tllib, Fourier", our_drawing(network, judge, synthesis.FOURIER)),
            ("tllib, pixels", our_drawing(network, judge, synthesis.PIXELS)),
            ("tllib, pixels, whole image", our_drawing(network, judge, pixels_only))]
    rows += [(name, peer_drawing(draw, network, judge, peer_steps)) for name, draw in (
        ("lesson's eager loop", drawing_peers.lesson_image), ("lesson's loop, Adam", drawing_peers.lesson_adam_image),
        ("tf-keras-vis", drawing_peers.tf_keras_vis_image))]
    print(f"\n{'ideal ' + NAME:28s}{'steps/s':>9s}{'ours is':>9s}{'judge':>8s}{'judge at 0.9 after':>20s}")
    for name, (rate, opinion, reached) in rows:
        print(f"{name:28s}{rate:9.1f}{rows[0][1][0] / rate:8.1f}x{opinion:8.3f}{reached:>20s}")
    print("judge: EfficientNet-Lite1, which never saw the drawing. Peers: their own settings.")


def report(name: str, network: keras.Model, starts: np.ndarray, found: np.ndarray, gradients: str,
           seconds: float) -> None:
    """One line of the second table, measured on files that were saved and loaded again."""
    with tempfile.TemporaryDirectory() as folder:
        loaded = np.stack([images.load(images.save(Path(folder) / "picture.png", picture)) for picture in found])
    floats = network.predict(found, verbose=0).argmax(axis=1) == CAT
    fooled = network.predict(loaded.astype("float32"), verbose=0).argmax(axis=1) == CAT
    l2 = np.linalg.norm((loaded.astype("float64") - starts).reshape(len(starts), -1), axis=1)
    norm = f"{np.median(l2[fooled]):.0f}" if fooled.any() else "-"
    print(f"{name:34s}{floats.sum():8d}{fooled.sum():8d}{norm:>8s}{gradients:>12s}{len(starts) / seconds:9.2f}",
          flush=True)


def attacks(network: keras.Model, photos: np.ndarray) -> None:
    """Print the table of attacks."""
    heads = f"{'floats':>8s}{'PNG':>8s}{'L2':>8s}{'gradients':>12s}{'photos/s':>9s}"
    print(f"\n{f'{len(photos)} dogs to {NAME}s':34s}{heads}")
    for name, epsilon in (("tllib, within 1 level, 40 steps", 1), ("tllib, smallest change", None)):
        began = time.perf_counter()
        results = synthesis.adversarial_images(network, list(photos), target=CAT, epsilon=epsilon)
        seconds, taken = time.perf_counter() - began, [len(result.history["step"]) for result in results]
        first = np.median([int((result.history["margin"] > 0).argmax()) + 1 for result in results])
        report(name, network, photos, np.stack([result.image for result in results]).astype("float32"),
               f"{np.mean(taken):.0f}", seconds)
        print(f"    first success after {first:.0f} gradients in the median")
    for name, attack, gradients in (
            ("foolbox PGD, 1 level, 40 steps", attack_peers.foolbox_pgd, "40"),
            ("foolbox DDN, 50", attack_peers.foolbox_ddn, "50"),
            ("foolbox C&W, 3 x 100", attack_peers.foolbox_carlini_wagner, "up to 300"),
            ("ART PGD, 1 level, 40 steps", attack_peers.art_pgd, "40")):
        began = time.perf_counter()
        found = attack(network, photos.astype("float32"), np.full(len(photos), CAT))
        report(name, network, photos, found, gradients, time.perf_counter() - began)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=32)
    parser.add_argument("--peer-steps", type=int, default=192)
    wanted = parser.parse_args()
    network, judge = (backbones.load(name, top=True) for name in ("efficientnet_lite0", "efficientnet_lite1"))
    shared = ROOT.parent / "shared" / "data"
    photos = datasets.load("cats_vs_dogs", root=shared if shared.is_dir() else None)
    dogs = [path for path, label in zip(photos.paths, photos.labels, strict=True) if photos.class_names[label] == "Dog"]
    drawings(network, judge, wanted.peer_steps)
    attacks(network, np.stack([images.load(path, size=224) for path in dogs[:wanted.photos]]))


if __name__ == "__main__":
    main()
