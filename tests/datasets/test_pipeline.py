import keras
import numpy as np
import pytest

from tllib import datasets, images


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
