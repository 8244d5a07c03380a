import dataclasses

from tests.classroom.checks.saying import says
from tllib import synthesis
from tllib.classroom.checks import ideal_images as check
from tllib.synthesis import FOURIER, PIXELS, Recipe

import numpy as np

BOARD = np.array([[0, 60, 0], [0, 60, 0], [60, 0, 60]])
STRIPES = np.array([[0, 100, 0, 100], [0, 100, 0, 100]])


def test_roughness(capsys):
    tensor = synthesis.total_variation(BOARD[None, ..., None].astype("float32"))
    for answer in (45, 45.0, np.float32(45.004), tensor, np.array([45])):
        assert "right." in says(capsys, check.roughness, answer, BOARD)
    assert "right." in says(capsys, check.roughness, 60, STRIPES), "6 pairs of 10 differ"
    for wrong, hint in ((..., "dots"), (5, "cancel out"), (540, "that is the sum"), (60, "one direction only"),
                        (30, "one direction only"), (90, "added"), ([1, 2], "one number"), (41, "not yet"),
                        ("many", "can't be checked")):
        assert hint in says(capsys, check.roughness, wrong, BOARD)
    assert "number of pixels" in says(capsys, check.roughness, 75, STRIPES)


def test_control(capsys):
    for answer in (dataclasses.replace(FOURIER, crop=0), Recipe(crop=0.0)):
        assert "right." in says(capsys, check.control, answer)
    for wrong, hint in ((..., "dots"), (FOURIER, "FOURIER itself"),
                        (dataclasses.replace(FOURIER, crop=0.1), "still moves"),
                        (dataclasses.replace(FOURIER, crop=0, total_variation=0), "total_variation is not"),
                        (dataclasses.replace(PIXELS, crop=0), "parametrization is not"), ({"crop": 0}, "a dict")):
        assert hint in says(capsys, check.control, wrong)
    result = synthesis.ImageResult(BOARD, BOARD, "zebra", None, 1.0, True, 1, 1.0, {}, {})
    assert "that is a drawing" in says(capsys, check.control, result)


def test_together(capsys, lite0, dog):
    quick = dataclasses.replace(PIXELS, steps=40, crop=0, noise=0)
    both, other = (synthesis.ideal_image(lite0, target, recipe=quick) for target in (("zebra", "strawberry"), "zebra"))
    for answer in (both, both.image, both.image.astype("float32"), both.image[None]):
        assert "right." in says(capsys, check.together, answer, lite0)
    for wrong, hint in ((..., "dots"), (other, "zebra has risen"), (dog, "neither"), (both.image / 255.0, "0 to 255"),
                        ("zebra", "a picture"), (both.image[..., 0], "a picture"), (None, "a picture")):
        assert hint in says(capsys, check.together, wrong, lite0)


def test_two_minds(capsys, lite0, lite1, dog, cat):
    one, two, of_cat = (synthesis.adversarial_image(lite0, photo, target="zebra", epsilon=epsilon, steps=20)
                        for photo, epsilon in ((dog, 2), (dog, 4), (cat, 4)))
    for answer in (one, two, one.image, two.image.astype("float32")):
        assert "right." in says(capsys, check.two_minds, answer, lite0, lite1)
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype("uint8")
    for wrong, hint in ((..., "dots"), (dog, "first choice is malamute"), (noise, "not that sure of a zebra"),
                        ("zebra", "a picture"), (one.image / 255.0, "0 to 255"), (one.image[..., 0], "a picture"),
                        (of_cat, "still sees the dog")):
        assert hint in says(capsys, check.two_minds, wrong, lite0, lite1)
    assert "sees the zebra as well" in says(capsys, check.two_minds, one, lite0, lite0)
