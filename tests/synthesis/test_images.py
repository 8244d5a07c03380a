"""Ideal images on the real network: what is drawn, judged by a network that never saw it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from tllib import backbones, images, synthesis
from tllib.backbones import engine
from tllib.synthesis import FOURIER, PIXELS, Recipe, loop, transforms

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image, ImageSequence

QUICK = replace(FOURIER, steps=8, total_variation=0)


def state(network):
    return [weight.copy() for weight in network.get_weights()]


@pytest.fixture(scope="module")
def small():
    """A quick network of random weights, for what does not depend on what it learned."""
    return backbones.load("mobilenet_025", weights=None, top=True)


@pytest.mark.core
def test_the_objective_rises_and_the_network_is_left_as_it_was(lite0):
    before, trainable = state(lite0), [layer.trainable for layer in lite0.layers]
    result = synthesis.ideal_image(lite0, "zebra", recipe=replace(FOURIER, steps=24))
    assert result.history["objective"][-1] < result.history["objective"][0] - 3
    rough = float(synthesis.total_variation(result.image[None].astype("float32"))[0])
    assert result.history["total_variation"][-1] == pytest.approx(rough, abs=0.5)
    assert list(result.history["step"]) == list(range(1, 25)) and result.steps == 24
    assert set(result.history) == {"step", "objective", "probability", "margin", "total_variation"}
    assert [layer.trainable for layer in lite0.layers] == trainable
    for now, then in zip(lite0.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)  # BatchNorm statistics included, bit for bit


@pytest.mark.parametrize("recipe", [PIXELS, FOURIER])
def test_total_variation_calms_the_image(recipe, small):
    recipe = replace(recipe, steps=16, crop=0)
    rough, calm = (synthesis.ideal_image(small, "zebra", recipe=replace(recipe, total_variation=weight))
                   for weight in (0, 50))
    assert calm.history["total_variation"][-1] < 0.9 * rough.history["total_variation"][-1]


def test_another_network_recognises_ideal_images(lite0, lite1):
    cat, zebra = synthesis.ideal_images(lite0, ["Siamese cat", "zebra"], seed=0)
    opinions = synthesis.second_opinions({"lite1": lite1}, [cat, zebra])
    assert cat.success and zebra.success and (cat.target, zebra.target) == ("Siamese cat", "zebra")
    assert (opinions.probability["lite1"] >= 0.5).all() and (opinions.rank["lite1"] == 1).all()
    for number, each in enumerate((cat, zebra)):
        probability, rank = synthesis.second_opinion(lite1, each.image, each.target)
        assert rank == 1 and probability == pytest.approx(opinions.probability["lite1"][number], abs=1e-4)
    assert "lite1" in str(opinions) and "2 of 2" in str(opinions)


@pytest.mark.core
def test_same_seed_same_picture(small):
    first, again, other = (synthesis.ideal_image(small, "zebra", recipe=QUICK, seed=seed).image for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    twice = synthesis.ideal_images(small, ["zebra", "zebra"], recipe=QUICK)
    assert (twice[0].image != twice[1].image).mean() > 0.5, "the same class twice gives two drawings"


def test_same_seed_same_pictures_of_several_at_once_too(lite0):
    first, again = (synthesis.ideal_images(lite0, range(8), recipe=replace(FOURIER, steps=2)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.history["objective"].tolist() == other.history["objective"].tolist()


def test_a_recipe_means_the_same_for_networks_of_other_scale(lite0):
    louder = keras.Model(lite0.input, lite0.output * 8)
    louder.class_names = lite0.class_names
    recipe = replace(FOURIER, steps=16)
    usual, loud, calmer = (synthesis.ideal_image(network, "zebra", recipe=recipe).image.astype(float).ravel()
                           for network, recipe in [(lite0, recipe), (louder, recipe),
                                                   (lite0, replace(recipe, total_variation=8))])
    alike = np.corrcoef(usual, loud)[0, 1]
    assert alike > 0.95 and alike > np.corrcoef(usual, calmer)[0, 1] + 0.02


@pytest.mark.parametrize("recipe, size", [(QUICK, 100), (QUICK, 320), (replace(PIXELS, steps=9), 130)])
def test_any_size(recipe, size, small):
    result = synthesis.ideal_image(small, 7, recipe=recipe, size=size)
    assert result.image.shape == result.start.shape == (size, size, 3)
    assert (result.image != result.start).mean() > 0.5
    assert list(result.history["step"])[-1] == recipe.steps and (np.diff(result.history["step"]) > 0).all()


def test_a_mix_of_two_classes(lite0):
    result = synthesis.ideal_image(lite0, ("zebra", "strawberry"), recipe=replace(FOURIER, steps=48, noise=0))
    ranks = [synthesis.second_opinion(lite0, result.image, name)[1] for name in ("zebra", "strawberry")]
    assert max(ranks) <= 50, "of 1000; over six seeds the worse one was 1 to 4"
    alone = synthesis.ideal_image(lite0, "zebra", recipe=replace(FOURIER, steps=24))
    assert synthesis.second_opinion(lite0, alone.image, "strawberry")[1] > 200, "over six seeds 737 to 985"


def test_a_drawing_begins_with_a_photo(lite0, dog):
    result = synthesis.ideal_image(lite0, "zebra", start=dog, recipe=replace(FOURIER, steps=16))
    np.testing.assert_array_equal(result.start, images.crop_resize(dog, 224))
    assert result.distance["ssim"] > 0.4
    unlike = synthesis.ideal_image(lite0, "zebra", recipe=replace(FOURIER, steps=16))
    assert np.corrcoef(unlike.image.ravel(), result.start.ravel())[0, 1] < 0.5
    assert np.corrcoef(result.image.ravel(), result.start.ravel())[0, 1] > 0.7


@pytest.mark.parametrize("start", [np.zeros((40, 40, 3), "float32"), np.ones((40, 40, 3), "uint8"),
                                   Image.new("RGBA", (40, 40))])
def test_a_drawing_begins_with_black(start, small):
    result = synthesis.ideal_image(small, "zebra", recipe=replace(PIXELS, steps=1), start=start, size=32)
    assert result.start.max() <= 1 and result.start.shape == (32, 32, 3)


def test_a_drawing_that_is_all_but_black_is_no_picture_of_0_to_1(small):
    """Neither the picture, nor a frame of its film, nor what a layer draws."""
    recipe = replace(PIXELS, steps=2, learning_rate=0.3)
    black = np.zeros((32, 32, 3), "uint8")
    *_, drawing = synthesis.draw(small, ["zebra"], recipe=recipe, start=black, size=32)
    assert drawing.images.max() <= 1
    assert synthesis.results(small, ["zebra"], drawing)[0].image.max() <= 1
    assert synthesis.layer_image(small, "conv_pw_1", 0, recipe=recipe, start=black, size=32).max() <= 1


@pytest.mark.parametrize("channel", [3, None])
def test_a_layer_draws_what_it_looks_for(channel, lite0, dog):
    layer = backbones.last_conv_layer("efficientnet_lite0")
    eye = keras.Model(lite0.input, lite0.get_layer(layer).output)
    drawn = synthesis.layer_image(lite0, layer, channel, start=dog, recipe=replace(FOURIER, steps=32, noise=0))
    before, after = (eye.predict(images.crop_resize_batch(each, 224), verbose=0) for each in (dog, drawn))
    if channel is None:
        assert (after**2).mean() > 1.5 * (before**2).mean()
    else:
        assert after[..., channel].mean() > before[..., channel].mean() + 0.1


def test_layers_that_have_no_maps(lite0):
    with pytest.raises(ValueError, match="not a layer of efficientnet_lite0 with feature maps"):
        synthesis.layer_image(lite0, "logits")
    with pytest.raises(ValueError, match="0 to 1279; got 5000"):
        synthesis.layer_image(lite0, backbones.last_conv_layer("efficientnet_lite0"), 5000)


@pytest.fixture
def stop_at_12(monkeypatch):
    """Press Stop within the twelfth step."""
    windows = []

    def random_window(random, crop, border):
        windows.append(crop)
        if len(windows) == 13:
            raise KeyboardInterrupt
        return transforms.random_window(random, crop, border)
    monkeypatch.setattr(loop, "random_window", random_window)


@pytest.mark.parametrize("recipe", [replace(QUICK, steps=40), replace(PIXELS, steps=60)])
def test_stop_gives_what_was_drawn(recipe, small, capsys, stop_at_12):
    trainable = [layer.trainable for layer in small.layers]
    result = synthesis.ideal_image(small, "zebra", recipe=recipe)
    assert result.steps == 12 and result.image.shape == (224, 224, 3)
    assert capsys.readouterr().out.count("Stopped") == 1
    assert [layer.trainable for layer in small.layers] == trainable


def test_whoever_leaves_the_loop_keeps_what_is_there(small):
    for drawing in synthesis.draw(small, ["zebra", "tabby"], recipe=QUICK):
        if drawing.step == 3:
            break
    whole = synthesis.ideal_images(small, ["zebra", "tabby"], recipe=QUICK)
    kept = synthesis.results(small, ["zebra", "tabby"], drawing)
    for left, done in zip(kept, whole, strict=True):
        assert left.steps == 3 and done.steps == 8
        np.testing.assert_array_equal(left.history["objective"], done.history["objective"][:3])


def test_drawings_of_the_past_stay_as_they_were(small):
    drawings = list(synthesis.draw(small, ["zebra"], recipe=QUICK))
    assert [(drawing.step, drawing.steps) for drawing in drawings] == [(step, 8) for step in range(1, 9)]
    assert all((one.images != other.images).any() for one, other in pairwise(drawings))
    assert [len(drawing.history["margin"]) for drawing in drawings] == list(range(1, 9))


def test_several_networks_take_turns(lite0, squeezenet):
    pair = [lite0, squeezenet]
    history = synthesis.ideal_image(pair, "zebra", recipe=replace(QUICK, noise=0, crop=0)).history
    alone = synthesis.ideal_image(lite0, "zebra", recipe=replace(QUICK, noise=0, crop=0)).history
    assert history["objective"][0] == alone["objective"][0], "the first step is the first network's"
    first = next(iter(synthesis.draw(lite0, ["zebra"], recipe=replace(QUICK, noise=0, crop=0))))
    second = synthesis.draw(squeezenet, ["zebra"], recipe=replace(QUICK, noise=0, crop=0), start=first.images[0])
    other = next(iter(second)).history["margin"][0, 0]
    far, farther = (abs(history["margin"][1] - margin) for margin in (other, alone["margin"][1]))
    assert far < 0.6 < farther, "the second is the other's"
    solo = synthesis.ideal_image(pair, "zebra", recipe=replace(QUICK, noise=0, crop=0, solo=0.5)).history
    np.testing.assert_array_equal(solo["objective"][:4], alone["objective"][:4])
    assert solo["objective"][5] != alone["objective"][5]


def test_who_draws_together_must_know_the_same_classes(small):
    other = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)])
    with pytest.raises(ValueError, match="1000 and 4 classes"):
        synthesis.draw([small, other], ["zebra"])
    with pytest.raises(ValueError, match="networks is empty"):
        synthesis.draw([], ["zebra"])


def test_an_image_depends_on_its_own_seed_alone(small):
    both = synthesis.ideal_images(small, ["zebra", "tabby"], recipe=replace(QUICK, steps=3), seed=4)
    alone, other = (synthesis.ideal_image(small, "tabby", recipe=replace(QUICK, steps=3), seed=seed) for seed in (5, 6))
    far, farther = (np.abs(both[1].image.astype(int) - each.image).mean() for each in (alone, other))
    assert far < 1 < 3 < farther, "but for rounding, which Adam makes much of"


def test_any_function_of_the_outputs_is_a_target(small):
    number = backbones.class_index("zebra")
    targets = [lambda logits: logits[:, number], lambda logits: -logits[:, number]]
    *_, drawing = synthesis.draw(small, targets, recipe=replace(PIXELS, steps=12, crop=0, noise=0))
    start, up, down = engine.predict(small, np.float32([drawing.start[0], *drawing.images]))[:, number]
    assert down < start < up
    assert set(drawing.history) == {"step", "objective", "total_variation"}
    with pytest.raises(ValueError, match="use draw"):
        synthesis.ideal_image(small, lambda logits: logits[:, 0])
    with pytest.raises(ValueError, match="classes or functions"):
        synthesis.draw(small, ["zebra", lambda logits: logits[:, 0]])


def test_an_animation_of_a_drawing(small, tmp_path):
    drawn = [drawing.images[0] for drawing in synthesis.draw(small, ["zebra"], recipe=QUICK) if drawing.step % 2 == 0]
    path = images.save_animation(tmp_path / "zebra.gif", drawn, frames_per_second=5)
    with Image.open(path) as animation:
        frames = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(animation)]
        assert animation.info["duration"] == 200 and animation.info["loop"] == 0
    assert len(frames) == len(drawn) == 4
    for written, frame in zip(frames, drawn, strict=True):
        assert written.shape == (224, 224, 3) and np.abs(written - frame).mean() < 12
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_animations_of_other_kinds(tmp_path, dog):
    with pytest.raises(ValueError, match=r"ends in \.gif"):
        images.save_animation(tmp_path / "dog.mp4", [dog])
    with pytest.raises(ValueError, match="0 frames"):
        images.save_animation(tmp_path / "dog.gif", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options, message", [
    ({"parametrization": "paper"}, "parametrization='paper': expected 'fourier' or 'pixels'"),
    ({"logsumexp_weight": 2}, "logsumexp_weight=2: .* 0 to 1"),
    ({"total_variation": -1}, "total_variation=-1: expected 0 or more"),
    ({"crop": 1}, "crop=1: .* below 1"),
    ({"border": -0.1}, "border=-0.1: .* below 1"),
    ({"steps": 0}, "steps: expected a whole number, 1 or more"),
    ({"solo": 2}, "solo=2: expected 0 to 1"),
    ({"noise": -1}, "noise=-1: expected 0 or more"),
    ({"colour": 2}, "colour=2: expected 0 to 1"),
    ({"learning_rate": 0}, "learning_rate=0: expected above 0"),
])
def test_recipes(options, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**options)


@pytest.mark.parametrize("targets, options, message", [
    ([], {}, "targets is empty"), ("zebra", {}, "targets is a list, got a single 'zebra'"),
    (["zebr"], {}, "Did you mean 'zebra'"), (["zebra"], {"size": 5}, "32 to 1024"),
    (["zebra"], {"start": np.full((9, 9, 3), 0.5)}, "0 to 255"), ([("zebra", "zbra")], {}, "Did you mean"),
    ([()], {}, "no class"),
])
def test_ideal_settings(targets, options, message, small):
    with pytest.raises(ValueError, match=message):
        synthesis.ideal_images(small, targets, recipe=QUICK, **options)


def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_memory_is_flat_over_many_steps_and_over_several_runs(small, dog):
    drawings = synthesis.draw(small, ["zebra"], recipe=replace(FOURIER, steps=200))
    held = [resident_megabytes() for _ in drawings]
    assert max(held[100:]) - held[99] < 30
    held = []
    for seed in range(6):
        synthesis.ideal_image(small, seed, recipe=QUICK, seed=seed)
        synthesis.adversarial_image(small, dog, target=seed, steps=3, seed=seed)
        held.append(resident_megabytes())
    assert held[-1] - held[1] < 30, held


@pytest.mark.core
def test_a_picture_drawn_on_any_engine(lite0):
    result = synthesis.ideal_image(lite0, "zebra", recipe=replace(PIXELS, steps=12))
    before, after = engine.predict(lite0, np.stack([result.start, result.image]).astype("float32"))[:, 340]
    assert after > before + 1, "the zebra's logit"
    assert ops.is_tensor(result.image) is False and result.image.dtype == np.uint8
