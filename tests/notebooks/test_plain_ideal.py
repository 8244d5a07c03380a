"""The plain core of the lesson on ideal images follows the library's gradient."""

import ast

from tests.notebooks.plain import code_of
from tllib import backbones, images, synthesis
from tllib.synthesis import loop
from tllib.synthesis.parametrization import Pixels

import keras
import numpy as np
import pytest

ZEBRA = backbones.class_index("zebra")


@pytest.fixture(scope="module")
def source():
    _, (core, _) = code_of("04_ideal_images")
    return core


@pytest.fixture(scope="module")
def windows():
    _, (_, windows) = code_of("04_ideal_images")
    return windows


@pytest.fixture(scope="module")
def core(source, lite0):
    """What the cell makes; it draws its two pictures in 16 steps."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the plain core is TensorFlow's")
    import tensorflow as tf
    made = {"keras": keras, "np": np, "tf": tf, "network": lite0, "SEED": 0, "STEPS": 16, "ZEBRA": ZEBRA}
    exec(compile(source, "plain core", "exec"), made)
    return made


def test_it_is_short_and_needs_nothing_of_the_library(source):
    assert len(source.splitlines()) <= 20
    tree = list(ast.walk(ast.parse(source)))
    assert sum(isinstance(node, ast.FunctionDef) for node in tree) == 1
    assert not {node.id for node in tree if isinstance(node, ast.Name)} & {
        "tllib", "backbones", "images", "show", "synthesis", "transfer", "widgets", "check", "PIXELS", "FOURIER"}


@pytest.mark.parametrize("weight", [0.0, 4.0])
@pytest.mark.parametrize("shown", ["start", "dog", "drawn"])
def test_its_gradient_is_the_librarys(core, source, lite0, lite0_exact, dog, shown, weight):
    """In float32 rounding turns either by up to a percent, see benchmarks/rounding.py."""
    tf = core["tf"]
    photo = np.float32(images.crop_resize(dog, 224))
    image = {"start": core["start"], "dog": photo[None], "drawn": core["plain"][0][None]}
    definitions = source.split("plain = []")[0]
    for network, close in ((lite0_exact, 1e-5), (lite0, 0.05)):
        def plain(pixels, network=network):
            return tf.cast(network(pixels), tf.float32)
        names = {**core, "network": plain}
        exec(compile(definitions, "plain core", "exec"), names)
        ours = names["gradient"](tf.Variable(image[shown]), tf.constant(weight)).numpy().astype("float64")
        library = loop._gradient(network, Pixels(), ())
        wanted = np.eye(1000, dtype="float32")[[ZEBRA]]
        knobs = np.array([loop._spread(network), 0.0, weight], "float32")
        whole, still = np.array([[0, 0, 1]], "float32"), np.zeros((1, 224, 224, 3), "float32")
        theirs = library(image[shown], whole, still, wanted, knobs)[0].astype("float64")
        lengths = np.linalg.norm(ours), np.linalg.norm(theirs)
        assert np.linalg.norm(ours / lengths[0] - theirs / lengths[1]) < close, "the same direction"
        assert lengths[0] == pytest.approx(lengths[1], rel=close), "and length"


def test_the_window_of_the_whole_picture_changes_nothing(core, windows, dog):
    tf = core["tf"]
    names = dict(core)
    exec(compile(windows.split("moved = []")[0], "windows", "exec"), names)
    image = tf.Variable(np.float32(images.crop_resize(dog, 224))[None])
    whole = names["gradient_of_window"](image, tf.constant([[0.0, 0, 1, 1]]), tf.constant([0.0])).numpy()
    expected = core["gradient"](image, tf.constant(4.0)).numpy()
    assert np.linalg.norm(whole - expected) < 0.05 * np.linalg.norm(expected)
    part = names["gradient_of_window"](image, tf.constant([[0.5, 0.5, 1, 1]]), tf.constant([0.0])).numpy()
    unseen, seen = np.abs(part[0, :100, :100]).max(), np.abs(part[0, 120:, 120:]).max()
    assert unseen < 0.1 * seen, "only total variation is left there"


def test_it_draws_what_the_network_takes_for_a_zebra(core, lite0):
    rough, calm = core["plain"]
    before, *after = backbones.predict_proba(lite0, np.stack([core["start"][0], rough, calm]))[:, ZEBRA]
    assert min(after) > 0.5 > before
    grain = [float(synthesis.total_variation(picture[None])[0]) for picture in (rough, calm)]
    assert grain[1] < 0.7 * grain[0], "the penalty calms"
    assert min(rough.min(), calm.min()) >= 0 and max(rough.max(), calm.max()) <= 255
