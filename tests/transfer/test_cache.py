import shutil
from dataclasses import replace

from tllib import backbones, datasets, images, show, transfer
from tllib.transfer import features

import keras
import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Photos of our own to change, and an empty cache folder."""
    few = datasets.load("pets").subset(12, seed=0)
    for path, label in zip(few.paths, few.labels, strict=True):
        target = tmp_path / "photos" / few.class_names[label] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "cache"))
    return datasets.load(tmp_path / "photos")


@pytest.fixture
def computed(monkeypatch):
    """Number of photos that were shown to a network, call by call."""
    counts, plain = [], features.predict

    def counting(model, photos, **options):
        counts.append(len(photos))
        return plain(model, photos, **options)
    monkeypatch.setattr(features, "predict", counting)
    return counts


def backbone(seed=3):
    return backbones.load("mobilenet_025", weights=None, seed=seed)


def files(tmp_path):
    return list((tmp_path / "cache/features").glob("*.sqlite"))


@pytest.mark.core
def test_computed_once_then_found(photos, computed, tmp_path):
    first = transfer.extract_features(backbone(), photos)
    again = transfer.extract_features(backbone(), photos)
    plain = transfer.extract_features(backbone(), photos, cache=False)
    assert computed == [12, 12] and len(files(tmp_path)) == 1
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.x, plain.x)


@pytest.mark.core
def test_only_a_changed_photo_is_computed_anew(photos, computed):
    before = transfer.extract_features(backbone(), photos).x
    shutil.copy(photos.paths[0], photos.paths[5])
    after = transfer.extract_features(backbone(), photos).x
    assert computed == [12], "the changed photo's content is known already"
    np.testing.assert_array_equal(after[5], before[0])
    with open(photos.paths[2], "ab") as file:
        file.write(b"more")
    transfer.extract_features(backbone(), photos)
    assert computed == [12, 1]


def test_other_weights_other_views_and_other_scaling_are_never_mixed_up(photos, computed, tmp_path):
    one, other = backbone(), backbone(seed=4)
    scaled = keras.Model(one.input, keras.layers.Rescaling(2.0)(one.output), name=one.name)
    for network in (one, other, scaled):
        transfer.extract_features(network, photos)
    transfer.extract_features(one, photos, mirror=True)
    assert computed == [12, 12, 12, 12] and len(files(tmp_path)) == 3


def test_what_is_white_counts_in_features_and_mistakes(tmp_path, monkeypatch, computed):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "cache"))
    random, eight = np.random.default_rng(0), tmp_path / "eight"
    for number in range(6):  # photos of 12 bits in files of 16, and the same of 8 bits
        name, grey = f"{'ab'[number % 2]}/{number}.png", random.integers(0, 4096, (24, 24)).astype("uint16")
        (tmp_path / "deep" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).save(tmp_path / "deep" / name)
        images.save(eight / name, np.repeat(np.rint(grey[..., None] * (255 / 4095)), 3, axis=-1).astype("uint8"))
    sets = [datasets.load(eight), datasets.load(tmp_path / "deep", white=4095), datasets.load(tmp_path / "deep")]
    right, told, untold = (transfer.extract_features(backbone(), photos) for photos in sets)
    assert computed == [6, 6, 6]
    np.testing.assert_array_equal(told.x, right.x)
    assert np.abs(untold.x - right.x).max() > 0.1
    head = transfer.train_head(told)
    report = transfer.evaluate(head, replace(told, y=1 - told.y))
    classified = transfer.evaluate(transfer.assemble(backbone(), head), replace(sets[1], labels=1 - sets[1].labels))
    assert report.mistakes and [wrong.row for wrong in report.mistakes] == [wrong.row for wrong in classified.mistakes]
    for one, other in zip(show.mistakes(report).axes, show.mistakes(classified).axes, strict=True):
        assert one.images[0].get_array().max() > 200 and other.images[0].get_array().max() > 200


def test_interrupted_it_goes_on_where_it_was(photos, computed, monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 4)
    plain, calls = features.predict, []

    def breaks(model, part, **options):
        calls.append(len(part))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(model, part, **options)
    monkeypatch.setattr(features, "predict", breaks)
    with pytest.raises(KeyboardInterrupt):
        transfer.extract_features(backbone(), photos)
    monkeypatch.setattr(features, "predict", plain)
    table = transfer.extract_features(backbone(), photos)
    assert computed == [4, 4, 4]
    np.testing.assert_array_equal(table.x, transfer.extract_features(backbone(), photos, cache=False).x)


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: b"hello" * 2000,
                                    lambda content: content[:5000] + b"\xff" * 900 + content[5900:]])
def test_a_damaged_file_never_gives_a_wrong_row(photos, damage, tmp_path):
    first = transfer.extract_features(backbone(), photos).x
    (file,) = files(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    np.testing.assert_array_equal(transfer.extract_features(backbone(), photos).x, first)


def test_a_cache_that_cannot_be_written_is_done_without(photos, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "file"))
    assert transfer.extract_features(backbone(), photos).x.shape == (12, 256)
