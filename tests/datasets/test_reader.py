import multiprocessing
import pickle
import sys

from tllib import datasets, images

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def photos():
    return datasets.load("pets").subset(20)


def test_batches_are_the_photos_in_order(photos):
    batches = datasets.batches(photos, size=32, batch_size=8)
    pairs = list(batches)
    assert [len(labels) for _, labels in pairs] == [8, 8, 4] and len(batches) == 3
    pixels = np.concatenate([pixels for pixels, _ in pairs])
    assert pixels.dtype == np.float32 and pixels.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(pixels, [images.load(path, size=32) for path in photos.paths])
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in pairs]), photos.labels)


def test_shuffling_keeps_pixels_and_labels_together_and_follows_the_seed(photos):
    first, again = (datasets.batches(photos, size=16, shuffle=True, seed=1) for _ in range(2))
    pixels, labels = first[0]
    files = [images.load(path, size=16) for path in photos.paths]
    rows = [next(i for i, file in enumerate(files) if (file == row).all()) for row in pixels]
    assert sorted(rows) == list(range(20)) != rows
    np.testing.assert_array_equal(labels, photos.labels[rows])
    np.testing.assert_array_equal(labels, again[0][1])
    first.on_epoch_end()
    assert (first[0][0] != pixels).any()


def test_predict_and_fit_take_them(photos):
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    batches = datasets.batches(photos, size=16, batch_size=8)
    expected = np.concatenate([np.asarray(model(pixels)) for pixels, _ in batches])
    np.testing.assert_allclose(model.predict(batches, verbose=0), expected, atol=1e-4)
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"][0])


def test_augmentation_is_a_function_of_seed_epoch_and_batch(photos):
    def noise(pixels, random):
        return pixels + random.integers(60)
    batches, again = (datasets.batches(photos, size=16, batch_size=8, augment=noise, seed=3) for _ in range(2))
    plain = datasets.batches(photos, size=16, batch_size=8)
    first = [float((batches[number][0] - plain[number][0]).mean()) for number in (0, 1, 0)]
    assert first[0] == first[2] != first[1], "the same batch of the same epoch, whenever it is asked for"
    batches.on_epoch_end()
    assert float((batches[0][0] - plain[0][0]).mean()) != first[0]
    again.epoch = 1
    np.testing.assert_array_equal(again[2][0], batches[2][0])


def passes(batches, count):
    return [np.concatenate([pixels for pixels, _ in batches]) for _ in range(count)]


def test_every_plain_loop_is_an_epoch_of_its_own(photos):
    one, same = (datasets.batches(photos, size=16, batch_size=8, shuffle=True, augment=datasets.random_crop_flip)
                 for _ in range(2))
    first, second, third = passes(one, 3)
    assert (first != second).any() and (second != third).any() and (first != third).any()
    for epoch, again in zip((first, second, third), passes(same, 3), strict=True):
        np.testing.assert_array_equal(epoch, again)
    one.epoch = 1
    np.testing.assert_array_equal(passes(one, 1)[0], second)


def test_every_loop_shows_every_photo_once(photos):
    batches = datasets.batches(photos, size=16, batch_size=8, shuffle=True)
    labels = [np.concatenate([labels for _, labels in batches]) for _ in range(2)]
    assert (labels[0] != labels[1]).any()
    first, second = passes(batches, 2)
    assert (first != second).any()
    np.testing.assert_array_equal(np.sort(first.reshape(20, -1).sum(1)), np.sort(second.reshape(20, -1).sum(1)))


def test_a_loop_that_is_left_early_was_an_epoch_too(photos):
    batches = datasets.batches(photos, size=16, batch_size=8, shuffle=True)
    first, second = iter(batches), iter(batches)
    assert (next(first)[0] != next(second)[0]).any()
    assert batches.epoch == 2


def test_a_loop_keeps_its_epoch_whatever_is_asked_in_between(photos):
    batches, again = (datasets.batches(photos, size=16, batch_size=8, shuffle=True) for _ in range(2))
    seen = []
    for pixels, _ in batches:
        seen.append(pixels)
        batches.on_epoch_end()
        batches[0]
    np.testing.assert_array_equal(np.concatenate(seen), passes(again, 1)[0])


def test_without_shuffling_every_loop_and_predict_keep_the_order(photos):
    batches = datasets.batches(photos, size=16, batch_size=8)
    first, second = passes(batches, 2)
    np.testing.assert_array_equal(first, second)
    mean = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.GlobalAveragePooling2D()])
    for _ in range(2):
        np.testing.assert_allclose(mean.predict(batches, verbose=0), first.mean(axis=(1, 2)), rtol=1e-3)


def test_fit_goes_on_where_a_loop_ended(photos):
    seen = []
    batches = datasets.batches(photos, size=16, batch_size=20, shuffle=True,
                               augment=lambda pixels, random: seen.append(batches.epoch) or pixels)
    passes(batches, 2)
    seen.clear()
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(batches, epochs=2, shuffle=False, verbose=0)
    assert min(seen) == 2 and len(set(seen[-2:])) == 2


def test_a_pickled_copy_gives_the_same_batches(photos):
    batches = datasets.batches(photos, size=16, batch_size=8, shuffle=True, augment=datasets.random_crop_flip)
    first, second = passes(batches, 2)
    copy = pickle.loads(pickle.dumps(batches))
    copy.epoch = 0
    np.testing.assert_array_equal(passes(copy, 1)[0], first)
    np.testing.assert_array_equal(passes(copy, 1)[0], second)


@pytest.mark.skipif(sys.platform != "linux", reason="only there do helper processes begin as copies")
def test_a_helper_process_that_began_as_a_copy_reads_too(photos):
    batches = datasets.batches(photos, size=16, batch_size=8)
    expected = passes(batches, 1)[0][:8]
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    helper = context.Process(target=lambda: there.send(batches[0][0]))
    helper.start()
    try:
        assert here.poll(20), "the helper hangs"
        np.testing.assert_array_equal(here.recv(), expected)
    finally:
        helper.kill()
        helper.join()


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.core
def test_fit_reads_each_photo_once_an_epoch(photos, monkeypatch, shuffle):
    read, load = [], images.load
    monkeypatch.setattr(images, "load", lambda path, **options: read.append(path) or load(path, **options))
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(datasets.batches(photos, size=16, batch_size=2, shuffle=shuffle), epochs=3, verbose=0)
    start = 2 * 2  # before the first epoch Keras looks at two batches, to learn their shapes
    assert 3 * len(photos) <= len(read) <= 3 * len(photos) + start
    for path in photos.paths:
        assert read.count(path) >= 3, "an epoch left it out"


def test_keras_augmentation_changes_pixels_and_keeps_labels(photos):
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    pixels, labels = datasets.batches(photos, size=16, batch_size=20,
                                      augment=lambda pixels, random: flip(pixels, training=True))[0]
    assert isinstance(pixels, np.ndarray)
    plain, _ = datasets.batches(photos, size=16, batch_size=20)[0]
    flipped = [(row == other[:, ::-1]).all() for row, other in zip(pixels, plain, strict=True)]
    same = [(row == other).all() for row, other in zip(pixels, plain, strict=True)]
    assert all(one or other for one, other in zip(flipped, same, strict=True)) and 3 < sum(flipped) < 17
    np.testing.assert_array_equal(labels, photos.labels)


def test_batches_may_be_asked_for_in_any_order(photos):
    batches = datasets.batches(photos, size=8, batch_size=4)
    straight = [pixels.copy() for pixels, _ in batches]
    for number in (3, 0, 4, 4, 1, 2, 0):
        np.testing.assert_array_equal(batches[number][0], straight[number])
    with pytest.raises(IndexError):
        batches[5]


@pytest.mark.parametrize("wrong", [{"size": 0}, {"batch_size": 0}])
def test_senseless_wishes(photos, wrong):
    with pytest.raises(ValueError, match="expected a whole number, 1 or more"):
        datasets.batches(photos, **wrong)


def darkened(pixels, random):
    return np.maximum(pixels - 51, 0)


WRONG = {
    "divided by 255": lambda pixels, random: pixels / 255,
    "in place": lambda pixels, random: np.divide(pixels, 255, out=pixels),
    "Keras layer": lambda pixels, random: keras.layers.Rescaling(1 / 255)(pixels),
    "-1 to 1": lambda pixels, random: pixels / 127.5 - 1,
    "mean and deviation": lambda pixels, random: (pixels / 255 - 0.45) / 0.225,
    "mean taken away": lambda pixels, random: pixels - np.float32([103.9, 116.8, 123.7]),
    "times 255": lambda pixels, random: pixels * 255,
    "whole numbers": lambda pixels, random: (pixels / 255).astype("uint8"),
}


@pytest.mark.parametrize("augment", WRONG.values(), ids=WRONG)
def test_an_augmentation_that_scales_or_shifts_is_said_with_the_first_batch(photos, augment):
    batches = datasets.batches(photos, size=16, batch_size=8, augment=augment)
    with pytest.raises(ValueError, match=r"augment returned pixels from .* 0 to 255"):
        next(iter(batches))


def test_fine_tuning_refuses_an_augmentation_that_scales(photos):
    model = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    with pytest.raises(ValueError, match="Leave out the division by 255"):
        model.fit(datasets.batches(photos, size=16, augment=lambda pixels, random: pixels / 255), verbose=0)


@pytest.mark.parametrize("augment, found", [
    (lambda pixels, random: None, "a NoneType"),
    (lambda pixels, random: (pixels, random), "a tuple"),
    (lambda pixels, random: pixels[:3], r"shape \(3, 16, 16, 3\)"),
    (lambda pixels, random: pixels[..., :1], r"shape \(8, 16, 16, 1\)"),
    (lambda pixels, random: pixels[:, :8], r"shape \(8, 8, 16, 3\)"),
    (lambda pixels, random: pixels * np.nan, "NaN or infinite"),
    (lambda pixels, random: np.divide(pixels, 0), "NaN or infinite"),
])
def test_an_augmentation_that_returns_something_else_is_said(photos, augment, found):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=f"augment .*returned {found}"):
        datasets.batches(photos, size=16, batch_size=8, augment=augment)[0]


RIGHT = {
    "as it is": lambda pixels, random: pixels,
    "darker": darkened,
    "noise": lambda pixels, random: pixels + random.normal(0, 20, pixels.shape),
    "brighter": lambda pixels, random: pixels + 51,
    "whole numbers": lambda pixels, random: pixels.astype("uint8"),
    "double": lambda pixels, random: pixels.astype("float64"),
    "a tensor": lambda pixels, random: keras.ops.convert_to_tensor(pixels),
    "crop and flip": datasets.random_crop_flip,
}


@pytest.mark.parametrize("augment", RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("brightest", [0, 1, 20, 60, 255])
def test_no_false_alarm_bright_or_dark(tmp_path, augment, brightest):
    photos = dark_photos(tmp_path, brightest)
    pixels, _ = datasets.batches(photos, size=16, batch_size=8, augment=augment)[0]
    assert pixels.dtype == np.float32 and pixels.shape == (4, 16, 16, 3)
    assert pixels.min() >= 0 and pixels.max() <= 255


def dark_photos(folder, brightest):
    random = np.random.default_rng(0)
    for number in range(4):
        place = folder / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        images.save(place / f"{number}.png", random.integers(0, brightest + 1, (16, 16, 3), dtype="uint8"))
    return datasets.load(folder)
