import signal
import threading

from tllib import backbones, datasets, images, transfer
from tllib.transfer import finetune, learning_rate

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def photos():
    return datasets.load("pets").subset(40, seed=1)


def classifier(photos, name="efficientnet_lite0", **options):
    backbone = backbones.load(name, **options)
    head = transfer.train_head(transfer.extract_features(backbone, photos))
    return transfer.assemble(backbone, head, photos.class_names)


def statistics(model):
    return [value for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
            for value in layer.get_weights()]


@pytest.mark.parametrize("name", ["efficientnet_lite0", "mobilenetv2"])
@pytest.mark.core
def test_batchnorm_stays_bit_identical_and_the_rest_moves(photos, name):
    few = photos.subset(4)
    one = classifier(few, name, **({} if "lite" in name else {"weights": None}))
    statistics_before, names = statistics(one.model), [weight.path for weight in one.model.weights]
    first = one.model.layers.index(one.model.get_layer(backbones.first_trainable_layer(name)))
    early = {weight.path for layer in one.model.layers[:first] for weight in layer.weights}
    kernels = {path for path in names if path.endswith("kernel")}
    for layers in ("last block", "all"):
        before = one.model.get_weights()
        transfer.fine_tune(one, few, layers=layers, epochs=1, learning_rate=1e-3)
        for old, new in zip(statistics_before, statistics(one.model), strict=True):
            np.testing.assert_array_equal(old, new)
        after = one.model.get_weights()
        moved = {path for path, old, new in zip(names, before, after, strict=True) if (old != new).any()}
        assert kernels - early <= moved and (bool(moved & early) == (layers == "all"))
        assert not one.model.trainable_weights, "frozen again afterwards"


def test_it_learns_and_never_gets_worse_on_what_it_chooses_by(photos):
    train, validation = datasets.load("textures").subset(60).split(test=0.4, seed=0)
    one = classifier(train, "efficientnet_lite0")
    before = transfer.evaluate(one, validation)
    tuned, history = transfer.fine_tune(one, train, validation, epochs=2, learning_rate=1e-3)
    after = transfer.evaluate(tuned, validation)
    assert tuned is one and list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["loss"][-1] < history["loss"][0] and after.accuracy >= before.accuracy - 0.021
    with pytest.raises(ValueError, match="Training blew up"):
        transfer.fine_tune(tuned, train, validation, epochs=1, learning_rate=10.0)  # what it was before is kept
    assert transfer.evaluate(tuned, validation).accuracy == after.accuracy


def test_the_same_seed_takes_the_same_steps(photos):
    runs = [transfer.fine_tune(classifier(photos), photos, layers="last block", epochs=1, seed=seed)[1]["loss"]
            for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_callbacks_are_keras_own(photos, tmp_path):
    few = photos.subset(8)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    _, history = transfer.fine_tune(classifier(few), few, layers="last block", epochs=2, callbacks=[log])
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    losses = [float(row.split(",")[header.split(",").index("loss")]) for row in rows]
    assert losses == pytest.approx(history["loss"]) and len(losses) == 2


@pytest.fixture
def interruptible():
    """A program started in the background may have been told to ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_stop_returns_the_best_so_far(photos, capsys, interruptible):
    def stopping(pixels, random):
        with one_at_a_time:  # two threads read ahead
            seen.add(random.bit_generator.state["state"]["state"])
            if len(seen) == 7:  # what a notebook's Stop button sends
                seen.add("once")
                signal.raise_signal(signal.SIGINT)
        return datasets.random_crop_flip(pixels, random)
    seen, one_at_a_time = set(), threading.Lock()
    tuned, history = transfer.fine_tune(classifier(photos), photos, epochs=4, augment=stopping, layers="last block")
    done = len(history["loss"])
    assert 1 <= done < 4 and f"Stopped after {done} epochs" in capsys.readouterr().out
    assert np.isfinite(tuned.predict(np.full((224, 224, 3), 99))).all() and not tuned.model.trainable_weights
    _, later = transfer.fine_tune(tuned, photos, layers="last block", epochs=1)
    assert len(later["loss"]) == 1, "no later run skips epochs"


def test_without_progress_on_the_validation_photos_it_stops(photos):
    train, validation = photos.split(test=0.3, seed=0)
    one = classifier(train)
    before = one.model.get_weights()
    _, history = transfer.fine_tune(one, train, validation, epochs=9, learning_rate=0.0)
    assert len(history["val_loss"]) == finetune.PATIENCE
    for old, new in zip(before, one.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.core
def test_early_layers_take_smaller_steps(photos):
    """Adam's first step is the learning rate itself, whatever the gradient: each weight moves by its share."""
    one = classifier(photos, "efficientnet_lite0")
    before = {weight.path: np.array(weight) for weight in one.model.weights}
    transfer.fine_tune(one, photos.subset(16), epochs=1, learning_rate=1e-3)
    moved = {weight.path: np.abs(np.array(weight) - before[weight.path]).max() for weight in one.model.weights}
    first = one.model.layers.index(one.model.get_layer(backbones.first_trainable_layer("efficientnet_lite0")))
    for number, layer in enumerate(one.model.layers):
        for weight in layer.weights:
            if weight.path.endswith("kernel"):
                share = 1 if layer.name == "class_logits" else 0.3 if number >= first else 0.1
                share *= 16 / (16 + 10 * 2)  # 8 photos a class: so far between the old weights and the new
                assert moved[weight.path] == pytest.approx(1e-3 * share, rel=0.02), weight.path


@pytest.mark.core
def test_the_learning_rate_finder_finds_the_cliff_and_leaves_everything_as_it_was(photos):
    one = classifier(photos)
    one.model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    optimizer, before, trainable = one.model.optimizer, one.model.get_weights(), [x.trainable for x in one.model.layers]
    search = transfer.find_learning_rate(one, photos, steps=40)
    assert 1e-6 < search.suggestion < 0.3 and len(search.rates) == len(search.losses) <= 40
    assert search.rates[0] == pytest.approx(1e-6) and search.losses[-1] > search.losses.min()
    assert one.model.optimizer is optimizer and [x.trainable for x in one.model.layers] == trainable
    for old, new in zip(before, one.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="0 < lowest < highest"):
        transfer.find_learning_rate(one, photos, lowest=1.0, highest=0.1)


def test_smoothing_by_hand():
    np.testing.assert_allclose(learning_rate._smooth([4.0, 1.0, 2.0], memory=0.5),
                               [4, (0.5 * 4 + 1) / 1.5, (0.25 * 4 + 0.5 * 1 + 2) / 1.75])


def test_wrong_wishes(photos):
    one = classifier(photos)
    other = datasets.load("pets", labels="breed").subset(40)
    with pytest.raises(ValueError, match="the photos are of"):
        transfer.fine_tune(one, other)
    with pytest.raises(ValueError, match="'last block' or 'all', got 'some'"):
        transfer.fine_tune(one, photos, layers="some")


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision_weights_and_answers_stay_float32_and_it_learns(photos, precision):
    few = photos.subset(8)
    backbone, plain = (backbones.load("efficientnet_lite0", precision=each) for each in (precision, None))
    table, exact = (transfer.extract_features(network, few) for network in (backbone, plain))
    assert table.x.dtype == np.float32 and 0 < np.abs(table.x - exact.x).mean() < 0.1 * exact.x.mean()
    one = transfer.assemble(backbone, transfer.train_head(table), few.class_names)
    before, names = statistics(one.model), {weight.dtype for weight in one.model.weights}
    tuned, history = transfer.fine_tune(one, few, epochs=2, learning_rate=1e-3)
    assert names == {"float32"} and history["loss"][-1] < history["loss"][0]
    for old, new in zip(before, statistics(one.model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert tuned.predict(np.full((224, 224, 3), 99)).dtype == np.float32
    assert keras.config.dtype_policy().name == "float32"


@pytest.fixture(scope="module")
def small():
    """Two photos of each class and a classifier of them on a small random backbone."""
    few = datasets.load("pets").subset(4, seed=1)
    return few, classifier(few, "mobilenet_025", weights=None)


@pytest.mark.core
@pytest.mark.parametrize("validated", [False, True])
def test_training_that_blew_up_says_so_and_leaves_the_classifier_as_it_was(small, validated):
    few, one = small
    before = one.model.get_weights()
    with pytest.raises(ValueError, match=r"Training blew up: the loss was .* as it was; try a tenth"):
        transfer.fine_tune(one, few, few if validated else None, epochs=3, learning_rate=1e4)
    for old, new in zip(before, one.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not one.model.trainable_weights and np.isfinite(one.predict(np.full((224, 224, 3), 99))).all()


def test_an_error_in_the_midst_of_training_leaves_the_classifier_as_it_was(small):
    few, one = small
    before, calls = one.model.get_weights(), []

    def breaks(pixels, random):
        calls.append(1)
        if len(calls) > 2:
            raise RuntimeError("out of paint")
        return pixels
    with pytest.raises(Exception, match="out of paint"):
        transfer.fine_tune(one, few, epochs=4, learning_rate=1e-3, augment=breaks)
    for old, new in zip(before, one.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not one.model.trainable_weights


@pytest.mark.parametrize("wrong", [{"learning_rate": np.nan}, {"learning_rate": -1.0}, {"epochs": 0}])
def test_numbers_that_fine_tune_does_not_take(small, wrong):
    with pytest.raises(ValueError, match=r"expected a (whole|finite) number, [01] or more"):
        transfer.fine_tune(small[1], small[0], **wrong)


def test_balanced_loss_by_hand():
    """Three photos of one class and one of another: each class has half of the weight."""
    photos = datasets.PhotoSet(tuple("wxyz"), np.array([0, 0, 0, 1], "int32"), ("often", "rare", "none"), "")
    probabilities = np.array([[0.5, 0.3, 0.2]] * 4, "float32")
    found = finetune.balanced_loss(photos)(photos.labels, keras.ops.convert_to_tensor(probabilities))
    expected = np.array([4 / 6, 4 / 6, 4 / 6, 4 / 2]) * -np.log([0.5, 0.5, 0.5, 0.3])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, rtol=1e-5)


@pytest.mark.parametrize("balanced", [False, True])
def test_balanced_fine_tuning_counts_each_class_the_same_in_training_and_validation(balanced):
    whole = datasets.load("pets")
    cats, dogs = (np.flatnonzero(whole.labels == label) for label in (0, 1))
    photos = whole.take(np.concatenate([cats[:6], dogs[:2]]))
    one = classifier(whole.take(np.concatenate([cats[6:9], dogs[6:9]])), "mobilenet_025", weights=None)
    answers = np.concatenate([one.predict(images.load(path, size=224)) for path in photos.paths])
    losses = -np.log(answers[np.arange(8), photos.labels])
    expected = (losses[:6].mean() + losses[6:].mean()) / 2 if balanced else losses.mean()
    _, history = transfer.fine_tune(one, photos, photos, epochs=1, learning_rate=0.0, augment=None, balanced=balanced)
    assert abs(losses[:6].mean() - losses[6:].mean()) > 0.01, "or the two would be hard to tell apart"
    assert history["loss"][0] == pytest.approx(expected, rel=0.02)
    assert history["val_loss"][0] == pytest.approx(expected, rel=0.02)


@pytest.fixture(scope="module")
def few_photos():
    """Two photos of each class and a classifier of them on a pretrained backbone."""
    few = datasets.load("pets").subset(4, seed=1)
    return few, classifier(few)


@pytest.mark.core
@pytest.mark.parametrize("options, message", [
    ({"lowest": 10.0, "highest": 1e4, "steps": 12}, "worse from the first step on"),
    ({"lowest": 1e-9, "highest": 1e-8, "steps": 4}, "never exploded"),
    ({"steps": 5}, "5 steps are too few for rates from 1e-06 to 1: take 11 or more")])
def test_a_range_in_which_there_is_nothing_to_suggest(few_photos, options, message):
    few, one = few_photos
    with pytest.raises(ValueError, match=message):
        transfer.find_learning_rate(one, few, layers="last block", **options)


def test_few_steps_and_a_wide_range_suggest_about_the_same(few_photos):
    few, one = few_photos
    usual, *others = [transfer.find_learning_rate(one, few, layers="last block", **options).suggestion for options in (
        {}, {"steps": 12}, {"highest": 1e4, "steps": 24}, {"lowest": 1e-4, "steps": 10})]
    for other in others:
        assert usual / 10 <= other <= usual * 10


def test_a_search_with_a_broken_classifier(small):
    few = small[0]
    one = classifier(few, "mobilenet_025", weights=None)
    one.model.set_weights([np.full_like(weight, np.nan) for weight in one.model.get_weights()])
    with pytest.raises(ValueError, match="not a number before the first step"):
        transfer.find_learning_rate(one, few, layers="last block")
