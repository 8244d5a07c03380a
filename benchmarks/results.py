"""Photos on this machine -> the results table of README: what heads, fine-tuning, ideal images and attacks reach.

    python benchmarks/results.py [data root] [--photos 32]

It takes Cats vs Dogs and Oxford-IIIT Pet from the data root, as many photos as there are. Some
twenty minutes on two cores.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TLLIB_PROGRESS", "0")

from tllib import backbones, datasets, images, synthesis, transfer

import numpy as np

NETWORKS = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def line(*cells) -> None:
    """Print a row of a table in Markdown."""
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def table(title: str, *heads: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}\n", flush=True)
    line(*heads)
    line(*["---"] * len(heads))


def classifiers(name: str, train: datasets.PhotoSet, test: datasets.PhotoSet) -> tuple:
    """Accuracy of a head and of the same fine-tuned, and the seconds of each."""
    backbone, began = backbones.load(name), time.perf_counter()
    learn, judge = (transfer.extract_features(backbone, part, cache=False) for part in (train, test))
    head = transfer.train_head(learn)
    found, seconds = transfer.evaluate(head, judge).accuracy, time.perf_counter() - began
    began = time.perf_counter()
    tuned, _ = transfer.fine_tune(transfer.assemble(backbone, head, train.class_names), train)
    return (f"{found:.3f}", f"{seconds:.0f} s", f"{transfer.evaluate(tuned, test).accuracy:.3f}",
            f"{time.perf_counter() - began:.0f} s")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=None)
    parser.add_argument("--photos", type=int, default=32, help="dogs to attack")
    wanted = parser.parse_args()
    cats = datasets.load("cats_vs_dogs", root=wanted.root)
    dogs = [path for path, label in zip(cats.paths, cats.labels, strict=True) if cats.class_names[label] == "Dog"]
    tasks = [("Cats vs Dogs", *cats.split(test=0.2, seed=0)),
             ("Oxford-IIIT Pet, breeds", *(datasets.load("oxford_pets", split=part, root=wanted.root)
                                           for part in ("trainval", "test")))]
    for title, train, test in tasks:
        table(f"{title}: {len(train)} photos to learn from, {len(test)} unseen", "backbone", "head", "takes",
              "fine-tuned", "takes")
        for name in NETWORKS:
            line(name, *classifiers(name, train, test))
    network, judge = (backbones.load(name, top=True) for name in NETWORKS[:2])
    classes = np.random.default_rng(0).choice(1000, 10, replace=False).tolist()
    table(f"Ideal images of ten classes, picked by lot, judged by {NETWORKS[1]}", "drawn by", "mean probability",
          "worst", "each takes")
    several = [backbones.load(name, top=True, size=160) for name in synthesis.ARTISTS]
    for who, artists, recipe in ((NETWORKS[0], network, synthesis.FOURIER),
                                 ("several in turn", several, synthesis.TOGETHER)):
        drawn = synthesis.ideal_images(artists, classes, recipe=recipe, size=224, seed=0)
        opinion = synthesis.second_opinions({"judge": judge}, drawn).probability["judge"]
        line(who, f"{opinion.mean():.2f}", f"{opinion.min():.2f}", f"{drawn[0].seconds:.0f} s")
    photos = [images.load(path, size=224) for path in dogs[:wanted.photos]]
    table(f"{len(photos)} dogs made a Siamese cat", "attack", "fool as uint8", "L2, median", "SSIM, median",
          "each takes")
    for title, options in (("one grey level", {}), ("smallest change", {"epsilon": None}),
                           ("robust, 8 levels", {"epsilon": 8, "robust": True})):
        made = synthesis.adversarial_images(network, photos, target="Siamese cat", **options)
        line(title, f"{sum(each.success for each in made)} of {len(made)}",
             f"{np.median([each.distance['l2'] for each in made]):.0f}",
             f"{np.median([each.distance['ssim'] for each in made]):.3f}", f"{made[0].seconds:.1f} s")


if __name__ == "__main__":
    main()
