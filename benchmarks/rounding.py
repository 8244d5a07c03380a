"""One network, other processors -> how far apart features, logits, gradients, maps, attacks and drawings come out.

    python benchmarks/rounding.py [--photos FOLDER] [--count 24] [--variants default sse41 onednn-off] [--quick]

Each variant (those of `variants.py`) computes everything in a process of its own, and is then compared with the first.
Within each, two paths to one gradient are compared: plain TensorFlow, step by step (eager), and the library, compiled;
in float32, and in float64, where rounding can't reach. `--photos` takes a folder of photos; otherwise it is the two
photos of the lessons, two of scikit-image's, and their corners. Half as many pictures are of noise. `--quick` leaves
out attacks and drawings, which take minutes per variant.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from variants import HOME, VARIANTS

NAME, TARGET = "efficientnet_lite0", "Siamese cat"
ATTACKS = ("attack, one level", "attack, smallest")


def pictures(folder: str | None, count: int) -> np.ndarray:
    """Photos, and after them pictures of noise: uint8 `(n, 224, 224, 3)`."""
    from tllib import images

    from skimage import data_dir

    if folder:
        paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".png"))
        photos = [images.load(path) for path in paths[::max(1, len(paths) // count)][:count]]
    else:
        paths = [HOME / "data/photos/dog.png", HOME / "data/photos/cat.png", f"{data_dir}/coffee.png",
                 f"{data_dir}/camera.png"]
        whole = [images.load(path) for path in paths]
        side = [min(photo.shape[:2]) * 7 // 10 for photo in whole]
        photos = [*whole, *(photo[-cut:, -cut:] for photo, cut in zip(whole, side, strict=True)),
                  *(photo[:cut, :cut] for photo, cut in zip(whole, side, strict=True))]
    random = np.random.default_rng(0)
    noise = np.clip(random.normal(128, 8, (len(photos) // 2, 224, 224, 3)), 0, 255).round().astype("uint8")
    return np.concatenate([[images.crop_resize(photo, 224) for photo in photos], noise])


def compute(target: str, folder: str | None, count: int, quick: bool) -> None:
    """Compute everything in this process's environment, and keep it as one .npz file."""
    from tllib import backbones, transfer
    from tllib.synthesis.objectives import margin_gradient

    import keras
    import tensorflow as tf

    shown = pictures(folder, count)
    batch = shown.astype("float32")
    network, backbone = backbones.load(NAME, top=True), backbones.load(NAME)
    keras.config.set_dtype_policy("float64")
    exact = backbones.load(NAME, top=True)
    keras.config.set_dtype_policy("float32")
    number = backbones.class_index(TARGET)

    def eager(model, picture):
        pixels = tf.constant(picture[None])
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            logits = model(pixels)[0]
            best_other = tf.reduce_max(logits - 1e9 * tf.one_hot(number, len(logits), dtype=logits.dtype))
            margin = best_other - logits[number]
        return tape.gradient(margin, pixels)[0].numpy()

    def compiled(model, photos):
        gradient = margin_gradient((model,))
        return np.stack([gradient(one[None], np.array([number]), np.ones(1, "float32"))[0][0] for one in photos])

    made = {"features": backbone.predict(batch, batch_size=32, verbose=0),
            "features, one by one": np.concatenate([backbone.predict(one[None], verbose=0) for one in batch]),
            "logits": network.predict(batch, verbose=0),
            "gradient, plain": np.stack([eager(network, one) for one in batch]),
            "gradient, library": compiled(network, batch),
            "gradient, moved by 0.001": np.stack([eager(network, one + np.float32(0.001)) for one in batch]),
            "exact gradient, plain": np.stack([eager(exact, one) for one in batch[::4]]),
            "exact gradient, library": compiled(exact, batch[::4])}
    table = transfer.FeatureTable(made["features"], np.arange(len(batch)) % 2, (), ("a", "b"))
    classifier = transfer.assemble(backbone, transfer.train_head(table), ("a", "b"))
    made["Grad-CAM"] = np.stack([transfer.grad_cam(classifier, picture) for picture in shown])
    np.savez(target, **made) if quick else np.savez(target, **made, **changed(network, shown))


def changed(network, shown: np.ndarray) -> dict[str, np.ndarray]:
    """Attack the first eight pictures in two ways, and draw two."""
    from tllib import backbones, synthesis

    made = {}
    for name, settings in zip(ATTACKS, ({"epsilon": 1}, {"epsilon": None}), strict=True):
        fakes = synthesis.adversarial_images(network, list(shown[:8]), **settings)
        made[name] = np.stack([fake.image for fake in fakes]).astype("int16")
        made[f"{name}: succeeded, L2"] = np.array([[fake.success, fake.distance["l2"]] for fake in fakes])
    drawn = synthesis.ideal_images(network, ["zebra", TARGET], seed=0)
    made["drawing"] = np.stack([drawing.image for drawing in drawn]).astype("int16")
    judge = backbones.load("efficientnet_lite1", top=True)
    made["drawing: judged"] = np.array([synthesis.second_opinion(judge, drawing.image, drawing.target)[0]
                                        for drawing in drawn])
    return made


def turned(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart two lots of directions are: the length of the difference of unit vectors, one per picture."""
    one, other = (rows.reshape(len(rows), -1).astype("float64") for rows in (one, other))
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (one, other))
    return np.linalg.norm(one - other, axis=1)


def relative(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart rows are, as a share of their length."""
    return np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1)


def spread(values: np.ndarray) -> str:
    """Median and largest."""
    return f"median {np.median(values):.0e}, largest {values.max():.0e}"


def report(name: str, made: dict[str, np.ndarray], first: dict[str, np.ndarray]) -> None:
    """Print what one variant came to, beside the first."""
    plain, library = made["gradient, plain"], made["gradient, library"]
    apart, equal = turned(plain, library), (np.sign(plain) == np.sign(library)).mean(axis=(1, 2, 3))
    noise = np.arange(len(apart)) >= len(apart) * 2 // 3
    print(f"\n{name}")
    for words, rows in (("photos", ~noise), ("noise", noise)):
        print(f"  plain and compiled gradient, {words}: {spread(apart[rows])}; over 1e-4 for "
              f"{(apart[rows] > 1e-4).sum()} of {rows.sum()}; equal signs at least {equal[rows].min():.4f}")
    print(f"  the same in float64: {spread(turned(made['exact gradient, plain'], made['exact gradient, library']))}")
    print(f"  plain gradient, all pixels moved by 0.001: {spread(turned(plain, made['gradient, moved by 0.001']))}")
    print(f"  features in a batch and one by one: {spread(relative(made['features'], made['features, one by one']))}")
    for key in ATTACKS if ATTACKS[0] in made else ():
        success, length = made[f"{key}: succeeded, L2"].T
        print(f"  {key}: {success.sum():.0f} of {len(success)} succeed, L2 {np.median(length):.0f} in the median")
    if "drawing" in made:
        print(f"  drawings, as Lite1 judges them: {made['drawing: judged'].round(2)}")
    if made is first:
        return
    print("  beside the first variant:")
    print(f"    features: {spread(relative(first['features'], made['features']))} of their length")
    choices = (first["logits"].argmax(axis=1) != made["logits"].argmax(axis=1)).sum()
    print(f"    logits: largest difference {np.abs(first['logits'] - made['logits']).max():.0e}; first choices differ "
          f"for {choices} of {len(apart)}")
    print(f"    gradient of the library: {spread(turned(first['gradient, library'], library))}")
    print(f"    Grad-CAM (0 to 1): largest difference {np.abs(first['Grad-CAM'] - made['Grad-CAM']).max():.0e}")
    for key in (*ATTACKS, "drawing") if "drawing" in made else ():
        difference = np.abs(first[key] - made[key])
        print(f"    {key}: {(difference > 0).mean():.1%} of the values differ, {difference.mean():.2f} grey levels in "
              "the mean")


def main() -> None:
    """Compute each variant, print each beside the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        compute(options.here, options.photos, options.count, options.quick)
        return
    first = None
    with tempfile.TemporaryDirectory() as folder:
        for name in options.variants:
            target = f"{folder}/{name}.npz"
            settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "TLLIB_PROGRESS": "0", **VARIANTS[name]}
            more = ["--photos", options.photos] * bool(options.photos) + ["--quick"] * options.quick
            subprocess.run([sys.executable, __file__, "--here", target, "--count", str(options.count), *more],
                           env=os.environ | settings, check=True, stderr=subprocess.DEVNULL)
            made = dict(np.load(target))
            first = first or made
            report(name, made, first)


if __name__ == "__main__":
    main()
