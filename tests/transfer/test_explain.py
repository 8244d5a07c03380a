import os
import subprocess
import sys
import zipfile

from tllib import backbones, datasets, images, transfer

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def classifier():
    photos = datasets.load("pets").subset(60, seed=2)
    backbone = backbones.load("efficientnet_lite0")
    return transfer.assemble(backbone, transfer.train_head(transfer.extract_features(backbone, photos)),
                             photos.class_names)


def test_one_image_at_a_time(classifier, dog):
    both = np.stack([images.crop_resize(dog, 224)] * 2)
    for call in (lambda: transfer.grad_cam(classifier, both),
                 lambda: transfer.activations(classifier.model, both, ["class_logits"])):
        with pytest.raises(ValueError, match=r"One image .* got 2"):
            call()


@pytest.mark.core
def test_saved_and_loaded_in_a_new_process_it_says_the_same(classifier, dog, tmp_path):
    path = classifier.save(tmp_path / "pets.keras")
    again = transfer.load_classifier(path)
    assert (again.class_names, again.backbone) == (classifier.class_names, "efficientnet_lite0")
    np.testing.assert_array_equal(again.predict(dog), classifier.predict(dog))
    code = (f"import numpy as np; from tllib import images, transfer; one = transfer.load_classifier({str(path)!r}); "
            f"np.save({str(tmp_path / 'out.npy')!r}, one.predict(np.load({str(tmp_path / 'in.npy')!r})))")
    np.save(tmp_path / "in.npy", dog)
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), classifier.predict(dog), atol=1e-6)
    np.testing.assert_array_equal(transfer.grad_cam(again, dog), transfer.grad_cam(classifier, dog))
    assert [file.name for file in tmp_path.glob("*.keras")] == ["pets.keras"]


def test_files_that_are_no_classifier(classifier, tmp_path):
    path = classifier.save(tmp_path / "pets.keras")
    content = path.read_bytes()
    for name, bad in (("half.keras", content[:len(content) // 2]), ("text.keras", b"hello"), ("empty.keras", b"")):
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(ValueError, match=f"{name} is damaged, or not written by"):
            transfer.load_classifier(tmp_path / name)
    classifier.model.save(tmp_path / "plain.keras")
    with pytest.raises(ValueError, match=r"plain\.keras is damaged, or not written by"):
        transfer.load_classifier(tmp_path / "plain.keras")
    with pytest.raises(FileNotFoundError, match="No classifier at"):
        transfer.load_classifier(tmp_path / "nowhere.keras")
    with pytest.raises(ValueError, match=r"save as \.keras"):
        classifier.save(tmp_path / "pets.h5")


def test_a_lambda_in_the_file_is_not_run(classifier, tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten()])
    model.save(tmp_path / "evil.keras")
    with zipfile.ZipFile(tmp_path / "evil.keras", "a") as archive:
        archive.writestr("tllib.json", '{"class_names": ["a"], "backbone": "vgg16"}')
    with pytest.raises(ValueError, match=r"evil\.keras is damaged, or not written by"):
        transfer.load_classifier(tmp_path / "evil.keras")


@pytest.mark.core
def test_activations_are_those_of_the_layers(classifier, dog):
    found = transfer.activations(classifier.model, dog, ["stem_relu", "head_relu", "class_logits"])
    assert found["stem_relu"].shape == (112, 112, 32) and found["head_relu"].shape == (7, 7, 1280)
    powers = np.exp(found["class_logits"] - found["class_logits"].max())
    probabilities = powers / powers.sum()
    np.testing.assert_allclose(probabilities, classifier.predict(dog)[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"Unknown layer 'head_rleu'\. Did you mean 'head_relu'"):
        transfer.activations(classifier.model, dog, ["head_rleu"])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the check itself uses TensorFlow's gradients")
def test_grad_cam_weights_are_the_gradients(classifier, cat):
    import tensorflow as tf
    maps_layer, logits_layer = (classifier.model.get_layer(name) for name in ("head_relu", "class_logits"))
    probe = keras.Model(classifier.model.input, [maps_layer.output, logits_layer.output])
    with tf.GradientTape() as tape:
        maps, logits = probe(images.crop_resize_batch(cat, 224))
        gradient = tape.gradient(logits[0, 0], maps)
    weights = gradient.numpy()[0].mean(axis=(0, 1))
    expected = np.maximum(maps.numpy()[0] @ weights, 0)
    found = transfer.grad_cam(classifier, cat, classifier.class_names[0])
    expected = keras.ops.convert_to_numpy(keras.ops.image.resize(expected[None, ..., None], (224, 224)))[0, ..., 0]
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-3)
    with pytest.raises(ValueError, match=r"Unknown class 'Cats'\. Did you mean 'Cat'"):
        transfer.grad_cam(classifier, cat, "Cats")


def own_classifier(name):
    """A classifier with a head of one's own, of two layers, on a family's backbone."""
    keras.utils.set_random_seed(0)
    backbone = backbones.load(name, weights=None)
    hidden = keras.layers.Dense(16, "relu")(keras.layers.LayerNormalization()(backbone.output))
    model = keras.Model(backbone.input, keras.Sequential([keras.layers.Dense(3, "softmax")])(hidden))
    return transfer.Classifier(model, ("a", "b", "c"), name)


# One of each kind of architecture. In MobileNetV3 and ConvNeXt more than an average follows the last maps.
ARCHITECTURES = ("vgg16", "resnet50", "resnet50v2", "mobilenet_025", "mobilenetv2", "mobilenetv3small",
                 "efficientnetv2b0", "convnext_tiny", "efficientnet_lite0", "squeezenet")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the check itself uses TensorFlow's gradients")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_grad_cam_is_that_of_the_true_gradient(name, dog, monkeypatch):
    import tensorflow as tf
    monkeypatch.setattr("tllib.backbones.backbone._randomise", lambda model, seed: None)  # with Keras's own weights
    classifier = own_classifier(name)
    model, size = classifier.model, backbones.input_size(classifier.model)
    probe = keras.Model(model.input, [model.get_layer(backbones.last_conv_layer(name)).output, model.layers[-2].output])
    kernel, bias = model.layers[-1].get_weights()
    with tf.GradientTape(persistent=True) as tape:
        maps, hidden = probe(images.crop_resize_batch(dog, size), training=False)
        answers = hidden @ kernel + bias
        logits = [answers[0, number] for number in range(3)]
    for number, class_name in enumerate(classifier.class_names):
        weights = tape.gradient(logits[number], maps).numpy()[0].mean(axis=(0, 1))
        expected = np.maximum(maps.numpy()[0] @ weights, 0)
        expected = keras.ops.image.resize(expected[None, ..., None], (size, size))
        expected = keras.ops.convert_to_numpy(expected)[0, ..., 0]
        found = transfer.grad_cam(classifier, dog, class_name)
        if expected.max() == 0:
            np.testing.assert_array_equal(found, 0)
        else:
            assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def test_grad_cam_of_a_nested_backbone_says_what_to_do(dog):
    backbone = backbones.load("mobilenet_025", weights=None)
    nested = keras.Sequential([backbone, keras.layers.Dense(2, "softmax")])
    with pytest.raises(ValueError, match=r"no layer 'conv_pw_13_relu'.*one flat model"):
        transfer.grad_cam(transfer.Classifier(nested, ("a", "b"), "mobilenet_025"), dog)
