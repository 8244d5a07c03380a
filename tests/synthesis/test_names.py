"""Names are names, numbers are ints: whom an attack or a drawing is for, on networks with names and without."""

from dataclasses import replace

from tllib import backbones, synthesis, transfer
from tllib.synthesis.result import check_same_names, names_of, number_of

import keras
import numpy as np
import pytest
from keras import layers

TWELVE = tuple(sorted(map(str, range(1, 13))))  # class folders 1 to 12, in the order of a listing: 1, 10, 11, 12, 2, …


def network(classes, size=32, seed=0):
    """Mean colours of nine places -> logits."""
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((size, size, 3))
    places = layers.Flatten()(layers.AveragePooling2D(size // 3)(pixels))
    return keras.Model(pixels, layers.Dense(classes)(layers.Rescaling(0.02)(places)))


def named(classes, names):
    model = network(classes)
    return transfer.Classifier(keras.Model(model.input, layers.Softmax()(model.output)), names, "none")


def result(source):
    """An attack on something that a network called `source`."""
    grey = np.full((32, 32, 3), 128, "uint8")
    return synthesis.ImageResult(grey, grey, None, source, 0.5, True, 1, 0.0, {}, {})


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(60, 200, (32, 32, 3)).astype("uint8")


@pytest.mark.core
def test_the_class_named_2_is_not_number_2():
    one = named(12, TWELVE)
    for each in (one, one.model):
        assert number_of(each, "2") == TWELVE.index("2") == 4 and number_of(each, 2) == 2
        assert number_of(each, np.int64(11)) == 11 and names_of(each) == TWELVE
        for wrong in ("13", "two", 12, -1, 2.0):
            with pytest.raises(ValueError, match=r"Unknown class|classes 0 to 11"):
                number_of(each, wrong)


@pytest.mark.core
def test_an_attack_on_ones_own_classifier_goes_by_its_class_names(picture):
    one = named(12, TWELVE)
    (first, _), (target, _) = backbones.top_k(one, picture, k=2)[0]
    fakes = [synthesis.adversarial_image(each, picture, target=target, epsilon=60) for each in (one, one.model)]
    for fake in fakes:
        assert (fake.source, fake.target) == (first, target) and fake.success
        assert backbones.top_k(one, fake.image, k=1)[0][0][0] == target
        assert one.class_names[one.predict(fake.image)[0].argmax()] == target
    assert synthesis.robustness(one, fakes[:1])["saved as PNG"].fooled == 1
    assert synthesis.second_opinion(one, fakes[0].image, target)[1] == 1
    assert synthesis.second_opinions({"itself": one}, fakes).rank["itself"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="Unknown class 'Siamese cat'"):
        synthesis.adversarial_image(one, picture, target="Siamese cat")


def test_drawing_goes_by_class_names_too():
    one = named(3, ("cat", "dog", "fox"))
    drawn = synthesis.ideal_image(one, "fox", recipe=replace(synthesis.PIXELS, steps=2))
    assert drawn.target == "fox" and len(repr(drawn)) < 400


@pytest.mark.core
def test_a_thousand_outputs_do_not_make_it_imagenets(picture):
    own = network(1000)
    result = synthesis.adversarial_image(own, picture, epsilon=4, steps=2)
    assert isinstance(result.source, int) and names_of(own) == range(1000)
    with pytest.raises(ValueError, match="1000 classes without names: give a number, an int from 0 to 999"):
        synthesis.adversarial_image(own, picture, target="zebra")
    with pytest.raises(ValueError, match="knows no names"):
        backbones.top_k(own, picture)
    np.testing.assert_allclose(backbones.predict_proba(own, picture).sum(), 1)
    own.class_names = backbones.class_names()
    assert number_of(own, "Zebra") == backbones.class_index("zebra") and backbones.top_k(own, picture, k=1)
    own.class_names = ("cat", "dog")
    with pytest.raises(ValueError, match="1000 outputs, but 2 class_names"):
        synthesis.adversarial_image(own, picture, target="cat")


def test_networks_of_backbones_know_imagenets_names():
    whole = backbones.load("mobilenet_025", weights=None, top=True)
    assert names_of(whole) == whole.class_names == backbones.class_names()
    assert not hasattr(backbones.load("mobilenet_025", weights=None), "class_names")
    with pytest.raises(ValueError, match=r"'207'.*an int"):
        number_of(whole, "207")
    with pytest.raises(ValueError, match=r"1000.*from 0 to 999"):
        number_of(whole, 1000)


def test_a_target_without_a_name_is_a_number_even_0(picture):
    own = network(4)
    source = int(backbones.predict_proba(own, picture)[0].argmax())
    fakes = [synthesis.adversarial_image(own, picture, target=number, epsilon=60)
             for number in range(4) if number != source]
    for fake in fakes:
        survives = synthesis.robustness(own, [fake], also={"itself": own})
        assert fake.success and survives["saved as PNG"].fooled == 1
    assert {fake.target for fake in fakes} | {source} == {0, 1, 2, 3}


def test_networks_asked_together_have_the_same_classes(picture):
    one, other = named(2, ("cat", "dog")), named(2, ("dog", "cat"))
    for ask in (lambda: synthesis.adversarial_image(one, picture, also=[other]),
                lambda: synthesis.robustness(one, [result("cat")], also={"other": other})):
        with pytest.raises(ValueError, match="another order: number 0 is 'cat' for it, and 'dog' in"):
            ask()
    with pytest.raises(ValueError, match="Networks with 2 and 3 classes"):
        check_same_names([one, network(3)])
    check_same_names([one, network(2), one.model])
    with pytest.raises(ValueError, match="Unknown class 'fox'"):
        synthesis.robustness(one, [result("fox")])


def test_top_k_of_a_classifier_is_what_it_predicts(picture):
    one = named(3, ("cat", "dog", "fox"))
    answers = dict(backbones.top_k(one, picture, k=3)[0])
    for name, expected in zip(one.class_names, one.predict(picture)[0], strict=True):
        assert answers[name] == pytest.approx(expected, abs=1e-6)
