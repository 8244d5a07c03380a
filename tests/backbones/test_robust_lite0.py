"""The robust Lite0: what of Lite0 it keeps and what it does not, its file, and how it is taught."""

import csv
import math
import runpy

from tests.conftest import ROOT
from tllib import backbones, images, synthesis
from tllib.backbones import weights

import keras
import numpy as np
import pytest
import skimage.data

NAME = "efficientnet_lite0_robust"
SHIPPED = weights.shipped_file(NAME)


@pytest.fixture(scope="module")
def robust():
    return backbones.load(NAME, top=True)


@pytest.mark.core
def test_it_is_lite0_but_for_what_its_file_holds(robust, lite0):
    with np.load(SHIPPED) as stored:
        own = {name: stored[name] for name in stored.files}
    assert {array.dtype for array in own.values()} == {np.dtype("float16")}
    for weight, original in zip(robust.weights, lite0.weights, strict=True):
        found, before = (keras.ops.convert_to_numpy(each) for each in (weight, original))
        assert weight.path == original.path and np.isfinite(found).all()
        np.testing.assert_array_equal(found, own.get(weight.path, before))
        assert np.array_equal(found, before) == (weight.path not in own), weight.path
    assert not [name for name in own if "moving" in name], "BatchNorm's statistics are Lite0's"
    assert robust.name == NAME and not robust.trainable_weights


def test_it_says_what_it_cost():
    assert "hard to fool" in backbones.describe(NAME) and "None" not in backbones.describe(NAME)
    first, second = str(backbones.compare(["efficientnet_lite0", NAME], measure=False)).splitlines()[-2:]
    assert len(first) == len(second) and second.split() == [NAME, "4.7", "19", "0.8", "–", "–"]
    assert backbones.last_conv_layer(NAME) == backbones.last_conv_layer("efficientnet_lite0")
    assert backbones.first_trainable_layer(NAME) == backbones.first_trainable_layer("efficientnet_lite0")


def test_it_takes_a_larger_change_to_fool_it(robust, lite0, dog, cat):
    pictures = [dog, cat, skimage.data.coffee(), skimage.data.astronaut(), skimage.data.rocket()]
    hard, easy = ([result.distance["l2"] for result in synthesis.adversarial_images(network, pictures, epsilon=None,
                                                                                    steps=20) if result.success]
                  for network in (robust, lite0))
    assert len(hard) == len(easy) == len(pictures)
    assert np.median(np.divide(hard, easy)) > 3


def test_it_mostly_names_what_lite0_names(robust, lite0, cat, shared):
    assert backbones.top_k(robust, cat, k=1)[0][0][0] == "Egyptian cat"
    photos = [images.load(path) for path in sorted((shared / "reference/photos").glob("*.png"))]
    ranks, first = (backbones.predict_proba(network, photos).argsort(axis=1) for network in (robust, lite0))
    among_five = [name in row[-5:] for row, name in zip(ranks, first[:, -1], strict=True)]
    assert len(photos) == 20 and np.mean(among_five) >= 0.6


def test_weights_that_are_here(tmp_path, monkeypatch):
    here = backbones.weight_files()
    assert NAME in backbones.on_this_machine() and SHIPPED in here and len(here) == len(set(here))
    text = SHIPPED.with_suffix(".LICENSE").read_text()
    assert "CC BY-SA 4.0" in text and "Apache License" in text
    monkeypatch.setattr(weights, "shipped_file", lambda _: tmp_path / "none.npz")
    assert NAME not in backbones.on_this_machine()
    with pytest.raises(FileNotFoundError, match=r"none\.npz is missing.*Install tllib again"):
        backbones.load(NAME)


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda _: b"",
                                    lambda content: content[:9000] + b"\xff" * 64 + content[9064:]])
def test_a_damaged_file_is_refused(damage, tmp_path, monkeypatch):
    damaged = tmp_path / SHIPPED.name
    damaged.write_bytes(damage(SHIPPED.read_bytes()))
    monkeypatch.setattr(weights, "shipped_file", lambda _: damaged)
    with pytest.raises(ValueError, match=r"robust\.npz is damaged.*Nothing of it was used\. Install tllib again"):
        backbones.load(NAME)


needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the script uses TensorFlow")


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(ROOT / "benchmarks/robust_lite0.py")


def test_the_list_names_each_photo_once_with_its_licence():
    with open(ROOT / "benchmarks/robust_lite0_photos.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == len({row["photo"] for row in rows}) == len({row["sha256"] for row in rows}) == 2250
    assert sum(row["part"] == "held out" for row in rows) == 150 + 2 * 37
    assert {row["part"] for row in rows} == {"train", "held out"} and all(row["credit"] for row in rows)
    text = SHIPPED.with_suffix(".LICENSE").read_text()
    for source in {row["photo"].split("/")[0] for row in rows}:
        count = sum(row["photo"].startswith(f"{source}/") for row in rows)
        assert f", {count} photos: " in text, source


@needs_tensorflow
def test_folded_batchnorm_gives_the_same_logits(script, lite0, dog, cat):
    photos = images.crop_resize_batch([dog, cat], 224)
    np.testing.assert_allclose(script["logits_of"](lite0, photos), lite0.predict(photos, verbose=0), atol=1e-3)


@needs_tensorflow
def test_a_misleading_change_keeps_within_its_norm_and_misleads(script, lite0, dog):
    photos = np.repeat(images.crop_resize_batch(dog, 224), script["BATCH"], axis=0)
    answers = script["logits_of"](lite0, photos)
    changed = script["misleading"](lite0, photos, answers, 255.0, np.array([0, 1])).numpy()
    sizes = np.linalg.norm((changed - photos).reshape(len(photos), -1), axis=1) / 255
    assert sizes.max() <= 1.0001 and sizes.min() > 0.2 and changed.min() >= 0 and changed.max() <= 255
    misled = script["divergence"](answers, script["logits_of"](lite0, changed)).numpy()
    noise = np.random.default_rng(0).normal(0, 255 / math.sqrt(photos[0].size), photos.shape).astype("float32")
    assert np.median(misled) > 10 * np.median(script["divergence"](answers, script["logits_of"](lite0, photos + noise)))


@pytest.fixture
def uncompiled():
    """A few steps are over before they would be compiled."""
    import tensorflow as tf
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@needs_tensorflow
def test_a_run_goes_on_where_it_stopped(script, tmp_path, monkeypatch, dog, uncompiled):
    names, cut_in = script["train"].__globals__, script["batches"]

    def interrupted(photos, steps, total, seed):
        for step, pictures in cut_in(photos, steps, total, seed):
            if step == 2:
                raise KeyboardInterrupt
            yield step, pictures
    for name, value in {"SIZES": ((1.0, 32),), "BATCH": 2, "KEEP_EVERY": 2, "WARM_UP": 1}.items():
        monkeypatch.setitem(names, name, value)
    monkeypatch.setitem(names, "stored_photos", lambda folders, work: [images.crop_resize(dog, 224)])
    script["train"]([], tmp_path / "whole", steps=3, seed=0)
    monkeypatch.setitem(names, "batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        script["train"]([], tmp_path / "parts", steps=3, seed=0)
    monkeypatch.setitem(names, "batches", cut_in)
    script["train"]([], tmp_path / "parts", steps=3, seed=0)
    whole, parts = (np.load(tmp_path / run / "state.npz") for run in ("whole", "parts"))
    assert whole["step"] == 3 and len(whole.files) == len(parts.files)
    for name in whole.files:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-3, atol=1e-5)
    script["export"](tmp_path / "parts", tmp_path / "shipped.npz")
    with np.load(tmp_path / "shipped.npz") as shipped, np.load(SHIPPED) as ours:
        assert {name: shipped[name].shape for name in shipped} == {name: ours[name].shape for name in ours}


@needs_tensorflow
def test_the_judge_finds_the_border_of_a_linear_network(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    judge = runpy.run_path(ROOT / "benchmarks/robustness.py")
    random = np.random.default_rng(0)
    network = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    photos = random.uniform(100, 150, (8, 6, 6, 3)).astype("float32")
    network.layers[-1].kernel.assign(0.02 * network.layers[-1].kernel)  # who is all too sure has no slope left
    kernel = network.layers[-1].kernel.numpy()
    network.layers[-1].bias.assign(-125 * kernel.sum(axis=0))
    logits = network.predict(photos, verbose=0)
    course = kernel @ [1, -1]
    distances = np.abs(logits[:, 0] - logits[:, 1]) / np.linalg.norm(course)
    for share, kept in ((0.98, True), (1.02, False)):
        for photo, names, distance in zip(photos, logits.argmax(axis=1), distances, strict=True):
            found = judge["outlived"](judge["slope_of"](network), photo[None], names[None], share * distance)
            assert found.tolist() == [kept]
