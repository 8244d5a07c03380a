import hashlib
from dataclasses import replace
from functools import partial

from tests.faulty_server import serving
from tllib import backbones, download
from tllib.backbones import families, weights
from tllib.backbones.families import FAMILIES
from tllib.backbones.weights import FILES, PACKAGED, SHIPPED, WeightFile

import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format


def test_hashes_are_those_that_keras_publishes():
    from keras.src.applications import convnext, efficientnet_v2, mobilenet_v3, resnet
    published = {**resnet.WEIGHTS_HASHES, "mobilenetv3small": mobilenet_v3.WEIGHTS_HASHES["small_224_1.0_float"],
                 "mobilenetv3large": mobilenet_v3.WEIGHTS_HASHES["large_224_1.0_float"],
                 "efficientnetv2b0": efficientnet_v2.WEIGHTS_HASHES["b0"],
                 "convnext_tiny": convnext.WEIGHTS_HASHES["convnext_tiny"]}
    for name in ("resnet50", "resnet101", "resnet152", "resnet50v2", "mobilenetv3small", "mobilenetv3large",
                 "efficientnetv2b0", "convnext_tiny"):
        assert [file.digest for file in FILES[name]] == list(published[name])[:len(FILES[name])]


def test_every_backbone_has_its_files_on_record():
    assert sorted([*FILES, *PACKAGED, *SHIPPED]) == backbones.names()
    for name, files in FILES.items():
        for file in files:
            assert len(file.digest) in (32, 64)
            assert file.size is None or file.size < 4.7 * FAMILIES[name].parameters


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A machine without any weight file, quick about waiting."""
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("TLLIB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    return tmp_path / "data/weights"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """MobileNetV2 at its smallest, its two files in Keras's own format, as a row of the table; (files, models)."""
    build = partial(families._application, name="MobileNetV2", scaling=families._minus_one_to_one, alpha=0.35)
    files, models = {}, {}
    for kind, top in (("file", True), ("bare_file", False)):
        model = build(224, include_top=top)
        rng = np.random.default_rng(7)
        model.set_weights([rng.uniform(0.01, 0.1, weight.shape) for weight in model.get_weights()])
        path = tmp_path / f"{kind}.h5"
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
        files[f"small/{kind}.h5"], models[kind] = path.read_bytes(), model
    monkeypatch.setitem(FAMILIES, "small", replace(FAMILIES["mobilenetv2"], build=build))
    monkeypatch.setitem(FILES, "small", tuple(
        WeightFile(name, len(files[name]), hashlib.new(kind, files[name]).hexdigest())
        for name, kind in (("small/file.h5", "md5"), ("small/bare_file.h5", "sha256"))))
    return files, models


def kernel(model):
    return model.get_layer("Conv1").get_weights()[0]


@pytest.mark.core
def test_fetched_verified_kept_and_then_found_without_a_network(empty, small, monkeypatch):
    files, models = small
    with serving(files, {"small/file.h5": [{"cut": 50_000}, {}]}) as server:
        monkeypatch.setattr(weights, "SERVERS", (server.url,))
        backbone, network = backbones.load("small"), backbones.load("small", top=True)
        assert [name for name, _ in server.asked] == ["small/bare_file.h5", "small/file.h5", "small/file.h5"]
    np.testing.assert_array_equal(kernel(backbone), kernel(models["bare_file"]))
    np.testing.assert_array_equal(network.get_layer("predictions").get_weights()[0],
                                  models["file"].get_layer("predictions").get_weights()[0])
    assert sorted(path.name for path in empty.iterdir() if path.suffix == ".h5") == ["bare_file.h5", "file.h5"]
    assert not list(empty.glob("*.part")) and not list(empty.glob("*.fetched"))
    monkeypatch.setattr("socket.socket", None)
    np.testing.assert_array_equal(kernel(backbones.load("small")), kernel(backbone))


@pytest.mark.parametrize("place", ["data", "keras"])
def test_a_truncated_file_heals(empty, small, monkeypatch, tmp_path, place):
    files, models = small
    broken = empty / "bare_file.h5" if place == "data" else tmp_path / "keras/models/bare_file.h5"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(files["small/bare_file.h5"][:5000])
    monkeypatch.setattr(weights, "SERVERS", ("http://127.0.0.1:9/",))
    with pytest.raises(FileNotFoundError, match=r"(?s)bare_file\.h5 is damaged \(5,000 bytes.*connection.*put it in"):
        backbones.load("small")
    assert broken.stat().st_size == 5000, "nothing is thrown away before something better is there"
    with serving(files) as server:
        monkeypatch.setattr(weights, "SERVERS", (server.url,))
        np.testing.assert_array_equal(kernel(backbones.load("small")), kernel(models["bare_file"]))
    assert (empty / "bare_file.h5").read_bytes() == files["small/bare_file.h5"]


def test_what_is_not_the_published_file_is_never_kept(empty, small, monkeypatch):
    files, _ = small
    whole = files["small/bare_file.h5"]
    for content in (b"<html>Not found</html>", whole[:len(whole) // 2], whole[:-1] + b"x"):
        with serving(files, {"small/bare_file.h5": [{"content": content}]}) as server:
            monkeypatch.setattr(weights, "SERVERS", (server.url,))
            with pytest.raises(FileNotFoundError, match=r"it offers .* expected|SHA-256 .*expected"):
                backbones.load("small")
        assert not list(empty.glob("*.h5"))


def test_offline_and_absent_says_everything_and_opens_no_socket(empty, monkeypatch):
    monkeypatch.setenv("TLLIB_OFFLINE", "1")
    monkeypatch.setattr("socket.socket", None)
    with pytest.raises(FileNotFoundError) as error:
        backbones.load("vgg16")
    for part in ("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 (59 MB)", "TLLIB_OFFLINE=1", "https://storage.googleapis.com",
                 str(empty), "here now: efficientnet_lite0, ", "efficientnet_lite2, squeezenet"):
        assert part in str(error.value)


def test_a_file_with_the_top_serves_for_features_too(empty, small):
    files, models = small
    empty.mkdir(parents=True)
    (empty / "file.h5").write_bytes(files["small/file.h5"])
    backbone = backbones.load("small")
    assert backbone.output_shape == (None, 1280)
    np.testing.assert_array_equal(kernel(backbone), kernel(models["file"]))


@pytest.mark.core
def test_real_mobilenet_weights_from_a_server(empty, shared, monkeypatch, dog):
    content = (shared / "data/weights/mobilenet_2_5_224_tf.h5").read_bytes()
    with serving({"mobilenet/mobilenet_2_5_224_tf.h5": content}) as server:
        monkeypatch.setattr(weights, "SERVERS", (server.url,))
        network = backbones.load("mobilenet_025", top=True)
    direct = backbones.load("mobilenet_025", top=True, weights=shared / "data/weights/mobilenet_2_5_224_tf.h5")
    for ours, theirs in zip(network.get_weights(), direct.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert backbones.top_k(network, dog, k=1) == backbones.top_k(direct, dog, k=1)


def test_a_damaged_file_that_was_brought_is_not_blamed_on_the_package(empty, monkeypatch, tmp_path):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "cache"))
    brought = empty / PACKAGED["efficientnet_lite0"].name
    brought.parent.mkdir(parents=True)
    brought.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"data/weights/.*pth is damaged .*Remove it, or bring it again\.$"):
        backbones.load("efficientnet_lite0")


def test_without_a_connection_the_variable_and_the_steps_by_hand_are_said(empty, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,fe80::/10")
    with pytest.raises(FileNotFoundError, match=r"(?s)NO_PROXY='localhost,fe80::/10'.*Fetch https?://.*with a browser"):
        backbones.load("mobilenet_025", top=True)
