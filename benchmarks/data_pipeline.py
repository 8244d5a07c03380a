"""Photos -> photos a second: tllib's scan and batches beside what people would use instead, in one run.

    python benchmarks/data_pipeline.py [folder of class folders]

Without a folder it takes Cats vs Dogs if that is there, else photos made of noise and shapes, at the same sizes.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tllib import datasets, images
from tllib.datasets import cleaning
from tllib.files import data_root

import keras
import numpy as np
from PIL import Image

ROUNDS = 5


def peak_memory() -> float:
    """The most memory that this process has held, in MB."""
    if os.name == "nt":
        import psutil
        return psutil.Process().memory_info().peak_wset / 1e6
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def made_up(folder: Path, count: int = 500) -> Path:
    """JPEG photos of about the size and weight of those in Cats vs Dogs, in two class folders."""
    random = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype="uint8"))
        photo = np.asarray(small.resize((500, 375), Image.Resampling.BICUBIC)) + random.normal(0, 8, (375, 500, 3))
        path = folder / ("Cat", "Dog")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images.to_uint8(photo)).save(path, quality=90)
    return folder


def pillow_loop(files: list[Path]) -> None:
    """Decode one photo after the other, as cleaning scripts do."""
    for file in files:
        with Image.open(file) as photo:
            photo.convert("RGB")


def median_rate(count: int, work, before=lambda: None) -> float:
    """Photos a second, the median of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return count / statistics.median(seconds)


def drain(batches) -> None:
    """Take every batch once."""
    for _ in batches:
        pass


def report(label: str, ours: float, theirs: float, peer: str) -> None:
    """One line: both rates and their ratio."""
    print(f"{label:10s} tllib {ours:7.0f} photos/s   {peer} {theirs:7.0f} photos/s   ratio {ours / theirs:.2f}")


def main() -> None:
    """Scan, scan again, stream; then many passes, watching the memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    wanted = parser.parse_args().folder or data_root() / "cats_vs_dogs" / "PetImages"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "photos"
        if wanted.is_dir():
            shutil.copytree(wanted, folder)
            folder.chmod(0o755)  # where it came from may be read-only
        else:
            made_up(folder)
        files = sorted(folder.glob("*/*.jpg"))
        again = Path(temporary) / "many"
        print(f"{len(files)} photos from {wanted if wanted.is_dir() else 'noise and shapes'}, {os.cpu_count()} cores")

        loop = median_rate(len(files), lambda: pillow_loop(files))
        os.environ["TLLIB_CACHE"] = str(Path(temporary) / "cache")
        scan = median_rate(len(files), lambda: cleaning.unusable(folder, files),
                           lambda: shutil.rmtree(Path(temporary) / "cache", ignore_errors=True))
        report("scan", scan, loop, "Pillow loop")

        photos = datasets.load(folder)
        peer = keras.utils.image_dataset_from_directory(folder, image_size=(224, 224), crop_to_aspect_ratio=True,
                                                        batch_size=32, shuffle=False, verbose=0)
        drain(peer)
        stream = median_rate(len(files), lambda: drain(datasets.batches(photos, size=224)))
        theirs = median_rate(len(files), lambda: drain(peer))
        report("batches", stream, theirs, "image_dataset_from_directory")

        marks = []
        for _ in range(10):
            drain(datasets.batches(photos, size=224))
            marks.append(peak_memory())
        print("peak memory after each of 10 passes, MB:", *(f"{mark:.0f}" for mark in marks))

        for copy in range(-(-25_000 // len(files))):
            for file in files:
                target = again / file.parent.name / f"{copy}-{file.name}"
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, target)
        began = time.perf_counter()
        many = datasets.load(again)
        first = time.perf_counter() - began
        began = time.perf_counter()
        datasets.load(again)
        second = time.perf_counter() - began
        print(f"scan of {len(many):,} photos: {first:.1f} s; again, from what was noted: {second:.1f} s")



if __name__ == "__main__":
    main()
