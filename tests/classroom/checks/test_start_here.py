from tests.classroom.checks.saying import says
from tllib import backbones, images
from tllib.classroom.checks import start_here as check

import numpy as np
import pytest

ALL = ["efficientnet_lite1", "efficientnet_lite0", "mobilenetv2", "vgg16"]


def test_exercise_1(capsys, cat, dog):
    assert cat.shape[:2] == check.CAT and dog.shape[:2] == check.DOG
    for right in (cat.shape[:2], list(cat.shape[:2]), np.array([300, 451]), (300.0, 451.0)):
        assert "right." in says(capsys, check.size, right)
    for wrong, hint in ((..., "dots"), ((451, 300), "other way round"), (cat.shape, "colours"), (cat, "whole picture"),
                        ((224, 224), "network sees"), (dog.shape[:2], "the dog"), (300, "two numbers"),
                        ((300, 450), "not yet"), ("300 × 451", "two numbers"), (None, "two numbers")):
        assert hint in says(capsys, check.size, wrong)


def test_exercise_2(capsys, cat):
    friends = cat / 255
    for right in (images.to_uint8(255 * friends), 255 * friends, np.rint(friends * 255).astype("uint8"), cat,
                  (255 * friends).astype("float32")):
        assert "right." in says(capsys, check.pixels, right, friends)
    for wrong, hint in ((..., "dots"), (friends, "still goes from 0 to 1"), (friends.astype("uint8"), "Multiply first"),
                        (friends * 256, "off by 1"), (friends * 255 - 128, "it goes from -128"),
                        (friends * 300, "go from 0 to 255"),
                        (images.crop_resize(cat, 224), "shape (300, 451, 3) is asked for"), (255, "a number"),
                        (friends * 100, "off by")):
        assert hint in says(capsys, check.pixels, wrong, friends)
    assert np.array_equal(friends, cat / 255), "an answer is left as it is"


def test_exercise_3(capsys, lite0, dog):
    guesses = backbones.top_k(lite0, dog, k=5)[0]
    first, second, third = (name for name, _ in guesses[:3])
    for right in (second, guesses[1], second.upper(), second.replace(" ", "_")):
        assert "right." in says(capsys, check.second_choice, right, lite0, dog)
    for wrong, hint in ((..., "dots"), (first, "first choice"), (third, "number 3"), (guesses, "one name"),
                        (guesses[1][1], "This is a float"), ("zebra crossing", "Unknown ImageNet class"),
                        (2, "one name")):
        shown = says(capsys, check.second_choice, wrong, lite0, dog)
        assert hint in shown and second not in shown


@pytest.mark.parametrize("here, smallest, largest", [(ALL, "mobilenetv2", "vgg16"),
                                                     (ALL[:2], "efficientnet_lite0", "efficientnet_lite1")])
def test_exercise_4(capsys, monkeypatch, here, smallest, largest):
    monkeypatch.setattr(backbones, "on_this_machine", lambda: sorted(here))
    rows = backbones.compare(["efficientnet_lite0"], measure=False).rows
    by_hand = min(here, key=lambda name: check.FAMILIES[name].parameters)
    for right in (smallest, by_hand):
        assert "right." in says(capsys, check.smallest, right)
    for wrong, hint in ((..., "dots"), (largest, "the largest"), (rows[0], "This is a Cost"), (here, "This is a list"),
                        ("convnext_tiny", "not on this machine"), ("efficientnet", "is no backbone")):
        shown = says(capsys, check.smallest, wrong)
        assert hint in shown and smallest not in shown
    if here is ALL:
        assert "fewer weights" in says(capsys, check.smallest, "efficientnet_lite0")


def test_where_one_network_is_all_there_is_it_is_the_smallest(capsys, monkeypatch):
    monkeypatch.setattr(backbones, "on_this_machine", lambda: ["efficientnet_lite0"])
    assert "right." in says(capsys, check.smallest, "efficientnet_lite0")
