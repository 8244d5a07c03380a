"""What fits by shape, and doesn't belong together: refused, by name."""

from dataclasses import replace
from pathlib import Path

from tllib import backbones, datasets, transfer
from tllib.transfer.provenance import backbone_id

import keras
import numpy as np
import pytest
from keras import layers

ANIMALS = ("ant", "bee", "cat", "dog", "lion")


def table(class_names=ANIMALS, backbone=None, width=16, seed=0):
    """Clouds of points, ten per class."""
    random = np.random.default_rng(seed)
    middles = np.random.default_rng(7).normal(0, 3, (len(class_names), width))
    y = np.repeat(np.arange(len(class_names), dtype="int32"), 10)
    x = (middles[y] + random.normal(size=(len(y), width))).astype("float32")
    return transfer.FeatureTable(x, y, tuple(Path(f"{n}.png") for n in range(len(y))), class_names, backbone)


def networks(seeds=(0,)):
    """Small backbones with random weights."""
    return [backbones.load("mobilenet_025", weights=None, seed=seed) for seed in seeds]


@pytest.fixture(scope="module")
def backbone():
    return networks()[0]


LITE0, LITE1 = (transfer.BackboneId(f"efficientnet_lite{number}", f"hash {number}") for number in (0, 1))


@pytest.mark.core
def test_a_head_on_another_backbones_features_is_refused():
    head = transfer.train_head(table(backbone=LITE0))
    assert transfer.evaluate(head, table(backbone=LITE0, seed=1)).accuracy > 0.9
    with pytest.raises(ValueError, match="trained on efficientnet_lite0's features, this table has efficientnet_lite1"):
        transfer.evaluate(head, table(backbone=LITE1, seed=1))
    assert transfer.evaluate(head, table(seed=1)).accuracy > 0.9, "of a table that says nothing, nothing is known"


def test_the_same_backbone_with_other_weights_is_another(backbone):
    same, other = networks(seeds=(0, 1))
    head = transfer.train_head(table(backbone=backbone_id(backbone), width=256))
    assert transfer.assemble(same, head).class_names == ANIMALS, "loaded twice, it is the same"
    with pytest.raises(ValueError, match="with other weights or settings than this backbone"):
        transfer.assemble(other, head)
    with pytest.raises(ValueError, match="with other weights or settings than this table"):
        transfer.evaluate(head, table(backbone=backbone_id(other), width=256))
    wrapped = keras.Model(backbone.input, layers.Rescaling(2.0)(backbone.output), name=backbone.name)
    with pytest.raises(ValueError, match="other weights or settings"):
        transfer.assemble(wrapped, head)
    wrapped.name = "louder"
    with pytest.raises(ValueError, match=r"trained on mobilenet_025's features, this backbone has louder's"):
        transfer.assemble(wrapped, head)


def test_extracted_tables_know_their_backbone(backbone):
    photos = datasets.load("pets").subset(4, seed=0)
    for cache in (True, False):
        found = transfer.extract_features(backbone, photos, cache=cache)
        assert found.backbone == backbone_id(backbone) and replace(found, x=2 * found.x).backbone == found.backbone
    head = transfer.train_head(found)
    assert head.class_names == ("Cat", "Dog") and head.backbone == found.backbone


@pytest.mark.parametrize("names, message", [
    (ANIMALS[::-1], "another order: number 0 is 'ant' for it, and 'lion' in"),
    (("ant", "bee", "cat", "lion", "dog"), "another order: number 3 is 'dog' for it, and 'lion' in"),
    (("ant", "bee", "cat", "dog", "puma"), r"Not in .*: 'lion'; only in them: 'puma'"),
    (ANIMALS[:4], "knows 5 classes, .* are of 4"),
])
def test_other_classes_or_another_order(backbone, names, message):
    head = transfer.train_head(table(width=256))
    with pytest.raises(ValueError, match=message):
        transfer.evaluate(head, table(names, width=256))
    if len(names) == len(ANIMALS):
        with pytest.raises(ValueError, match=message):
            transfer.assemble(backbone, head, names)
    classifier = transfer.assemble(backbone, head)
    photos = datasets.PhotoSet(tuple(Path(f"{name}.png") for name in names), np.arange(len(names), dtype="int32"),
                               names, "")
    for pair in (lambda: transfer.evaluate(classifier, photos), lambda: transfer.fine_tune(classifier, photos),
                 lambda: transfer.find_learning_rate(classifier, photos)):
        with pytest.raises(ValueError, match=message):
            pair()


@pytest.mark.parametrize("wrong, message", [
    ({"x": np.zeros((50, 2, 2))}, r"features \(n, d\)"), ({"x": np.zeros((49, 16), "float32")}, "n class numbers"),
    ({"paths": ("a.png",)}, "1 paths"), ({"y": np.full(50, 5)}, "numbers from 5 to 5, but there are 5 class names"),
    ({"y": np.full(50, -1)}, "numbers from -1")])
def test_a_table_whose_parts_do_not_fit(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(table(), **wrong)


def own_heads(width):
    """Heads of a reader's own, with random weights."""
    def sequential():
        head = keras.Sequential([keras.Input((width,)), layers.Normalization(), layers.Dense(5, "softmax")])
        head.layers[0].adapt(np.random.default_rng(0).normal(5, 3, (100, width)))
        return head

    def branching():
        features = keras.Input((width,))
        hidden = layers.Dense(8, "relu")(features)
        both = layers.Concatenate()([layers.Dense(4)(hidden), layers.Dropout(0.5)(hidden)])
        return keras.Model(features, layers.Softmax()(layers.Dense(5)(layers.BatchNormalization()(both))))

    def plain():
        return keras.Sequential([keras.Input((width,)), layers.Dense(5, "softmax")])

    return {"sequential": sequential, "branching": branching, "plain": plain}


@pytest.mark.parametrize("name", ["sequential", "branching", "plain"])
def test_a_head_of_ones_own_is_used_whole(backbone, name, tmp_path, dog):
    head = own_heads(256)[name]()
    classifier = transfer.assemble(backbone, head, ANIMALS)
    expected = head.predict(backbone.predict(np.stack([dog[:224, :224]]).astype("float32"), verbose=0), verbose=0)
    np.testing.assert_allclose(classifier.predict(dog[:224, :224]), expected, atol=1e-5)
    assert [len(model.weights) for model in (classifier.model, head)] == [len(backbone.weights) + len(head.weights),
                                                                        len(head.weights)]
    again = transfer.load_classifier(classifier.save(tmp_path / "own.keras"))
    np.testing.assert_allclose(again.predict(dog[:224, :224]), expected, atol=1e-5)
    assert again.model.class_names == ANIMALS


def test_fine_tuning_a_head_of_ones_own_leaves_the_head_alone(backbone):
    photos = datasets.load("pets").subset(4, seed=0)
    head = keras.Sequential([keras.Input((256,)), layers.Normalization(), layers.Dropout(0.5),
                             layers.Dense(2, "softmax")])
    head.layers[0].adapt(transfer.extract_features(backbone, photos).x)
    before = head.get_weights()
    classifier = transfer.assemble(networks()[0], head, photos.class_names)
    old = classifier.model.get_weights()
    _, history = transfer.fine_tune(classifier, photos, layers="last block", epochs=1, learning_rate=1e-3)
    assert np.isfinite(history["loss"]).all() and not classifier.model.trainable_weights
    assert any((one != other).any() for one, other in zip(old, classifier.model.get_weights(), strict=True))
    for one, other in zip(before, head.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def no_softmax():
    return keras.Sequential([keras.Input((256,)), layers.Dense(5)])


def one_sigmoid():
    return keras.Sequential([keras.Input((256,)), layers.Dense(1, "sigmoid")])


def five_sigmoids():
    return keras.Sequential([keras.Input((256,)), layers.Dense(5, "sigmoid")])


def unbuilt():
    return keras.Sequential([layers.Dense(5, "softmax")])


class Written(keras.Model):
    """A head in its own class."""

    def __init__(self, size):
        super().__init__()
        self.dense = layers.Dense(size, "softmax")

    def call(self, features):
        return self.dense(features)


def written():
    head = Written(5)
    head(np.zeros((1, 256), "float32"))
    return head


@pytest.mark.parametrize("head, message", [
    (no_softmax, "let it end in a softmax"), (one_sigmoid, "5 class names for 1 outputs.*not one sigmoid"),
    (five_sigmoids, "let it end in a softmax"),
    (unbuilt, r"begins with keras\.Input"), (written, "functional or Sequential")])
def test_heads_that_assemble_refuses_in_a_sentence(backbone, head, message):
    with pytest.raises(ValueError, match=message):
        transfer.assemble(backbone, head(), ANIMALS)
    with pytest.raises(ValueError, match="give class_names"):
        transfer.assemble(backbone, head())


def test_a_head_of_ones_own_is_judged_where_its_shape_fits():
    plain = keras.Sequential([keras.Input((16,)), layers.Dense(5, "softmax")])
    assert transfer.evaluate(plain, table()).class_names == ANIMALS
    with pytest.raises(ValueError, match="trained on 16 features, the table has 256"):
        transfer.evaluate(plain, table(width=256))
    with pytest.raises(ValueError, match="tells 5 classes apart, the table has 4"):
        transfer.evaluate(plain, table(ANIMALS[:4]))
    with pytest.raises(ValueError, match="let it end in a softmax"):
        transfer.evaluate(keras.Sequential([keras.Input((16,)), layers.Dense(5)]), table())


def test_only_what_assemble_made_is_fine_tuned(backbone):
    photos = datasets.load("pets").subset(4, seed=0)
    model = keras.Model(backbone.input, layers.Dense(2, "softmax")(backbone.output))
    with pytest.raises(ValueError, match=r"transfer\.assemble"):
        transfer.fine_tune(transfer.Classifier(model, photos.class_names, backbone.name), photos)
    with pytest.raises(ValueError, match="3 class names for 2 outputs of the network"):
        transfer.Classifier(model, ("a", "b", "c"), backbone.name)
