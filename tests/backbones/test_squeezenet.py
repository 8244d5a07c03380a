"""SqueezeNet: against a forward pass of plain numpy, by the file of its weights; that file, and how it is made."""

import pickle
import runpy

from tests.conftest import ROOT
from tllib import backbones, images
from tllib.backbones import weights

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

SCRIPT = runpy.run_path(ROOT / "benchmarks/squeezenet_weights.py")


def windows(maps, size, step):
    """Every `step`-th window of maps `(height, width, channels)`: `(…, …, channels, size, size)`."""
    return sliding_window_view(maps, (size, size), axis=(0, 1))[::step, ::step]


def convolution(maps, name, stored, step=1, edge=0):
    kernel, bias = stored[f"{name}/kernel"].astype("float64"), stored[f"{name}/bias"]
    maps = np.pad(maps, ((edge, edge), (edge, edge), (0, 0)))
    found = np.tensordot(windows(maps, len(kernel), step), kernel.transpose(2, 0, 1, 3), axes=3)
    return np.maximum(found + bias, 0)


def features_and_logits(pixels, stored):
    """The network as its paper has it, one photo `(227, 227, 3)` at a time."""
    maps = convolution(pixels[..., ::-1] - np.array([104.006, 116.669, 122.679]), "conv1", stored, step=2)
    for fire in range(2, 10):
        if fire in (2, 4, 6):
            maps = windows(maps, 3, 2).max(axis=(-2, -1))
        squeezed = convolution(maps, f"fire{fire}_squeeze1x1", stored)
        maps = np.concatenate([convolution(squeezed, f"fire{fire}_expand1x1", stored),
                               convolution(squeezed, f"fire{fire}_expand3x3", stored, edge=1)], axis=-1)
    assert maps.shape == (13, 13, 512)
    class_maps = maps @ stored["conv10/kernel"].astype("float64") + stored["conv10/bias"]
    return maps.mean(axis=(0, 1)), class_maps.mean(axis=(0, 1))


@pytest.mark.core
def test_features_and_logits_are_those_of_plain_numpy(dog):
    photo = images.crop_resize_batch(dog, 227)
    with np.load(SCRIPT["SHIPPED"]) as stored:
        features, logits = features_and_logits(photo[0], stored)
    np.testing.assert_allclose(backbones.load("squeezenet").predict(photo, verbose=0)[0], features, atol=1e-3)
    network = backbones.load("squeezenet", top=True)
    np.testing.assert_allclose(network.predict(photo, verbose=0)[0], logits, atol=1e-3)


def test_it_names_the_dog_and_the_cat(dog, cat):
    network = backbones.load("squeezenet", top=True)
    assert backbones.top_k(network, dog, k=1)[0][0][0] == "malamute"
    assert {name for name, _ in backbones.top_k(network, cat, k=3)[0]} == {"Egyptian cat", "tiger cat", "tabby"}


def test_its_weights_are_always_here(tmp_path, monkeypatch):
    for variable in ("TLLIB_DATA", "TLLIB_CACHE", "KERAS_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert "squeezenet" in backbones.on_this_machine() and SCRIPT["SHIPPED"] in backbones.weight_files()
    backbones.load("squeezenet")
    assert not list(tmp_path.iterdir()), "nothing is kept elsewhere"
    assert "MIT License" in SCRIPT["SHIPPED"].with_suffix(".LICENSE").read_text()


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda _: b"",
                                    lambda content: content[:9000] + b"\xff" * 64 + content[9064:]])
def test_a_damaged_file_is_refused(damage, tmp_path, monkeypatch):
    damaged = tmp_path / "squeezenet.npz"
    damaged.write_bytes(damage(SCRIPT["SHIPPED"].read_bytes()))
    monkeypatch.setattr(weights, "shipped_file", lambda _: damaged)
    with pytest.raises(ValueError, match=r"squeezenet\.npz is damaged.*Nothing of it was used\. Install tllib again"):
        backbones.load("squeezenet")


def test_a_missing_file_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "shipped_file", lambda _: tmp_path / "squeezenet.npz")
    assert "squeezenet" not in backbones.on_this_machine()
    with pytest.raises(FileNotFoundError, match=r"squeezenet\.npz is missing.*Install tllib again"):
        backbones.load("squeezenet")


def pickled(thing):
    """As NumPy 1 wrote it."""
    return pickle.dumps(thing, protocol=3).replace(b"numpy._core.", b"numpy.core.")


def test_the_script_converts_arrays():
    random = np.random.default_rng(0)
    layers = {"fire2/squeeze1x1": [random.normal(size=(1, 1, 4, 2)).astype("float32"), np.ones(2, "float32")],
              "conv10": [random.normal(size=(1, 1, 2, 5)).astype("float32"), np.zeros(5, "float32")]}
    found = SCRIPT["converted"](pickled(layers))
    assert {name: (array.shape, array.dtype) for name, array in found.items()} == {
        "fire2_squeeze1x1/kernel": ((1, 1, 4, 2), "float16"), "fire2_squeeze1x1/bias": ((2,), "float16"),
        "conv10/kernel": ((2, 5), "float16"), "conv10/bias": ((5,), "float16")}
    np.testing.assert_allclose(found["conv10/kernel"], layers["conv10"][0][0, 0], rtol=2**-11)


class Harm:
    def __reduce__(self):
        return print, ("harmed",)


def test_the_script_refuses_other_pickles(capsys):
    with pytest.raises(pickle.UnpicklingError, match=r"asks for builtins\.print.*refused"):
        SCRIPT["converted"](pickled({"conv1": [Harm(), np.ones(1)]}))
    assert not capsys.readouterr().out
