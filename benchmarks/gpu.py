"""A machine with a GPU -> one table: lessons, core tests, photos and steps a second, in 32 and 16 bits, and memory.

    python benchmarks/gpu.py [--quick]

Everything is done on the processor as well, in the same sitting, so that the table holds ratios. Without a GPU it does
that half alone, and says so. `--quick` leaves out the lessons and the tests.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PHOTOS, STEPS, DRAWN = 2048, 64, 8
PRECISIONS = {"float32": "float32", "16 bits": "mixed_float16"}


def measure(precision: str) -> None:
    """Print what the device does in a second, as JSON. Runs in a process of its own, whose device is set already."""
    from tllib import backbones, classroom, synthesis

    import keras
    import numpy as np
    import tensorflow as tf
    keras.mixed_precision.set_global_policy(precision)
    photos = np.random.default_rng(0).integers(0, 255, (PHOTOS, 224, 224, 3), "uint8")
    backbone = backbones.load("efficientnet_lite0")
    backbone.predict(photos[:256], batch_size=128, verbose=0)
    began = time.perf_counter()
    backbone.predict(photos, batch_size=128, verbose=0)
    found = {"photos": PHOTOS / (time.perf_counter() - began), "device": classroom.device()}
    network = backbones.load("efficientnet_lite0", top=True)
    for _ in range(2):  # the first time compiles
        began = time.perf_counter()
        synthesis.ideal_images(network, range(DRAWN), recipe=dataclasses.replace(synthesis.FOURIER, steps=STEPS))
        found["steps"] = STEPS * DRAWN / (time.perf_counter() - began)
    if tf.config.list_physical_devices("GPU"):
        found["memory"] = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e9
    print(json.dumps(found))


def child(*arguments: str, gpu: bool) -> subprocess.CompletedProcess:
    """Run Python with or without the GPU."""
    variables = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "TLLIB_PROGRESS": "0"}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          env=variables | ({} if gpu else {"CUDA_VISIBLE_DEVICES": "-1"}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no lessons, no tests")
    parser.add_argument("--measure", choices=PRECISIONS.values(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure)
    print(f"  {'':24s}{'photos/s':>10s}{'steps/s':>10s}{'GPU memory':>12s}")
    for name, gpu in (("processor", False), ("GPU", True)):
        for words, precision in PRECISIONS.items():
            done = child(__file__, "--measure", precision, gpu=gpu)
            found = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
            if gpu and found.get("device") == "CPU":
                print("  No GPU is found here: tensorflow[and-cuda] on Linux or WSL 2, and a driver of NVIDIA's.")
                break
            memory = f"{found['memory']:9.1f} GB" if "memory" in found else ""
            print(f"  {f'{name}, {words}':24s}" + (f"{found['photos']:10.0f}{found['steps']:10.1f}{memory:>12s}"
                                                  if found else "    failed, see above"), flush=True)
    for words, arguments in () if options.quick else (
            ("the lessons", ("-m", "tllib", "run")), ("tests marked core", ("-m", "pytest", "-m", "core", "tests"))):
        for name, gpu in (("processor", False), ("GPU", True)):
            began = time.perf_counter()
            done = child(*arguments, gpu=gpu)
            last = (done.stdout.strip().splitlines() or [""])[-1]
            print(f"  {f'{words}, {name}':36s}{time.perf_counter() - began:6.0f} s  "
                  + (last if done.returncode == 0 else f"FAILED: {last}"), flush=True)


if __name__ == "__main__":
    main()
