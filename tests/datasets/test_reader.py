import dataclasses

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


def test_augmentation_comes_after_the_cache(photos):
    calls = []

    def darker(pixels, training):
        calls.append(training)
        return pixels / (len(calls) + 1)
    batches = datasets.batches(photos, size=16, batch_size=20, augment=darker, cache=True)
    plain = datasets.batches(photos, size=16, batch_size=20)[0][0]
    for epoch in range(3):
        np.testing.assert_allclose(batches[0][0], plain / (epoch + 2), rtol=1e-6)
    assert calls == [True] * 3


def test_the_cache_needs_the_files_once_and_keeps_every_value(photos, tmp_path):
    copies = []
    for path in photos.paths:
        copies.append(tmp_path / f"{len(copies)}{path.suffix}")
        copies[-1].write_bytes(path.read_bytes())
    cached = datasets.batches(dataclasses.replace(photos, paths=tuple(copies)), size=16, batch_size=8, cache=True,
                              shuffle=True, seed=3)
    first = {tuple(pixels.ravel()) for batch, _ in cached for pixels in batch}
    for copy in copies:
        copy.unlink()
    cached.on_epoch_end()
    assert {tuple(pixels.ravel()) for batch, _ in cached for pixels in batch} == first and len(first) == 20


def test_keras_augmentation_changes_pixels_and_keeps_labels(photos):
    flip = keras.layers.RandomFlip("horizontal", seed=0)
    pixels, labels = datasets.batches(photos, size=16, batch_size=20, augment=flip)[0]
    plain, _ = datasets.batches(photos, size=16, batch_size=20)[0]
    flipped = [(row == other[:, ::-1]).all() for row, other in zip(pixels, plain, strict=True)]
    same = [(row == other).all() for row, other in zip(pixels, plain, strict=True)]
    assert all(one or other for one, other in zip(flipped, same, strict=True)) and 3 < sum(flipped) < 17
    np.testing.assert_array_equal(labels, photos.labels)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_share_the_photos_out(photos, count):
    shards = [datasets.batches(photos, size=8, shard=(index, count)) for index in range(count)]
    paths = [path for shard in shards for path in shard.photos.paths]
    assert sorted(paths) == sorted(photos.paths) and shards[0].class_names == photos.class_names
    label_of = dict(zip(photos.paths, photos.labels, strict=True))
    for shard in shards:
        labels = np.concatenate([labels for _, labels in shard])
        np.testing.assert_array_equal(labels, [label_of[path] for path in shard.photos.paths])


def test_reading_ahead_does_not_mix_up_batches(photos):
    batches = datasets.batches(photos, size=8, batch_size=4)
    straight = [pixels.copy() for pixels, _ in batches]
    for number in (3, 0, 4, 4, 1, 2, 0):
        np.testing.assert_array_equal(batches[number][0], straight[number])
    with pytest.raises(IndexError):
        batches[5]


@pytest.mark.parametrize("wrong", [{"shard": (2, 2)}, {"shard": (-1, 2)}, {"size": 0}, {"batch_size": 0}])
def test_senseless_wishes(photos, wrong):
    with pytest.raises(ValueError, match="at least 1, shard is"):
        datasets.batches(photos, **wrong)
