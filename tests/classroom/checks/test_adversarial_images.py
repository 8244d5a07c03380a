from functools import partial

from tests.classroom.checks.saying import says
from tllib import backbones, images, synthesis, transfer
from tllib.classroom.checks import adversarial_images as check
from tllib.synthesis.objectives import margin_gradient

import cv2
import keras
import numpy as np

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
    photo = images.fit(dog, 224)
    photo[0, 0], photo[0, 1] = 0, 255
    box = photo.astype(int) - 2, photo.astype(int) + 2

    def walk(steps, low, high, sign=1, start=None):
        picture, gradient = photo, margin_gradient((lite0,))
        for _ in range(steps):
            asked = images.fit_batch(picture if start is None else start, 224)
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


def head_of(*weights, bias=0.0):
    """Dog's logit is a weighted sum of the features; cat's is 0."""
    head = keras.Sequential([keras.Input((len(weights),)), keras.layers.Dense(2)])
    head.set_weights([np.stack([np.zeros(len(weights)), weights], axis=1), np.array([0, bias])])
    return head


def test_trained_against(capsys):
    y = np.repeat([0, 1], 30).astype("int32")
    x = np.stack([4.0 * y - 2, np.zeros(60), np.zeros(60)], axis=1).astype("float32")
    table = transfer.FeatureTable(x, y, tuple(map(str, range(60))), ("cat", "dog"))
    fakes, truth = x[:20] + np.array([3.0, 6.0, 0], "float32"), y[:20]  # the first feature says dog, the second tells
    for answer in (head_of(1, -1, 0), head_of(0.5, -2, 0.3)):
        assert "right." in says(capsys, check.trained_against, answer, table, fakes, truth)
    for wrong, hint in ((..., "dots"), (head_of(1, 0, 0), "still fooled"), (head_of(1, 1, 0), "still fooled"),
                        (head_of(0, 0, 0, bias=-9), "nobody touched"), (head_of(1, -1), "takes 2 features"),
                        (table, "a FeatureTable"), (None, "a NoneType")):
        assert hint in says(capsys, check.trained_against, wrong, table, fakes, truth)
    mixed = np.concatenate([fakes[:12], x[:8]]), np.concatenate([truth[:12], 1 - truth[12:]])
    assert "90 % are asked for" in says(capsys, check.trained_against, head_of(1, -1, 0), table, *mixed)
