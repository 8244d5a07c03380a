"""One network, one photo, three engines: the same logits; a file written on one is read on the others."""

import importlib.util
import os
import subprocess
import sys

from tests.conftest import ROOT
from tllib import backbones, datasets, images, transfer

import keras
import numpy as np
import pytest

SCRIPT = """
import sys
import numpy as np
from tllib import backbones, images, transfer
folder, photo = sys.argv[1:]
photo = images.load(photo)
found = {}
for name, options in (("efficientnet_lite0", {}), ("squeezenet", {}), ("mobilenet_025", {"weights": None, "seed": 1})):
    network = backbones.load(name, top=True, **options)
    found[name] = network.predict(images.crop_resize_batch(photo, backbones.input_size(network)), verbose=0)
found["foreign"] = [name for name in ("tensorflow", "torch", "jax") if name in sys.modules]
classifier = transfer.load_classifier(folder + "/pets.keras")
found["classifier"] = classifier.predict(photo)
found["heat"] = transfer.grad_cam(classifier, photo)
np.savez(folder + "/found.npz", **found)
"""


@pytest.fixture(scope="module")
def classifier():
    photos = datasets.load("pets").subset(40, seed=2)
    backbone = backbones.load("efficientnet_lite0")
    return transfer.assemble(backbone, transfer.train_head(transfer.extract_features(backbone, photos)),
                             photos.class_names)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow is what the others are compared with")
@pytest.mark.parametrize("engine", ["torch", "jax"])
def test_another_engine_says_the_same(engine, classifier, dog, tmp_path, lite0):
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed: python -m tllib test engines installs it")
    classifier.save(tmp_path / "pets.keras")
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path), str(ROOT / "data/photos/dog.png")],
                          env=os.environ | {"KERAS_BACKEND": engine, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "found.npz") as stored:
        found = dict(stored)
    small = backbones.load("mobilenet_025", weights=None, seed=1, top=True)
    squeezenet = backbones.load("squeezenet", top=True)
    for name, network in (("efficientnet_lite0", lite0), ("squeezenet", squeezenet), ("mobilenet_025", small)):
        batch = images.crop_resize_batch(dog, backbones.input_size(network))
        np.testing.assert_allclose(found[name], network.predict(batch, verbose=0), atol=1e-3)
    np.testing.assert_allclose(found["classifier"], classifier.predict(dog), atol=1e-5)
    np.testing.assert_allclose(found["heat"], transfer.grad_cam(classifier, dog), atol=1e-3)
    assert engine != "torch" or "tensorflow" not in found["foreign"], "TensorFlow only where it is used"
