"""Photos -> seconds, accuracy, memory: features computed once beside the usual recipe, in one run.

    python benchmarks/transfer.py [data root] [--rounds 3] [--memory] [--precision]

It takes Cats vs Dogs if that is in the data root, else the photos of pets that ship. `--memory` adds the peak memory of
500 and of 25,000 photos, `--precision` the speed in float32 and in bfloat16.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TLLIB_PROGRESS", "0")  # no progress bars between the lines of the tables

from tllib import backbones, datasets, files, transfer

import keras
import numpy as np
from data_pipeline import peak_memory

NETWORK, EPOCHS = "efficientnet_lite0", 10


def copied(root: Path, temporary: Path) -> datasets.PhotoSet:
    """Copy Cats vs Dogs or the pets, a folder for each class, so that the folder they come from stays as it is."""
    photos, target = datasets.load("cats_vs_dogs", root=root, fallback="pets"), temporary / "photos"
    for path, label in zip(photos.paths, photos.labels, strict=True):
        folder = target / photos.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    return datasets.load(target)


def seconds(work) -> tuple:
    """How long it took, and what it returned."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def ours(train: datasets.PhotoSet, test: datasets.PhotoSet) -> tuple[float, float]:
    """Features once, then a head on the table: seconds and accuracy."""
    backbone = backbones.load(NETWORK)
    taken, head = seconds(lambda: transfer.train_head(transfer.extract_features(backbone, train, cache=False)))
    return taken, transfer.evaluate(head, transfer.extract_features(backbone, test, cache=False)).accuracy


def recipe(train: datasets.PhotoSet, test: datasets.PhotoSet, seed: int) -> tuple[float, float]:
    """What guides teach: a dense layer on the frozen network, every photo through both in every epoch."""
    keras.utils.set_random_seed(seed)
    backbone = backbones.load(NETWORK)
    pixels = keras.Input(backbone.input_shape[1:])
    outputs = keras.layers.Dense(len(train.class_names), activation="softmax")(backbone(pixels, training=False))
    model = keras.Model(pixels, outputs)
    model.compile(keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", jit_compile=False)
    def learn():
        pixels = np.concatenate([pixels for pixels, _ in datasets.batches(train, size=backbone.input_shape[1])])
        model.fit(pixels, train.labels, epochs=EPOCHS, verbose=0)
    taken, _ = seconds(learn)
    found = model.predict(datasets.batches(test, size=backbone.input_shape[1]), verbose=0)
    return taken, float(np.mean(found.argmax(axis=1) == test.labels))


def training(photos: datasets.PhotoSet, rounds: int) -> None:
    """Train both in turns on the same photos; test both on the same others."""
    train, test = photos.split(test=0.2, seed=0)
    print(f"\nTraining a head: {EPOCHS} epochs, {len(train)} photos, {len(test)} others to test on; rounds: {rounds}")
    found = [(ours(train, test), recipe(train, test, seed)) for seed in range(rounds)]
    (own, accuracy), (theirs, usual) = np.median(found, axis=0)
    ratios = [slow / fast for (fast, _), (slow, _) in found]
    print(f"  {'':36s}{'seconds':>9s}{'accuracy':>10s}\n"
          f"  {'features once, then the head':36s}{own:9.2f}{accuracy:10.3f}\n"
          f"  {'all through the frozen network':36s}{theirs:9.2f}{usual:10.3f}\n"
          f"  faster {statistics.median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f}; wanted: 8), "
          f"accuracy {accuracy - usual:+.3f} (wanted: not below -0.010)")


def keeping(photos: datasets.PhotoSet) -> None:
    """Extract with an empty cache, then again with what the first run kept."""
    backbone = backbones.load(NETWORK)
    transfer.extract_features(backbone, photos.subset(32), cache=False)  # so that building the graph counts for neither
    extract = partial(transfer.extract_features, backbone, photos)
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, TLLIB_CACHE=cache):
        first, computed = seconds(extract)
        again, found = zip(*(seconds(extract) for _ in range(3)), strict=True)
    second, same = statistics.median(again), all(np.array_equal(computed.x, table.x) for table in found)
    print(f"\nExtracting features of {len(photos)} photos with the cache on\n"
          f"  first run {first:.2f} s, again {second:.3f} s (median of {len(again)}), "
          f"the {'same' if same else 'WRONG'} features\n  faster {first / second:.0f} times (wanted: 50)")


def peak(folder: Path) -> None:
    """In a process of its own: print how many photos, and the peak memory, in MB, after 32 of them and after all."""
    photos, backbone, marks = datasets.load(folder), backbones.load("mobilenet_025", weights=None), []
    for part in (photos.subset(32), photos):
        transfer.extract_features(backbone, part, cache=False)
        marks.append(peak_memory())
    print(len(photos), *marks)


def memory(photos: datasets.PhotoSet, temporary: Path) -> None:
    """Extract few photos and many, each in a fresh process."""
    print("\nPeak memory of extracting features, mobilenet of a quarter width, each in a fresh process")
    print(f"  {'photos':>8s}{'MB after 32':>20s}{'MB after all':>20s}")
    ends = []
    for count in (500, 25_000):
        folder = temporary / f"{count}-photos"
        for name in photos.class_names:
            (folder / name).mkdir(parents=True)
        for number in range(count):  # no links: a photo's features are found again by its content, so each gets its own
            file = photos.paths[number % len(photos)]
            (folder / file.parent.name / f"{number}-{file.name}").write_bytes(file.read_bytes() + number.to_bytes(4))
        datasets.load(folder)  # photos are looked at here, not in the process that is measured
        told = subprocess.run([sys.executable, __file__, "--peak", folder], stdout=subprocess.PIPE, check=True).stdout
        found, start, end = map(float, told.split())
        print(f"  {found:8,.0f}{start:20.0f}{end:20.0f}")
        ends.append(end)
    print(f"  {ends[1] - ends[0]:+.0f} MB for {25_000 - 500:,} photos more")


def precision(photos: datasets.PhotoSet) -> None:
    """Extract in both precisions, in turns."""
    before, loaded = keras.config.dtype_policy(), {}
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        loaded[policy] = backbones.load(NETWORK)
    keras.config.set_dtype_policy(before)
    tables, taken = {}, {policy: [] for policy in loaded}
    for number in range(4):
        for policy, backbone in loaded.items():
            spent, tables[policy] = seconds(partial(transfer.extract_features, backbone, photos, cache=False))
            taken[policy] += [spent] if number else []  # the first pass builds the graph
    exact, rough = tables["float32"].x, tables["mixed_bfloat16"].x
    print(f"\nFeatures of {NETWORK} in two precisions, median of 3")
    for policy, spent in taken.items():
        print(f"  {policy:16s}{len(photos) / statistics.median(spent):8.1f} photos/s")
    ratio = statistics.median(slow / fast for slow, fast in zip(*taken.values(), strict=True))
    off = np.linalg.norm(rough - exact) / np.linalg.norm(exact)
    print(f"  bfloat16 is {ratio:.2f} times as fast; its features are {off:.1%} off")


def main() -> None:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", type=Path, default=files.data_root())
    parser.add_argument("--rounds", type=int, default=3, help="how often a head is trained")
    for flag in ("--memory", "--precision"):
        parser.add_argument(flag, action="store_true", help=f"measure {flag[2:]}, too; takes minutes")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.peak:
        peak(wanted.peak)
        return
    with tempfile.TemporaryDirectory() as temporary:
        photos = copied(wanted.root, Path(temporary))
        print(f"{photos.report}; {NETWORK} on {keras.backend.backend()}, {os.cpu_count()} cores")
        if wanted.memory:  # first: the peak that a process reports begins with the size of the one that started it
            memory(photos, Path(temporary))
        keeping(photos)
        training(photos, wanted.rounds)
        if wanted.precision:
            precision(photos)


if __name__ == "__main__":
    main()
