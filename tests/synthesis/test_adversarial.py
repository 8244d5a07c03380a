"""Adversarial images on the real network, their success measured on the file that was saved and loaded again."""

from dataclasses import replace

from tllib import backbones, datasets, images, synthesis
from tllib.backbones import engine
from tllib.synthesis import adversarial
from tllib.synthesis.objectives import margin_gradient

import keras
import numpy as np
import pytest


def reloaded(result, folder):
    picture = images.load(images.save(folder / "picture.png", result.image))
    np.testing.assert_array_equal(picture, result.image)
    return picture


@pytest.fixture
def dogs(shared):
    photos = datasets.load("cats_vs_dogs", root=shared / "data")
    return [images.load(path) for path, label in zip(photos.paths, photos.labels, strict=True)
            if photos.class_names[label] == "Dog"][:6]


@pytest.mark.core
def test_the_free_dog_becomes_a_cat_by_one_grey_level(lite0, dog, tmp_path):
    before = dog.copy()
    result = synthesis.adversarial_image(lite0, dog, source="malamute", target="Siamese cat", epsilon=1)
    np.testing.assert_array_equal(dog, before)
    picture = reloaded(result, tmp_path)
    assert backbones.top_k(lite0, picture, k=1)[0][0][0] == "Siamese cat"
    assert np.abs(picture.astype(int) - result.start).max() == result.distance["largest"] == 1
    assert (result.source, result.target, result.success) == ("malamute", "Siamese cat", True)
    assert result.probability > 0.9 and result.history["confidence"][-1] == pytest.approx(result.probability, abs=0.02)


@pytest.mark.core
def test_the_smallest_change_is_far_smaller_and_survives_saving(lite0, dog, tmp_path):
    one = synthesis.adversarial_image(lite0, dog, target="Siamese cat", epsilon=1)
    least = synthesis.adversarial_image(lite0, dog, target="Siamese cat", epsilon=None, steps=30)
    picture = reloaded(least, tmp_path)
    assert backbones.top_k(lite0, picture, k=1)[0][0][0] == "Siamese cat"
    assert least.distance["l2"] < 0.5 * one.distance["l2"] and least.distance["ssim"] > one.distance["ssim"]
    assert least.distance["l2"] == pytest.approx(np.linalg.norm(picture.astype(float) - least.start))
    assert least.distance["pixels"] < one.distance["pixels"] <= 1


def test_many_dogs_in_one_call(lite0, dogs, tmp_path, monkeypatch):
    monkeypatch.setattr(adversarial, "BATCH", 4)  # so that places are given on to the next dog
    for epsilon, steps in ((1, None), (None, 20)):
        results = synthesis.adversarial_images(lite0, dogs, target="Siamese cat", epsilon=epsilon, steps=steps)
        for photo, result in zip(dogs, results, strict=True):
            np.testing.assert_array_equal(result.start, images.crop_resize(photo, 224))
            assert backbones.top_k(lite0, reloaded(result, tmp_path), k=1)[0][0][0] == "Siamese cat"


def small():
    """A network of four classes, always with the same weights."""
    pixels = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = keras.layers.Conv2D(8, 3, kernel_initializer=keras.initializers.RandomNormal(seed=1))(x)
    dense = keras.layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(seed=2))
    return keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("several", [np.asarray, list, tuple])
def test_a_dark_photo_of_a_bright_batch_is_attacked_too(several):
    batch = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype("float32")
    batch[1] = 0.7
    results = synthesis.adversarial_images(small(), several(batch), steps=2)
    assert [int(result.start[0, 0, 0]) for result in results] == np.rint(batch[:, 0, 0, 0]).tolist()
    with pytest.raises(ValueError, match=r"photo.*multiply by 255"):
        synthesis.adversarial_images(small(), several(batch / 255), steps=2)


@pytest.mark.parametrize("brightest", [0, 1])
def test_an_all_but_black_photo_is_attacked(brightest):
    """Its picture after a step, 0 to 2, is not taken for one that was scaled to 0-1."""
    photo = np.random.default_rng(0).integers(0, brightest + 1, (32, 32, 3)).astype("uint8")
    result = synthesis.adversarial_image(small(), photo, steps=3)
    np.testing.assert_array_equal(result.start, photo)
    assert result.distance["largest"] == 1 and result.image.max() <= brightest + 1


def test_any_other_class_is_easier(lite0, dog):
    away = synthesis.adversarial_image(lite0, dog, epsilon=None, steps=30)
    towards = synthesis.adversarial_image(lite0, dog, target="Siamese cat", epsilon=None, steps=30)
    assert away.success and away.target is None and away.source == "malamute"
    assert backbones.top_k(lite0, away.image, k=1)[0][0][0] != "malamute"
    assert away.distance["l2"] < towards.distance["l2"]


def test_a_classifier_of_your_own(dog, cat):
    backbone = backbones.load("efficientnet_lite0")
    photos = np.stack([images.crop_resize(photo, 224) for photo in (dog, cat)]).astype("float32")
    features = engine.predict(backbone, photos)
    weights = (features[0] - features[1])[:, None] * np.array([[-1.0, 1.0]]) / np.linalg.norm(features[0] - features[1])
    logits = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(weights.astype("float32")),
                                bias_initializer=keras.initializers.Constant(
                                    (-features.mean(axis=0) @ weights).astype("float32")))
    network = keras.Model(backbone.input, logits(backbone.output))  # 0: cat, 1: dog
    fake, untold = (synthesis.adversarial_image(network, dog, target=target, source=1, epsilon=1)
                    for target in (0, None))
    assert fake.success and (fake.source, fake.target) == (1, 0) and untold.success
    assert synthesis.robustness(network, [fake])["saved as PNG"].fooled == 1
    assert synthesis.second_opinion(network, fake.image, 0)[1] == 1
    with pytest.raises(ValueError, match=r"2 classes without names: give a number, .* 0 to 1, not 'Siamese cat'"):
        synthesis.adversarial_image(network, dog, target="Siamese cat")


@pytest.mark.core
@pytest.mark.parametrize("end", ["softmax layer", "softmax activation", "activation layer", "logits"])
def test_a_classifier_is_attacked_and_drawn_as_it_is(lite0, dog, end):
    """Whatever stands at the end of a network, its logits are what is changed, and its probabilities what is told."""
    *_, last = lite0.layers
    dense = keras.layers.Dense(1000, "softmax" if end == "softmax activation" else None)
    outputs = dense(last.input)
    dense.set_weights(last.get_weights())
    if end == "softmax layer":
        outputs = keras.layers.Softmax()(outputs)
    if end == "activation layer":
        outputs = keras.layers.Activation("softmax")(outputs)
    network = keras.Model(lite0.input, outputs)
    network.class_names = lite0.class_names
    fake, expected = (synthesis.adversarial_image(each, dog, target="Siamese cat", epsilon=1)
                      for each in (network, lite0))
    assert fake.success and fake.steps == expected.steps
    assert fake.probability == pytest.approx(expected.probability, abs=1e-3)
    ours, theirs = (backbones.top_k(each, dog, k=1)[0][0][1] for each in (network, lite0))
    assert ours == pytest.approx(theirs, abs=1e-4)
    drawn, theirs = (synthesis.ideal_image(each, "zebra", recipe=replace(synthesis.FOURIER, steps=2))
                     for each in (network, lite0))
    assert drawn.history["objective"][-1] == pytest.approx(theirs.history["objective"][-1], abs=1e-2)


def test_a_robust_change_outlives_jpeg(lite0, dog, cat):
    plain, robust = (synthesis.adversarial_images(lite0, [dog, cat], target="zebra", epsilon=8, robust=robust)
                     for robust in (False, True))
    weak, strong = (synthesis.robustness(lite0, results) for results in (plain, robust))
    assert weak["saved as PNG"].fooled == strong["saved as PNG"].fooled == 1
    assert strong["JPEG, quality 75"].fooled == 1 and strong["resized to 3/4 and back"].fooled == 1
    assert np.mean([row.fooled for row in weak.values()]) < np.mean([row.fooled for row in strong.values()])
    assert max(result.distance["largest"] for result in robust) <= 8


def test_two_networks_at_once(lite0, lite1, dog):
    alone, both = (synthesis.adversarial_image(lite0, dog, target="zebra", epsilon=4, also=also)
                   for also in ([], [lite1]))
    assert alone.success and synthesis.second_opinion(lite1, alone.image, "zebra")[1] > 1
    assert both.success and synthesis.second_opinion(lite1, both.image, "zebra")[1] == 1


def test_survival_of_what_was_never_attacked(lite0, lite1, dog):
    result = synthesis.adversarial_image(lite0, dog, target="zebra", epsilon=1, steps=1)
    untouched = type(result)(**{**vars(result), "image": result.start})
    found = synthesis.robustness(lite0, [untouched], also={"lite1": lite1})
    assert list(found)[-2:] == ["another network: lite1", "all networks, averaged"]
    assert found["saved as PNG"] == synthesis.Robustness(1.0, 0.0, 1.0)
    for row in found.values():
        assert row == synthesis.Robustness(1.0, 0.0, 1.0) or (row.clean_accuracy == 0 and np.isnan(row.fooled))


def test_second_opinions_need_a_target(lite0, dog):
    result = synthesis.adversarial_image(lite0, dog, epsilon=1, steps=1)
    for results in ([result], []):
        with pytest.raises(ValueError, match="with a target"):
            synthesis.second_opinions({"lite0": lite0}, results)
    with pytest.raises(ValueError, match="results is a list, got a single ImageResult"):
        synthesis.second_opinions({"lite0": lite0}, result)
    with pytest.raises(ValueError, match="results is a list, got a single ImageResult"):
        synthesis.robustness(lite0, result)
    with pytest.raises(ValueError, match="also is a list, got a single Model"):
        synthesis.adversarial_image(lite0, dog, also=lite0)


def test_one_small_step_already_raises_the_target(lite0, dog):
    before = synthesis.second_opinion(lite0, images.crop_resize(dog, 224), "Siamese cat")[0]
    result = synthesis.adversarial_image(lite0, dog, target="Siamese cat", steps=1)
    assert result.probability > before and result.steps == 1


def test_stop_gives_what_was_reached(lite0, dog, monkeypatch, capsys):
    calls = []

    def stopped(*args):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return margin_gradient((lite0,))(*args)

    monkeypatch.setattr(adversarial, "margin_gradient", lambda networks: stopped)
    result = synthesis.adversarial_image(lite0, dog, target="Siamese cat", epsilon=1)
    assert result.steps == 2 and "Stopped" in capsys.readouterr().out
    assert all(not layer.trainable for layer in lite0.layers)


@pytest.mark.core
def test_gradients_of_the_network_match_finite_differences(lite0, dog):
    photo = images.crop_resize_batch(dog, 224)
    gradient = margin_gradient((lite0,))
    slope, logits = gradient(photo, np.array([284]), np.ones(1, "float32"))
    direction = -slope
    np.testing.assert_allclose(logits[:, 0], lite0.predict(photo, verbose=0), atol=1e-3)
    unit = direction / np.linalg.norm(direction)
    margins = []
    for sign in (1, -1):
        found = lite0.predict(photo + 4 * sign * unit, verbose=0)[0]
        margins.append(found[284] - np.delete(found, 284).max())
    assert (margins[0] - margins[1]) / 8 == pytest.approx(np.linalg.norm(direction), rel=0.1)
    away, _ = gradient(photo, np.array([284]), -np.ones(1, "float32"))
    np.testing.assert_allclose(away, direction, atol=1e-4 * np.abs(direction).max())


def test_a_photo_that_is_not_the_source(lite0, dog):
    with pytest.raises(ValueError, match=r"calls photo 0 'malamute' \(\d+%\), not 'beagle'"):
        synthesis.adversarial_image(lite0, dog, source="beagle", target="Siamese cat")
    with pytest.raises(ValueError, match="the target already"):
        synthesis.adversarial_image(lite0, dog, target="malamute")


@pytest.mark.parametrize("options, message", [
    ({"epsilon": 0.5}, "whole grey levels.*0.5"), ({"epsilon": 0}, "whole grey levels"),
    ({"steps": 0}, "steps: expected a whole number"), ({"target": "siames cat"}, "Did you mean 'Siamese cat'"),
    ({"epsilon": None, "robust": True}, "needs a budget"),
])
def test_adversarial_settings(options, message, lite0, dog):
    with pytest.raises(ValueError, match=message):
        synthesis.adversarial_image(lite0, dog, **{"target": "Siamese cat", **options})


def test_no_photos(lite0):
    with pytest.raises(ValueError, match="photos is empty"):
        synthesis.adversarial_images(lite0, [])
