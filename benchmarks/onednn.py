"""TensorFlow's oneDNN kernels on and off -> features and drawings a second, and whether three processes draw the same.

    python benchmarks/onednn.py [--rounds 3]

Each figure comes from a process of its own, on and off in turns, so that a machine that changes its speed changes it
for both. `ONEDNN_MAX_CPU_ISA=AVX2` before the command shows what a CPU without AVX-512 gets from oneDNN; what it would
do without oneDNN cannot be shown so, as TensorFlow's own kernels keep to what they find.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

MEASURE = """
import hashlib, json, time
from dataclasses import replace
from tllib import backbones, synthesis
import numpy as np

photos = np.random.default_rng(0).uniform(0, 255, (64, 224, 224, 3)).astype("float32")
backbone = backbones.load("efficientnet_lite0")
backbone.predict(photos, verbose=0)
began = time.perf_counter()
backbone.predict(photos, verbose=0)
found = {"features, photos/s": 64 / (time.perf_counter() - began)}
network = backbones.load("efficientnet_lite0", top=True)
recipe, pictures = replace(synthesis.FOURIER, steps=24), hashlib.sha256()
for name, classes in (("one drawing, steps/s", [340]), ("eight at once, picture-steps/s", list(range(8)))):
    synthesis.ideal_images(network, classes, recipe=recipe)
    began = time.perf_counter()
    for result in synthesis.ideal_images(network, classes, recipe=recipe):
        pictures.update(result.image.tobytes())
    found[name] = 24 * len(classes) / (time.perf_counter() - began)
print(json.dumps([found, pictures.hexdigest()]))
"""


def measure(switch: str) -> tuple[dict[str, float], str]:
    """Figures and the drawings' digest from a new process with the switch set to "0" or "1"."""
    settings = {"TF_ENABLE_ONEDNN_OPTS": switch, "TF_CPP_MIN_LOG_LEVEL": "3", "TLLIB_PROGRESS": "0"}
    done = subprocess.run([sys.executable, "-c", MEASURE], env=os.environ | settings, capture_output=True, text=True,
                          check=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure in turns and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = [(measure("1"), measure("0")) for _ in range(parser.parse_args().rounds)]
    print(f"{'':34s}{'on':>8s}{'off':>8s}{'ratio':>8s}")
    for name in rounds[0][0][0]:
        on, off = ([pair[which][0][name] for pair in rounds] for which in (0, 1))
        ratio = statistics.median(one / other for one, other in zip(on, off, strict=True))
        print(f"{name:34s}{statistics.median(on):8.1f}{statistics.median(off):8.1f}{ratio:8.2f}")
    same = len({on[1] for on, _ in rounds}) == 1
    print(f"{len(rounds)} processes with oneDNN drew the same pictures, bit for bit: {same}")


if __name__ == "__main__":
    main()
