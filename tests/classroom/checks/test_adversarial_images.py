from functools import partial

from tests.classroom.checks.saying import says
from tllib import backbones, datasets, images, synthesis, transfer
from tllib.classroom.checks import adversarial_images as check
from tllib.synthesis.objectives import margin_gradient

import cv2
import keras
import numpy as np
import pytest

BEFORE = np.array([[[10, 20, 30], [40, 50, 60]]], "uint8")
AFTER = np.array([[[10, 23, 26], [40, 50, 60]]], "uint8")  # + 3 and - 4, so the L2 norm is 5


def test_distances(capsys):
    for answer in ((4, 5), (np.float32(4), np.array([5.0])), (4.0, 5.0001)):
        assert "right." in says(capsys, check.distances, *answer, BEFORE, AFTER)
    careless = AFTER - BEFORE
    for wrong, hint in (((..., ...), "dots"), ((4, ...), "dots"), ((careless.max(), 5), "largest: pixels are uint8"),
                        ((np.abs(BEFORE - AFTER).max(), 5), "largest: pixels are uint8"), ((3, 5), "without its sign"),
                        ((-4, 5), "without its sign"), ((7 / 6, 5), "mean"), ((4 / 255, 5), "share of 255"),
                        ((17, 5), "largest: not yet"), ((4, np.linalg.norm(careless)), "l2: pixels are uint8"),
                        ((4, 25), "root is missing"), ((4, 5 / np.sqrt(6)), "adds them up"), ((4, 7), "L1"),
                        ((4, 1), "cancel out"), ((4, 6), "l2: not yet"), ((AFTER, 5), "two numbers"),
                        ((None, 5), "can't be checked")):
        assert hint in says(capsys, check.distances, *wrong, BEFORE, AFTER)


def test_iterated(capsys, lite0, dog):
    photo = images.crop_resize(dog, 224)
    photo[0, 0], photo[0, 1] = 0, 255
    box = photo.astype(int) - 2, photo.astype(int) + 2

    def walk(steps, low, high, sign=1, start=None):
        picture, gradient = photo, margin_gradient((lite0,))
        for _ in range(steps):
            asked = images.crop_resize_batch(picture if start is None else start, 224)
            slope, _ = gradient(asked, np.array([backbones.class_index("Siamese cat")]), np.ones(1, "float32"))
            picture = np.clip(images.to_uint8(picture - sign * np.sign(slope[0])), low, high).astype("uint8")
        return picture

    library = synthesis.adversarial_image(lite0, photo, target="Siamese cat", epsilon=2).image
    for answer in (walk(6, *box), library):
        assert "right." in says(capsys, check.iterated, answer, lite0, photo, "Siamese cat", 2)
    for wrong, hint in ((..., "dots"), (library[:9], "shape"), (library.astype("float32"), "float32"),
                        (photo, "no pixel has changed"), ((photo.astype(int) - 1).astype("uint8"), "other end"),
                        (walk(4, 0, 255), "has moved 4 grey levels"), (walk(2, *box, sign=-1), "other way"),
                        (walk(1, *box), "a new gradient"), (walk(4, *box, start=photo), "a new gradient"),
                        (None, "shape")):
        assert hint in says(capsys, check.iterated, wrong, lite0, photo, "Siamese cat", 2)


def test_defence(capsys, lite0, dog, cat):
    attacked = synthesis.adversarial_images(lite0, [dog, cat], epsilon=1)
    jpeg = synthesis.Distortion("JPEG", images.as_jpeg)
    for answer in (images.as_jpeg, partial(images.as_jpeg, quality=50), jpeg, lambda picture: picture[:, ::-1]):
        assert "right." in says(capsys, check.defence, answer, lite0, attacked)
    for wrong, hint in ((..., "dots"), (dog, "ndarray"), (lambda picture: picture, "still fool"),
                        (lambda picture: cv2.blur(picture, (25, 25)), "wash more gently"),
                        (lambda picture: images.as_jpeg(picture, quality=3), "wash more gently"),
                        (lambda picture: attacked[0].start, "the same picture"), (lambda picture: ..., "no picture"),
                        (lambda picture: picture / 255.0, "no picture"), (lambda: dog, "can't be checked")):
        assert hint in says(capsys, check.defence, wrong, lite0, attacked)


def red_or_blue(grain, *, broad=0.05):
    """A classifier of cats, which are red, and dogs, which are blue; `grain` is what it makes of a fine pattern."""
    weights = np.zeros((32, 32, 3), "float32")
    weights[..., 0], weights[..., 2] = -broad / 1024, broad / 1024
    weights += grain * (-1.0) ** np.indices((32, 32)).sum(axis=0)[..., None]
    layer = keras.layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), layer])
    layer.set_weights([np.stack([np.zeros(3072), weights.ravel()], axis=1), np.zeros(2)])
    return transfer.Classifier(model, ("cat", "dog"), "none")


@pytest.fixture
def pets(tmp_path):
    """Sixteen photos to learn from, sixteen held back."""
    def part(name, seed, lighter):
        random, paths = np.random.default_rng(seed), []
        for number in range(16):
            pixels = np.array([170, 120, 110] if number < 8 else [110, 120, 170]) + lighter + random.normal(0, 8, 3)
            paths.append(tmp_path / f"{name}{number}.png")
            images.save(paths[-1], images.to_uint8(pixels + random.normal(0, 2, (32, 32, 3))))
        return datasets.PhotoSet(tuple(paths), np.repeat([0, 1], 8).astype("int32"), ("cat", "dog"), "")
    return part("train", 0, lighter=0), part("test", 1, lighter=30)


def test_trained_against(capsys, pets):
    train, test = pets
    rows, truth = [0, 1, 2, 3, -4, -3, -2, -1], np.repeat([0, 1], 4)

    def attacked(classifier, photos, epsilon=1):
        return synthesis.adversarial_images(classifier, [photos.read(row) for row in rows], epsilon=epsilon, steps=3)

    first, new, plain = red_or_blue(0.004), red_or_blue(-0.004), red_or_blue(0)
    fakes = attacked(first, train)
    assert all(fake.success for fake in fakes)
    for classifier in (new, plain):
        again = attacked(classifier, test)
        assert "right." in says(capsys, check.trained_against, classifier, again, test, fakes, truth)
    assert not any(one.success for one in again), "and whoever can't be fooled is as right"
    again = attacked(new, test)
    for wrong, hint in (((..., again), "dots"), ((new, ...), "dots"), ((new.model, again), "a Sequential"),
                        ((first, attacked(first, test)), "still fooled"), ((new, again[0]), "the list that"),
                        ((red_or_blue(0, broad=-0.05), again), "photos held back"),
                        ((new, again[:4]), "these are 4"), ((new, attacked(new, train)), "8 of the 8 were not made"),
                        ((new, attacked(new, test, epsilon=4)), "change by more"),
                        ((new, attacked(first, test)), "for the new one"), ((None, again), "a NoneType"),
                        ((new, 3), "can't be checked")):
        assert hint in says(capsys, check.trained_against, *wrong, test, fakes, truth)
    mixed = np.repeat([0, 1, 0], [3, 4, 1])
    assert "it is right about 75% of the old" in says(capsys, check.trained_against, new, again, test, fakes, mixed)
