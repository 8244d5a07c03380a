"""What tllib tells TensorFlow before it starts."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("own, expected", [(None, "1"), ("0", "0")])
def test_onednn_is_on_before_tensorflow_starts_unless_the_user_says_otherwise(own, expected):
    code = ("import os, sys, tllib; assert 'tensorflow' not in sys.modules; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])")
    variables = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    variables |= {} if own is None else {"TF_ENABLE_ONEDNN_OPTS": own}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == expected + "\n"


DRAW = """
from dataclasses import replace
from tllib import backbones, synthesis
import hashlib
network = backbones.load("mobilenet_025", weights=None, top=True)
results = synthesis.ideal_images(network, [1, 2], recipe=replace(synthesis.FOURIER, steps=3), seed=0)
print(hashlib.sha256(b"".join(result.image.tobytes() for result in results)).hexdigest())
"""


def test_same_seed_same_pictures_over_three_processes():
    variables = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    runs = [subprocess.run([sys.executable, "-c", DRAW], env=variables, capture_output=True, text=True, check=True)
            for _ in range(3)]
    digests = [done.stdout.splitlines()[-1] for done in runs]
    assert len(digests[0]) == 64 and len(set(digests)) == 1
