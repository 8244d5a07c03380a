"""The one step that lesson 05 writes in plain TensorFlow is the library's."""

import ast
import contextlib
import inspect
import io

from tests.notebooks.plain import code_of
from tllib import backbones, images, synthesis
from tllib.synthesis.objectives import margin_gradient

import keras
import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
LESSON = "05_adversarial_images"
SIAMESE = backbones.class_index("Siamese cat")
pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the cell is TensorFlow's")


def plain():
    _, (cell,) = code_of(LESSON)
    return cell


def unit(values):
    return values / np.linalg.norm(values)


@pytest.fixture
def made(lite0, dog):
    """What the cell makes of the lesson's dog."""
    names = {"np": np, "tf": tf, "network": lite0, "dog": images.crop_resize(dog, 224), "siamese": SIAMESE}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(plain(), LESSON, "exec"), names)
    return names | {"said": said.getvalue().splitlines()}


def test_the_cell_is_short_and_all_there():
    tree = ast.parse(plain())
    assert sum(isinstance(node, ast.FunctionDef) for node in ast.walk(tree)) == 1
    assert len(plain().splitlines()) <= 20
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not used & {"backbones", "images", "synthesis", "transfer", "show", "check", "keras"}, "nothing of tllib"


@pytest.mark.parametrize("picture", ["dog", "cat", "noise"])
def test_the_step_and_its_direction_are_the_librarys(made, lite0, lite0_exact, dog, cat, picture):
    """To the last digit in float64. In float32 rounding turns either by up to a percent: see benchmarks/rounding.py."""
    noise = np.random.default_rng(0).integers(90, 160, (224, 224, 3)).astype("uint8")
    photo = images.crop_resize({"dog": dog, "cat": cat, "noise": noise}[picture], 224)
    for network, close, least in ((lite0_exact, 1e-6, 1 - 1e-6), (lite0, 0.05, 0.99)):
        def plain(pixels, network=network):
            return tf.cast(network(pixels), tf.float32)
        stepped, gradient = made["sign_step"](plain, photo, SIAMESE, 1)
        slope, _ = margin_gradient((network,))(photo[None].astype("float32"), np.array([SIAMESE]),
                                               np.ones(1, "float32"))
        library = synthesis.adversarial_image(network, photo, target="Siamese cat", epsilon=1, steps=1)
        assert np.linalg.norm(unit(gradient) - unit(slope[0])) < close
        assert (stepped == library.image).mean() >= least and stepped.dtype == np.uint8


def test_the_cell_begins_with_the_malamute(made, lite0, dog):
    before, after = made["said"]
    first = backbones.class_index(backbones.top_k(lite0, dog, k=1)[0][0][0])
    assert f"class {first}," in before and after.startswith("after  class")


def test_a_step_stays_within_black_and_white_and_the_gradient_is_the_slope(made, lite0, dog):
    photo = images.crop_resize(dog, 224)
    photo[:9], photo[9:18] = 0, 255
    stepped, gradient = made["sign_step"](lite0, photo, SIAMESE, 8)
    moved = stepped.astype(int) - photo
    np.testing.assert_array_equal(moved, np.clip(photo - 8 * np.sign(gradient), 0, 255) - photo)
    margins = []
    for sign in (1, -1):
        logits = lite0.predict(photo[None] + 4 * sign * unit(gradient).astype("float32"), verbose=0)[0]
        margins.append(np.delete(logits, SIAMESE).max() - logits[SIAMESE])
    assert (margins[0] - margins[1]) / 8 == pytest.approx(np.linalg.norm(gradient), rel=0.1)


def test_networks_of_keras_end_in_a_softmax_unless_told_otherwise():
    for build in (keras.applications.VGG16, keras.applications.ResNet50, keras.applications.MobileNetV2):
        assert inspect.signature(build).parameters["classifier_activation"].default == "softmax"
    network = keras.applications.MobileNetV2(weights=None, alpha=0.35, classifier_activation=None)
    assert network.layers[-1].activation is keras.activations.linear, "logits"
