"""Two devices that share every batch come to what one comes to; in processes, as devices precede the engine's start."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

# 19 photos: an odd number, so no batch of photos, no table of features and no single image divides between two devices.
# One device and two then fine-tune in the same batches of 10, so that their weights can be compared.
SCRIPT = """
import json, sys
from contextlib import nullcontext
engine, folder = sys.argv[1:]
if engine == "tensorflow":
    import tensorflow as tf
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                               [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
import numpy as np
from tllib import backbones, datasets, images, synthesis, transfer
from tllib.backbones import engine
from tllib.transfer import features

photos = datasets.load("pets").subset(19, seed=1)
image = images.load(photos.paths[0])


def work():
    found = {}
    backbone = backbones.load("efficientnet_lite0")
    found["devices"] = engine.device_count(backbone)
    table = transfer.extract_features(backbone, photos, cache=False)
    found["features"] = table.x
    head = transfer.train_head(table)
    found["head"] = np.concatenate([weight.ravel() for weight in head.get_weights()])
    one = transfer.assemble(backbone, head, photos.class_names)
    before = one.model.get_weights()
    tuned, history = transfer.fine_tune(one, photos, layers="last block", epochs=2, learning_rate=3e-4)
    moves = [new - old for new, old in zip(tuned.model.get_weights(), before, strict=True)]
    found["moved"] = np.concatenate([move.ravel() for move in moves])
    found["loss"] = history["loss"]
    found["predictions"] = features.predict(tuned.model, photos)
    found["one image"] = tuned.predict(image)
    found["activation"] = transfer.activations(tuned.model, image, [tuned.model.layers[3].name])
    found["activation"] = next(iter(found["activation"].values()))
    return found


def refused(call):
    try:
        call()
    except NotImplementedError as error:
        return str(error)


def extract():
    transfer.extract_features(backbones.load("mobilenet_025", weights=None), photos, cache=False)


runs, refusals = {"one": work()}, {}
if engine == "tensorflow":
    scope = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()
else:
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=["cpu:0", "cpu:1"]))
    scope = nullcontext()
with scope:
    runs["two"] = work()
    network = backbones.load("efficientnet_lite0", top=True)
    refusals["one image for two"] = refused(lambda: synthesis.ideal_image(network, "tabby"))
    refusals["one attack by two"] = refused(lambda: synthesis.adversarial_image(network, image, target="zebra"))
if engine == "tensorflow":
    with tf.distribute.experimental.CentralStorageStrategy(["CPU:0", "CPU:1"]).scope():
        refusals["another way"] = refused(extract)
mesh = keras.distribution.DeviceMesh((2,), ("batch",), ["cpu:0", "cpu:1"])
if engine == "tensorflow":
    keras.distribution.set_distribution(keras.distribution.DataParallel(mesh))
else:
    layout = keras.distribution.LayoutMap(mesh)
    keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch"))
refusals["Keras's way"] = refused(extract)
np.savez(folder + "/runs.npz", refusals=json.dumps(refusals),
         **{f"{name} {key}": value for name, run in runs.items() for key, value in run.items()})
"""


# A group runs in one worker of pytest-xdist, so that each engine is started once.
@pytest.fixture(scope="module", params=[pytest.param(engine, marks=pytest.mark.xdist_group(f"{engine} devices"))
                                        for engine in ("tensorflow", "jax")])
def runs(request, tmp_path_factory):
    """Engine, what came out on one device, on two, and what it refused."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    settings = {"KERAS_BACKEND": request.param, "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
                "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", SCRIPT, request.param, str(folder)], env=os.environ | settings,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "runs.npz") as stored:
        one, two = ({key.removeprefix(name): stored[key] for key in stored.files if key.startswith(name)}
                    for name in ("one ", "two "))
        return request.param, one, two, json.loads(str(stored["refusals"]))


def distance(one, two):
    """How far apart, as a share of the size."""
    return np.linalg.norm(two - one) / np.linalg.norm(one)


def test_batches_are_shared(runs):
    _, one, two, _ = runs
    assert (one["devices"], two["devices"]) == (1, 2)


def test_features_are_the_same(runs):
    _, one, two, _ = runs
    assert one["features"].std(axis=0).max() > 0.5, "photos must differ, or sameness would prove nothing"
    np.testing.assert_allclose(two["features"], one["features"], atol=1e-4)


def test_heads_are_the_same(runs):
    _, one, two, _ = runs
    assert distance(one["head"], two["head"]) < 1e-3


def test_fine_tuning_takes_the_same_steps(runs):
    """Not to the last digit: Adam turns a gradient near zero, whose sign is rounding, into a whole step."""
    _, one, two, _ = runs
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-3)
    assert np.abs(one["moved"]).max() > 1e-4 and distance(one["moved"], two["moved"]) < 0.01
    assert one["predictions"].std(axis=0).max() > 0.1
    np.testing.assert_allclose(two["predictions"], one["predictions"], atol=1e-4)


def test_a_single_image_is_shared_too(runs):
    _, one, two, _ = runs
    np.testing.assert_allclose(two["one image"], two["predictions"][:1], atol=1e-4)
    np.testing.assert_allclose(two["activation"], one["activation"], atol=1e-3)


def test_what_is_not_supported_says_so(runs):
    engine, _, _, refusals = runs
    for attempt in ("one image for two", "one attack by two"):
        assert "2 devices can't share one image" in refusals[attempt]
    if engine == "tensorflow":
        assert "CentralStorageStrategy is not supported. What is: tf.distribute.Mirrored" in refusals["another way"]
        assert "DataParallel on tensorflow is not supported. What is: keras" in refusals["Keras's way"]
    else:
        assert "ModelParallel on jax is not supported. What is: keras" in refusals["Keras's way"]
