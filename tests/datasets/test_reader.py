from tllib import datasets, images

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def photos():
    return datasets.load("cartoon_pets").subset(20)


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
        return pixels + random.integers(100)
    batches, again = (datasets.batches(photos, size=16, batch_size=8, augment=noise, seed=3) for _ in range(2))
    plain = datasets.batches(photos, size=16, batch_size=8)
    first = [float((batches[number][0] - plain[number][0]).mean()) for number in (0, 1, 0)]
    assert first[0] == first[2] != first[1], "the same batch of the same epoch, whenever it is asked for"
    batches.on_epoch_end()
    assert float((batches[0][0] - plain[0][0]).mean()) != first[0]
    again.epoch = 1
    np.testing.assert_array_equal(again[2][0], batches[2][0])


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
    with pytest.raises(ValueError, match="are at least 1"):
        datasets.batches(photos, **wrong)
