from dataclasses import replace

from tllib import backbones, datasets, images, show, transfer, widgets

import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def backbone():
    return backbones.load("efficientnet_lite0")


@pytest.fixture(scope="module")
def photos():
    return datasets.load("pets").subset(24, seed=0)


@pytest.fixture(scope="module")
def table(backbone, photos):
    return transfer.extract_features(backbone, photos)


def clouds(recall, classes=3, width=20, spread=1.0, seed=0):
    """A feature table of one cloud of points for each class, on very different scales."""
    random = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(0, 3, (classes, width))
    y = np.repeat(np.arange(classes), recall).astype("int32")
    x = (middles[y] + random.normal(0, spread, (len(y), width))) * np.logspace(-3, 3, width) + 50
    paths = tuple(f"{n}.png" for n in range(len(y)))
    return transfer.FeatureTable(x.astype("float32"), y, paths, tuple("abc"[:classes]))


@pytest.mark.core
def test_each_row_is_the_photo_its_path_names(table, photos, backbone):
    assert table.paths == photos.paths and table.x.shape == (24, 1280)
    species = ["Cat" if path.name[0].isupper() else "Dog" for path in table.paths]  # as Oxford names breeds
    np.testing.assert_array_equal(table.y, [table.class_names.index(name) for name in species])
    for row in (0, 13, 23):
        alone = backbone.predict(images.load(table.paths[row], size=224)[None], verbose=0)[0]
        np.testing.assert_allclose(table.x[row], alone, atol=1e-3)


def test_features_need_a_vector(photos):
    layer = keras.Sequential([keras.Input((224, 224, 3)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="one vector a photo"):
        transfer.extract_features(layer, photos)


@pytest.mark.core
@pytest.mark.parametrize("recall", [5, 500])
def test_head_learns_from_few_and_from_many(recall):
    head = transfer.train_head(clouds(recall))
    assert transfer.evaluate(head, clouds(100, seed=1)).accuracy > 0.98


@pytest.mark.core
def test_head_gives_probabilities_the_same_each_time():
    table = clouds(20, spread=4)
    one, again = (transfer.train_head(table).predict(table.x, verbose=0) for _ in range(2))
    np.testing.assert_allclose(one.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(one, again)


def loss_of(parameters, x, y, shares, classes, decay=1e-2):
    """The stated loss, its gradient and its Hessian, in double precision, written out."""
    kernel, bias = parameters[:-classes].reshape(-1, classes), parameters[-classes:]
    inputs = np.hstack([x, np.ones((len(x), 1))])
    logits = x @ kernel + bias
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    value = -np.sum(shares * np.log(p[np.arange(len(y)), y])) + decay * np.sum(kernel**2)
    gradient = inputs.T @ (shares[:, None] * (p - np.eye(classes)[y])) + 2 * decay * np.vstack([kernel, 0 * bias])
    spread = np.einsum("ni,nkl,nj->ikjl", inputs * shares[:, None], p[:, :, None] * np.eye(classes) -
                       p[:, :, None] * p[:, None], inputs)
    hessian = spread.reshape(len(parameters), -1) + np.diag(np.repeat([*[2 * decay] * x.shape[1], 0], classes))
    return value, gradient.ravel(), hessian


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("counts", [(2, 2), (200, 200), (96, 6), (32, 2), (5, 5, 5), (160, 40, 10), (8,) * 8,
                                    (64, 32, 16, 8, 4, 4), (3,) * 12, (100, 7), (50, 50, 3), (2,) * 37], ids=str)
def test_head_is_at_the_minimum_that_newton_finds(counts, balanced):
    """Every size and balance: the stated loss is within 1 % of its minimum, found by another method."""
    random, classes = np.random.default_rng(len(counts)), len(counts)
    y = np.repeat(np.arange(classes), counts)
    x = (random.normal(0, 0.7, (classes, 8))[y] + random.normal(size=(len(y), 8))).astype("float32")
    table = transfer.FeatureTable(x, y.astype("int32"), (), tuple(map(str, range(classes))))
    head = transfer.train_head(table, balanced=balanced)
    scaled = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, dtype="float64"))
    shares = 1 / (classes * np.array(counts)[y]) if balanced else np.full(len(y), 1 / len(y))
    parameters = np.zeros(9 * classes)
    for _ in range(30):
        value, gradient, hessian = loss_of(parameters, scaled, y, shares, classes)
        parameters = parameters - np.linalg.lstsq(hessian, gradient, rcond=None)[0]
    learned = np.concatenate([weight.ravel() for weight in head.get_weights()[-2:]])
    ours, _, _ = loss_of(learned, scaled, y, shares, classes)
    assert value * (1 - 1e-6) <= ours <= 1.01 * value


def test_balanced_classes_are_recognised_more_evenly():
    random = np.random.default_rng(0)
    tables = [transfer.FeatureTable((random.normal(size=(len(y), 30)) + 0.35 * y[:, None]).astype("float32"), y,
                                    tuple(map(str, range(len(y)))), ("often", "rare"))
              for y in (np.repeat([0, 1], (192, 12)), np.repeat([0, 1], (500, 500)))]
    plain, even = (transfer.evaluate(transfer.train_head(tables[0], balanced=balanced), tables[1])
                   for balanced in (False, True))
    assert even.recall["rare"] > plain.recall["rare"] + 0.1 and even.balanced_accuracy > plain.balanced_accuracy


def test_head_refuses_one_class():
    table = clouds(5)
    one = transfer.FeatureTable(table.x[:5], table.y[:5], table.paths[:5], table.class_names)
    with pytest.raises(ValueError, match="two at least, got 1"):
        transfer.train_head(one)


@pytest.mark.core
def test_evaluate_by_hand():
    """A head that answers with the largest of its three inputs."""
    answers = keras.Input((3,))
    head = keras.Model(answers, keras.layers.Softmax()(answers))
    x = np.log([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.1, 0.3, 0.6], [0.05, 0.9, 0.05]]).astype("float32")
    report = transfer.evaluate(head, transfer.FeatureTable(x, np.array([0, 0, 1, 2]), tuple("wxyz"), tuple("abc")))
    assert report.accuracy == 0.25 and report.recall == {"a": 0.5, "b": 0.0, "c": 0.0}
    assert report.balanced_accuracy == pytest.approx(1 / 6)
    np.testing.assert_array_equal(report.confusion, [[1, 1, 0], [0, 0, 1], [0, 1, 0]])
    found = [(mistake.path, mistake.row, mistake.truth, mistake.predicted) for mistake in report.mistakes]
    assert found == [("z", 3, "c", "b"), ("x", 1, "a", "b"), ("y", 2, "b", "c")]
    assert report.mistakes[0].probability == pytest.approx(0.9)


def test_mistakes_of_a_table_without_paths_go_by_their_rows(tmp_path):
    answers = keras.Input((2,))
    head = keras.Model(answers, keras.layers.Softmax()(answers))
    x = np.log([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]).astype("float32")
    report = transfer.evaluate(head, transfer.FeatureTable(x, np.array([0, 0, 0]), (), ("a", "b")))
    assert [(mistake.path, mistake.row, mistake.predicted) for mistake in report.mistakes] == [
        (None, 2, "b"), (None, 1, "b")]
    for look in (show.mistakes, lambda report: widgets.mistakes_browser(report, file=tmp_path / "choices.json")):
        with pytest.raises(ValueError, match=r"only their rows: 2, 1\. Give evaluate a table that has the paths"):
            look(report)


def test_assembled_model_is_flat_and_agrees_with_the_table(backbone, photos, table):
    head = transfer.train_head(table)
    classifier = transfer.assemble(backbone, head, photos.class_names)
    assert not any(isinstance(layer, keras.Model) for layer in classifier.model.layers)
    one_by_one = np.concatenate([classifier.predict(images.load(path)) for path in photos.paths[:6]])
    np.testing.assert_allclose(one_by_one, head.predict(table.x[:6], verbose=0), atol=1e-3)
    whole, quick = transfer.evaluate(classifier, photos), transfer.evaluate(head, table)
    assert whole.accuracy == quick.accuracy
    np.testing.assert_array_equal(whole.confusion, quick.confusion)


def test_classifier_refuses_wrong_pixels(backbone, photos, table, dog):
    classifier = transfer.assemble(backbone, transfer.train_head(table), photos.class_names)
    with pytest.raises(ValueError, match="multiply by 255"):
        classifier.predict(dog / 255)


def test_parts_that_do_not_fit(backbone, photos, table):
    head = transfer.train_head(table)
    with pytest.raises(ValueError, match="3 class names for 2 outputs"):
        transfer.assemble(backbone, head, ("a", "b", "c"))
    with pytest.raises(ValueError, match="trained on 20 features"):
        transfer.assemble(backbone, transfer.train_head(clouds(5)), ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"Not in class_names: 'Cat', 'Dog'; only in them: 'x', 'y'"):
        transfer.assemble(backbone, head, ("x", "y"))
    with pytest.raises(ValueError, match=r"Not in the photos: 'x', 'y'; only in them: 'Cat', 'Dog'"):
        transfer.evaluate(transfer.Classifier(transfer.assemble(backbone, head).model, ("x", "y"), "none"), photos)
    with pytest.raises(ValueError, match="knows 2 classes"):
        transfer.evaluate(head, clouds(5))
    with pytest.raises(TypeError, match="a head and a FeatureTable; got Functional and PhotoSet"):
        transfer.evaluate(head, photos)


def test_real_cats_and_dogs(shared, backbone):
    photos = datasets.load("cats_vs_dogs", root=shared / "data")
    whole, accuracy = transfer.extract_features(backbone, photos), []
    row_of = {path: row for row, path in enumerate(whole.paths)}
    for seed in range(10):
        train, test = (transfer.FeatureTable(whole.x[[row_of[path] for path in part.paths]], part.labels, part.paths,
                                             part.class_names) for part in photos.split(test=0.2, seed=seed))
        assert (len(train), len(test)) == (400, 100)
        accuracy.append(transfer.evaluate(transfer.train_head(train), test).accuracy)
    assert np.mean(accuracy) >= 0.985 and min(accuracy) >= 0.95, accuracy


def test_real_pets(shared, backbone):
    train, test = (transfer.extract_features(backbone, datasets.load("oxford_pets", root=shared / "data", split=split))
                   for split in ("trainval", "test"))
    assert transfer.evaluate(transfer.train_head(train), test).accuracy >= 0.84


def test_pretraining_is_what_helps(backbone):
    untrained = backbones.load("efficientnet_lite0", weights=None, seed=0)
    train, test = datasets.load("pets").subset(120).split(test=0.4)
    accuracy = []
    for network in (backbone, untrained):
        few, many = (transfer.extract_features(network, part) for part in (train, test))
        accuracy.append(transfer.evaluate(transfer.train_head(few), many).accuracy)
    assert accuracy[0] > accuracy[1] + 0.1


@pytest.mark.parametrize("factor", [1e-9, 1e-6, 1e6, 1e12])
def test_a_head_is_as_good_whatever_the_unit_of_its_features(factor):
    train, test = clouds(8, spread=3), clouds(40, spread=3, seed=1)
    scaled = [replace(part, x=(part.x * np.float32(factor)).astype("float32")) for part in (train, test)]
    plain, other = (transfer.train_head(learn).predict(judge.x, verbose=0)
                    for learn, judge in ((train, test), scaled))
    np.testing.assert_allclose(other, plain, atol=1e-3)


@pytest.mark.parametrize("constant", [5, 18, 20])
def test_constant_features_do_no_harm(constant):
    """Also where they differ among the photos that come later; if all are constant, the classes are as likely."""
    train = clouds(20)
    x = train.x.copy()
    x[:, :constant] = 50
    head = transfer.train_head(replace(train, x=x))
    later = x.copy()
    later[:, :constant] += np.float32(0.01)
    answers, moved = (head.predict(values, verbose=0) for values in (x, later))
    assert np.isfinite(answers).all() and np.abs(answers - moved).max() < 0.05
    if constant == 20:
        np.testing.assert_allclose(answers, 1 / 3, atol=1e-3)
    else:
        assert (answers.argmax(axis=1) == train.y).mean() > 0.9


@pytest.mark.parametrize("decay", [-1.0, np.nan, np.inf])
def test_a_weight_decay_is_a_number_from_0_on(decay):
    with pytest.raises(ValueError, match="weight_decay: expected a finite number, 0 or more"):
        transfer.train_head(clouds(5), weight_decay=decay)


@pytest.mark.core
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_where_they_enter(bad):
    table = clouds(5)
    x = table.x.copy()
    x[[3, 8], 0] = bad
    with pytest.raises(ValueError, match=r"2 of 15 rows hold NaN or infinity; the first is 3\.png"):
        replace(table, x=x)
    with pytest.raises(ValueError, match=r"2 of 15 .*; the first is number 3"):
        transfer.FeatureTable(x, table.y, (), table.class_names)


@pytest.mark.parametrize("y, found", [
    ([0, 0.5, 1], "got 0.5"), ([0.0, 1.0, 1.0], "got an array of float64.*astype"), ([0, np.nan, 1], "got nan"),
    ([0, np.inf, 1], "got an array of float64"), ([True, False, True], "got an array of bool"),
    (["0", "1", "1"], "got an array of <U1"), ([0, 1, 2], "from 0 to 2, but there are 2 class names"),
    ([0, -1, 1], "from -1 to 1")])
def test_class_numbers_are_whole_and_have_names(y, found):
    for name, make in (("y", lambda: transfer.FeatureTable(np.ones((3, 4), "float32"), np.array(y), (), ("a", "b"))),
                       ("labels", lambda: datasets.PhotoSet(("1", "2", "3"), np.array(y), ("a", "b"), ""))):
        with pytest.raises(ValueError, match=f"^{name}.*{found}"):
            make()


@pytest.mark.parametrize("kind", ["int32", "int64", "uint8"])
def test_whole_class_numbers_of_any_kind_will_do(kind):
    table = clouds(5)
    head = transfer.train_head(replace(table, y=table.y.astype(kind)))
    assert transfer.evaluate(head, replace(table, y=table.y.astype(kind))).accuracy > 0.9


def test_a_label_for_each_path():
    with pytest.raises(ValueError, match=r"labels: expected one per path, 2, got shape \(3,\)"):
        datasets.PhotoSet(("1", "2"), np.array([0, 1, 1]), ("a", "b"), "")


def test_a_backbone_that_gives_nan_keeps_nothing_of_it(tmp_path, monkeypatch, photos):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path))
    broken = backbones.load("mobilenet_025", weights=None)
    weights = broken.get_weights()
    broken.set_weights([np.full_like(weight, np.nan) for weight in weights])
    for _ in range(2):
        with pytest.raises(ValueError, match="24 of 24 rows hold NaN"):
            transfer.extract_features(broken, photos)


@pytest.mark.core
def test_a_classifier_that_answers_nan_is_not_counted_as_the_first_class(photos, dog):
    backbone = backbones.load("mobilenet_025", weights=None)
    head = transfer.train_head(transfer.extract_features(backbone, photos))
    classifier = transfer.assemble(backbone, head)
    for model in (head, classifier.model):
        model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    table = transfer.FeatureTable(np.ones((2, 256), "float32"), np.array([0, 1]), (), ("Cat", "Dog"))
    for ask in (lambda: transfer.evaluate(classifier, photos), lambda: transfer.evaluate(head, table),
                lambda: classifier.predict(dog), lambda: backbones.predict_proba(classifier, dog),
                lambda: backbones.top_k(classifier, dog), lambda: transfer.grad_cam(classifier, dog)):
        with pytest.raises(ValueError, match=r"(answers|gives) NaN or infinity for"):
            ask()


def test_printed_things_are_short(photos, table):
    report = transfer.evaluate(transfer.train_head(table), table)
    assert repr(photos) == "PhotoSet(24 photos: Cat 10, Dog 14)"
    assert repr(table) == "FeatureTable(24 rows of 1280 features, 2 classes, from efficientnet_lite0)"
    assert len(repr(report)) < 200
    many = datasets.PhotoSet(photos.paths, np.arange(24, dtype="int32"), tuple(map(str, range(24))), "")
    assert repr(many) == "PhotoSet(24 photos, 24 classes)"
