"""Networks of one's own: what they are asked for, what is refused, and that nothing keeps them."""

import gc
import weakref
from dataclasses import replace

from tllib import backbones, synthesis, transfer, widgets
from tllib.backbones import engine

import keras
import numpy as np
import pytest
from keras import layers, ops

QUICK = replace(synthesis.FOURIER, steps=2)


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype("uint8")


def seeded(stddev, seed):
    return keras.initializers.RandomNormal(stddev=stddev, seed=seed)


def pixels_and_features():
    """The beginning of a small network, always with the same weights."""
    pixels = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.Conv2D(8, 3, activation="relu", kernel_initializer=seeded(0.3, 1), name="maps")(x)
    return pixels, layers.GlobalAveragePooling2D()(x)


def dense(activation=None):
    return layers.Dense(3, activation, kernel_initializer=seeded(3, 2), name="dense")


def own(end):
    """A network of the same three classes with the same logits, with another end."""
    pixels, features = pixels_and_features()
    return keras.Model(pixels, end(features))


def grown():
    """A Sequential that was added to, a layer at a time."""
    body, network = own(lambda features: features), keras.Sequential()
    for layer in (keras.Input((32, 32, 3)), *body.layers[1:], dense("softmax")):
        network.add(layer)
    return network


class Judging(layers.Layer):
    """A layer of one's own, weights and sigmoid in one."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, x):
        return ops.sigmoid(self.dense(x))


# Networks that judge each class by itself: no logits, no probabilities of a choice.
EACH_BY_ITSELF = {
    "dense": lambda x: layers.Dense(4, "sigmoid")(x),
    "of zeros": lambda x: layers.Dense(2, "sigmoid", kernel_initializer="zeros")(x),
    "dense, another function": lambda x: layers.Dense(4, ops.sigmoid)(x),
    "hard": lambda x: layers.Dense(4, "hard_sigmoid")(x),
    "clipped": lambda x: ops.clip(layers.Dense(4, bias_initializer="ones")(x), 0, 1),
    "by hand": lambda x: 1 / (1 + ops.exp(-layers.Dense(4)(x))),
    "a layer of its own": lambda x: Judging()(x),
    "side by side": lambda x: layers.Concatenate()([layers.Dense(1, "sigmoid")(x) for _ in range(4)]),
    "averaged": lambda x: layers.Average()([layers.Dense(4, "sigmoid")(x) for _ in range(2)]),
    "nested": lambda x: keras.Sequential([layers.Dense(4), layers.Activation("sigmoid"), layers.Identity()])(x),
    "nested, side by side": lambda x: keras.Sequential([layers.Dense(4, "sigmoid")])(x) * 0.9,
    "two choices": lambda x: layers.Concatenate()([layers.Dense(2, "softmax")(x), layers.Dense(3, "softmax")(x)]),
    "of maps": lambda x: layers.GlobalAveragePooling2D()(
        layers.Conv2D(4, 1, activation="sigmoid")(layers.Reshape((2, 2, 2))(x))),
}


@pytest.mark.core
@pytest.mark.parametrize("name", EACH_BY_ITSELF)
def test_a_network_that_judges_each_class_by_itself_is_refused(name):
    with pytest.raises(ValueError, match=r"judges each class by itself, .* do not sum to 1\..*softmax"):
        backbones.logits_of(own(EACH_BY_ITSELF[name]))


def biased(bias, kernel="zeros", activation=None):
    return layers.Dense(len(bias), activation, kernel_initializer=kernel,
                        bias_initializer=lambda shape, dtype: ops.convert_to_tensor(bias, dtype))


# Networks whose answers to pictures happen to lie in 0 to 1.
LOGITS_OF_0_TO_1 = {
    "not trained": lambda: biased([0, 0, 0]),
    "constant": lambda: biased([0.0, 0.4, 1.0]),
    "small": lambda: biased([0.5, 0.4, 0.2], seeded(1e-4, 2)),
    "small and positive": lambda: biased([0, 0, 0], keras.initializers.RandomUniform(0, 1e-3, 2)),
    "small, relu": lambda: biased([0.1, 0.1, 0.1], seeded(1e-3, 2), "relu"),
    "small, tanh": lambda: biased([0.2, 0.3, 0.4], seeded(1e-3, 2), "tanh"),
    "nested": lambda: keras.Sequential([layers.Dropout(0.5), biased([0.5, 0.4, 0.2], seeded(1e-4, 2))]),
    "behind a sigmoid": lambda: keras.Sequential([layers.Dense(8, "sigmoid"), biased([0.5, 0.4, 0.2])]),
    "a mean": lambda: lambda x: layers.Average()([biased([0.5, 0.4, 0.2], seeded(1e-4, 2))(x) for _ in range(2)]),
}


@pytest.mark.core
@pytest.mark.parametrize("name", LOGITS_OF_0_TO_1)
def test_logits_that_happen_to_lie_in_0_to_1_are_logits(name, photo):
    network = own(LOGITS_OF_0_TO_1[name]())
    answers = engine.predict(network, photo[None].astype("float32"))
    assert answers.min() >= 0 and answers.max() <= 1
    assert backbones.logits_of(network) is network
    powers = np.exp(answers[0].astype("float64"))
    np.testing.assert_allclose(backbones.predict_proba(network, photo)[0], powers / powers.sum(), atol=1e-6)


def test_sigmoids_of_a_number_and_its_negative_are_two_classes(photo):
    network = own(lambda x: layers.Activation("sigmoid")(layers.Concatenate()([
        one := layers.Dense(1, kernel_initializer=seeded(3, 2))(x), -one])))
    answers = engine.predict(network, photo[None].astype("float32"))
    assert answers[0].sum() == pytest.approx(1) and abs(answers[0, 0] - 0.5) > 0.01
    np.testing.assert_allclose(backbones.predict_proba(network, photo), answers, atol=1e-5)


def averaged(features):
    logits = dense()(features)
    return layers.Average()([layers.Softmax()(logits), ops.softmax(logits)])


def by_hand(features):
    powers = ops.exp(dense()(features))
    return powers / ops.sum(powers, axis=-1, keepdims=True)


def in_a_list():
    pixels, features = pixels_and_features()
    return keras.Model([pixels], [dense("softmax")(features)])


NETWORKS = {
    "logits": lambda: own(dense()),
    "softmax activation": lambda: own(dense("softmax")),
    "softmax layer": lambda: own(lambda features: layers.Softmax()(dense()(features))),
    "activation layer": lambda: own(lambda features: layers.Activation("softmax")(dense()(features))),
    "softmax operation": lambda: own(lambda features: ops.softmax(dense()(features))),
    "log softmax": lambda: own(lambda features: ops.log_softmax(dense()(features))),
    "softmax, then Identity": lambda: own(lambda features: layers.Identity()(dense("softmax")(features))),
    "softmax in a nested model": lambda: own(keras.Sequential([layers.Dropout(0.5), dense("softmax")])),
    "nested twice, then Dropout": lambda: own(
        keras.Sequential([keras.Sequential([dense("softmax")]), layers.Dropout(0.5)])),
    "average of two softmaxes": lambda: own(averaged),
    "softmax by hand": lambda: own(by_hand),
    "Sequential": lambda: keras.Sequential([own(lambda features: features), dense("softmax")]),
    "Sequential, grown": grown,
    "input and output in lists": in_a_list,
}


@pytest.fixture(scope="module")
def expected_logits():
    """What the networks' common logits are, by hand, of the photo."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype("float64")
    kernel, dense_kernel = (ops.convert_to_numpy(seeded(stddev, seed)(shape)).astype("float64")
                            for stddev, seed, shape in ((0.3, 1, (3, 3, 3, 8)), (3, 2, (8, 3))))
    scaled = pixels / 127.5 - 1
    patches = np.lib.stride_tricks.sliding_window_view(scaled, (3, 3), axis=(0, 1))
    maps = np.maximum(np.einsum("hwcij,ijcf->hwf", patches, kernel), 0)
    return maps.mean(axis=(0, 1)) @ dense_kernel


@pytest.mark.core
@pytest.mark.parametrize("name", NETWORKS)
def test_its_probabilities_are_told_as_they_are(name, photo, expected_logits):
    network = NETWORKS[name]()
    powers = np.exp(expected_logits - expected_logits.max())
    np.testing.assert_allclose(backbones.predict_proba(network, photo)[0], powers / powers.sum(), atol=1e-4)
    logits = engine.predict(backbones.logits_of(network), photo[None].astype("float32"))[0]
    np.testing.assert_allclose(logits - logits.mean(), expected_logits - expected_logits.mean(), atol=1e-3)
    assert (backbones.logits_of(network) is network) == (name in ("logits", "log softmax"))


def test_a_certain_answer_is_told_as_certain(photo):
    """Probabilities of exactly 1 and 0 as well, where there is no softmax to cut off."""
    certain = own(lambda features: ops.one_hot(ops.argmax(dense()(features), axis=-1), 3))
    answers = backbones.predict_proba(certain, photo)[0]
    np.testing.assert_allclose(np.sort(answers), [0, 0, 1], atol=1e-6)


@pytest.mark.parametrize("name", ["softmax in a nested model", "average of two softmaxes", "Sequential",
                                  "Sequential, grown", "input and output in lists"])
def test_it_is_attacked_drawn_and_judged(name, photo):
    network = NETWORKS[name]()
    before = backbones.predict_proba(network, photo)[0]
    target = int(before.argmin())
    fake = synthesis.adversarial_image(network, photo, target=target, epsilon=100, steps=5)
    assert fake.probability > before[target] + 0.1
    drawn = synthesis.ideal_image(network, target, recipe=replace(QUICK, steps=8))
    probability, rank = synthesis.second_opinion(network, drawn.image, target)
    assert probability == pytest.approx(drawn.probability) and 1 <= rank <= 3
    assert synthesis.robustness(network, [fake])["saved as PNG"].clean_accuracy == 1


def one_sigmoid():
    return own(layers.Dense(1, "sigmoid"))


def of_shape(*shape):
    return keras.Sequential([keras.Input(shape), layers.Flatten() if None not in shape else
                             layers.GlobalAveragePooling2D(), layers.Dense(2)])


class Subclass(keras.Model):
    """A model with a call of its own."""

    def __init__(self):
        super().__init__(name="subclass")
        self.dense = layers.Dense(2)

    def call(self, pixels):
        return self.dense(ops.mean(pixels, axis=(1, 2)))


def two_inputs():
    one, two = keras.Input((32, 32, 3)), keras.Input((4,))
    return keras.Model([one, two], layers.Dense(2)(layers.Concatenate()([layers.Flatten()(one), two])))


def two_outputs():
    pixels, features = pixels_and_features()
    return keras.Model(pixels, {"kind": layers.Dense(2)(features), "age": layers.Dense(3)(features)})


REFUSED = {
    "one sigmoid": (one_sigmoid, r"one number per picture.*Dense\(2, activation='softmax'\)"),
    "sigmoids": (lambda: own(layers.Dense(4, "sigmoid")), "each class by itself.*softmax"),
    "maps": (lambda: keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(4, 3)]), "one number per class"),
    "any size": (lambda: of_shape(None, None, 3), r"any size.*keras\.Input\(\(224, 224, 3\)\)"),
    "not square": (lambda: of_shape(24, 32, 3), r"square.*Input\(\(32, 32, 3\)\).*Resizing\(24, 32\)"),
    "channels first": (lambda: of_shape(3, 32, 32), r"\(3, 32, 32\).*RGB.*Permute\(\(3, 1, 2\)\)"),
    "grey": (lambda: of_shape(32, 32, 1), r"\(32, 32, 1\).*RGB.*mean"),
    "five channels": (lambda: of_shape(32, 32, 5), r"\(32, 32, 5\).*RGB.*5 channels"),
    "features": (lambda: keras.Sequential([keras.Input((1280,)), layers.Dense(2)]), "no pictures"),
    "never called": (lambda: keras.Sequential([layers.Flatten(), layers.Dense(2)]), "does not know yet.*Input"),
    "subclass": (Subclass, "does not know yet.*Input"),
    "two inputs": (two_inputs, "2 inputs at once"),
    "two outputs": (two_outputs, r"2 outputs at once.*outputs\[0\]"),
}
ASKED = {
    "softmax": lambda network, photo: backbones.predict_proba(network, photo),
    "top_k": lambda network, photo: backbones.top_k(network, photo),
    "logits_of": lambda network, photo: backbones.logits_of(network),
    "attack": lambda network, photo: synthesis.adversarial_image(network, photo, target=1),
    "attack another too": lambda network, photo: synthesis.adversarial_image(own(dense()), photo, also=[network]),
    "ideal image": lambda network, photo: synthesis.ideal_image(network, 1, recipe=QUICK, size=32),
    "second opinion": lambda network, photo: synthesis.second_opinion(network, photo, 1),
    "explorer": lambda network, photo: widgets.adversarial_explorer(network, photo, 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_network_for_pictures_is_refused_alike_everywhere(name, photo):
    make, message = REFUSED[name]
    network = make()
    for asked in ASKED.values():
        with pytest.raises(ValueError, match=message) as refusal:
            asked(network, photo)
        assert str(refusal.value).count(". ") <= 2


@pytest.mark.parametrize("name", ["any size", "not square", "channels first", "grey", "features", "never called",
                                  "subclass", "two inputs", "two outputs"])
def test_so_it_is_where_classes_do_not_matter(name, photo):
    make, message = REFUSED[name]
    network = make()
    for ask in (lambda: synthesis.layer_image(network, "maps", recipe=QUICK),
                lambda: transfer.activations(network, photo, ["maps"]),
                lambda: transfer.Classifier(network, ("a", "b"), "efficientnet_lite0").predict(photo),
                lambda: transfer.grad_cam(transfer.Classifier(network, ("a", "b"), "efficientnet_lite0"), photo)):
        with pytest.raises(ValueError, match=message):
            ask()


@pytest.mark.parametrize("name", ["any size", "not square", "channels first", "grey", "never called", "subclass"])
def test_what_the_message_says_helps(name, photo):
    """Its line of code is run as it stands."""
    make, _ = REFUSED[name]
    with pytest.raises(ValueError) as refusal:
        backbones.predict_proba(network := make(), photo)
    line = str(refusal.value)[str(refusal.value).index("pixels = "):].rstrip(".")
    names = {"keras": keras, "network": network}
    exec(line, names)
    np.testing.assert_allclose(backbones.predict_proba(names["network"], photo).sum(), 1)


def test_a_classifier_is_asked_by_its_network(photo):
    network = own(dense("softmax"))
    classifier = transfer.Classifier(network, ("a", "b", "c"), "efficientnet_lite0")
    np.testing.assert_array_equal(backbones.predict_proba(classifier, photo), backbones.predict_proba(network, photo))


def test_nan_is_refused(photo):
    network = own(dense())
    network.get_layer("dense").set_weights([np.full((8, 3), np.nan), np.zeros(3)])
    with pytest.raises(ValueError, match="NaN or infinity"):
        backbones.predict_proba(network, photo)


def use_in_every_way(network, photo):
    synthesis.adversarial_image(network, photo, epsilon=1, steps=1)
    synthesis.adversarial_image(own(dense()), photo, also=[network], epsilon=1, steps=1)
    synthesis.ideal_image(network, 1, recipe=QUICK)
    synthesis.layer_image(network, "maps", 2, recipe=QUICK)
    synthesis.second_opinion(network, photo, 1)
    transfer.activations(network, photo, ["maps"])


@pytest.mark.core
@pytest.mark.parametrize("name", ["logits", "softmax activation", "average of two softmaxes"])
def test_a_network_that_was_used_goes_when_it_is_deleted(name, photo, monkeypatch):
    monkeypatch.setattr(backbones, "last_conv_layer", lambda _: "maps")
    network, judge = NETWORKS[name](), own(dense())
    use_in_every_way(network, photo)
    if name != "logits":  # a classifier gives probabilities
        transfer.grad_cam(transfer.Classifier(network, ("a", "b", "c"), "efficientnet_lite0"), photo)
    synthesis.adversarial_image(judge, photo, also=[network], epsilon=1, steps=1)
    watch = weakref.ref(network)
    del network
    gc.collect()
    assert watch() is None, "also while a network that was attacked together with it lives"


def test_what_is_remembered_is_no_part_of_a_network(photo, tmp_path):
    network, untouched = (own(dense("softmax")) for _ in range(2))
    use_in_every_way(network, photo)
    assert len(network.layers) == len(untouched.layers) and len(network.variables) == len(untouched.variables)
    assert network.count_params() == untouched.count_params()
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(backbones.predict_proba(again, photo), backbones.predict_proba(network, photo))
    untouched.save(tmp_path / "untouched.keras")
    sizes = [(tmp_path / f"{name}.keras").stat().st_size for name in ("network", "untouched")]
    assert sizes[0] == pytest.approx(sizes[1], abs=200)


def test_eight_answers_are_remembered_per_network():
    calls = []

    @engine.remember
    def answer(network, number):
        calls.append(number)
        return network.name, number

    one, other = own(dense()), own(dense())
    assert answer(one, 1) is answer(one, 1) and answer(other, 1) == (other.name, 1) and calls == [1, 1]
    for number in range(2, 10):
        answer(one, number)
    answer(one, 1)
    assert calls == [1, 1, *range(2, 10), 1]
