"""Ideal and adversarial images on the real network, and their success measured on the saved file."""

import numpy as np
import pytest

from tllib import backbones, datasets, images, synthesis


def state(network):
    return [weight.copy() for weight in network.get_weights()]


@pytest.mark.core
def test_the_objective_rises_and_the_network_is_left_as_it_was(lite0):
    before, trainable = state(lite0), [layer.trainable for layer in lite0.layers]
    result = synthesis.ideal_image(lite0, "zebra", steps=24, seed=0)
    assert result.history["objective"][-1] < result.history["objective"][0] - 3
    assert list(result.history["step"]) == [8, 16, 24]
    assert [layer.trainable for layer in lite0.layers] == trainable
    for now, then in zip(lite0.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)  # BatchNorm statistics included, bit for bit


@pytest.mark.parametrize("canvas", ["pixels", "waves"])
def test_total_variation_calms_the_image(canvas, lite0):
    rough, calm = (synthesis.ideal_image(lite0, "zebra", canvas=canvas, total_variation=weight, steps=16, zoom=0)
                   for weight in (0, 5))
    assert calm.history["total_variation"][-1] < 0.9 * rough.history["total_variation"][-1]


@pytest.mark.parametrize("target, seed", [("Siamese cat", 0), ("zebra", 1)])
def test_another_network_recognises_the_ideal_image(target, seed, lite0, lite1):
    result = synthesis.ideal_image(lite0, target, seed=seed)
    assert result.success and result.steps <= 256
    probability, rank = synthesis.second_opinion(lite1, result.image, target)
    assert probability >= 0.8 and rank == 1


@pytest.mark.core
def test_same_seed_same_picture(lite0):
    first, again, other = (synthesis.ideal_image(lite0, "zebra", steps=8, seed=seed).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def fooled_after_saving(network, photo, path):
    before = photo.copy()
    result = synthesis.adversarial_image(network, photo, target="Siamese cat", epsilon=1)
    np.testing.assert_array_equal(photo, before)
    reloaded = images.load(images.save(path, result.image))
    np.testing.assert_array_equal(reloaded, result.image)
    assert np.abs(reloaded.astype(int) - result.start).max() == result.distance["largest"] == 1
    return backbones.top_k(network, reloaded, k=1)[0][0][0]


@pytest.mark.core
def test_the_free_dog_becomes_a_cat_by_one_grey_level(lite0, dog, tmp_path):
    assert fooled_after_saving(lite0, dog, tmp_path / "dog.png") == "Siamese cat"


def test_ten_dogs_become_cats_by_one_grey_level(lite0, shared, tmp_path):
    photos = datasets.load("cats_vs_dogs", root=shared / "data")
    dogs = [path for path, label in zip(photos.paths, photos.labels, strict=True) if photos.class_names[label] == "Dog"]
    answers = [fooled_after_saving(lite0, images.load(path), tmp_path / "dog.png") for path in dogs[:10]]
    assert answers == ["Siamese cat"] * 10


def test_one_small_step_already_raises_the_target(lite0, dog):
    before = synthesis.second_opinion(lite0, images.fit(dog, 224), "Siamese cat")[0]
    result = synthesis.adversarial_image(lite0, dog, target="Siamese cat", steps=1)
    assert result.probability > before and result.steps == 1


def test_a_photo_that_is_not_the_source(lite0, dog):
    with pytest.raises(ValueError, match=r"calls this photo 'malamute' \(\d+%\), not 'beagle'"):
        synthesis.adversarial_image(lite0, dog, source="beagle", target="Siamese cat")
    with pytest.raises(ValueError, match="the target already"):
        synthesis.adversarial_image(lite0, dog, target="malamute")


@pytest.mark.parametrize("options, message", [
    ({"epsilon": 0.5}, "whole grey levels.*0.5"), ({"epsilon": 0}, "whole grey levels"), ({"steps": 0}, "steps from 1"),
    ({"target": "siames cat"}, "Did you mean 'Siamese cat'"),
])
def test_adversarial_settings(options, message, lite0, dog):
    with pytest.raises(ValueError, match=message):
        synthesis.adversarial_image(lite0, dog, **{"target": "Siamese cat", **options})


@pytest.mark.parametrize("options, message", [
    ({"canvas": "paper"}, "'waves' or 'pixels'"), ({"total_variation": -1}, "total_variation >= 0"),
    ({"zoom": 1}, "zoom < 1"), ({"steps": 0}, "steps >= 1"),
])
def test_ideal_settings(options, message, lite0):
    with pytest.raises(ValueError, match=message):
        synthesis.ideal_image(lite0, "zebra", **options)
