"""Whatever a right answer is wrapped in, it is right; NaN and infinity never are."""

from dataclasses import dataclass

from tests.classroom.checks.saying import says
from tllib.classroom.checks import (
    adversarial_images,
    challenge,
    ideal_images,
    oxford_pets,
    pretrained_networks,
    start_here,
    training_tricks,
    transfer_learning,
    transfer_learning_pytorch,
)
from tllib.classroom.checks.checking import check, plain

import keras
import numpy as np
import pytest

RANDOM = np.random.default_rng(0)
BEFORE = np.array([[[10, 20, 30], [40, 50, 60]]], "uint8")
AFTER = np.array([[[10, 23, 26], [40, 50, 60]]], "uint8")
BOARD = np.array([[0.0, 10.0], [30.0, 30.0]])
CONFUSION = np.array([[940, 10], [40, 10]])
FEATURES = RANDOM.normal(size=(3, 8)).astype("float32")
LENGTHS = np.linalg.norm(FEATURES, axis=1)
SCALED = RANDOM.random((4, 4, 3)).astype("float32")
PREPARED = (RANDOM.integers(0, 256, (4, 4, 3)) - pretrained_networks.VGG_MEAN).astype("float32")
HISTORY = {"step": np.array([10, 20, 30]), "loss": np.array([0.6, 0.4, 0.3]), "val_loss": np.array([0.5, 0.4, np.nan])}
SPIRALS = RANDOM.integers(0, 256, (2, 4, 4, 3)).astype("uint8")


@dataclass
class Evaluated:
    """As much of a report as the step on species looks at."""

    class_names: tuple = ("beagle", "boxer")
    confusion: np.ndarray = None
    accuracy: float = 0.95


REPORT = Evaluated(confusion=np.array([[6, 2], [1, 1]]))
ANSWERS = {  # the check -> its numeric answers, all right, and what else it is given
    "size": (start_here.size, [start_here.CAT], []),
    "pixels": (start_here.pixels, [255 * SCALED], [SCALED]),
    "undone": (pretrained_networks.undone, [(PREPARED + pretrained_networks.VGG_MEAN)[..., ::-1]], [PREPARED]),
    "cosines": (pretrained_networks.cosines, [FEATURES @ FEATURES.T / np.outer(LENGTHS, LENGTHS)], [FEATURES]),
    "largest_layer": (pretrained_networks.largest_layer, [(7 * 7 * 512 + 1) * 4096], []),
    "imbalance": (transfer_learning.imbalance, [[940 / 950, 0.2], 0.95], [CONFUSION]),
    "picture": (transfer_learning_pytorch.picture, [255 * SCALED],
                [(255 * SCALED.transpose(2, 0, 1)[None] - 127) / 128]),
    "roughness": (ideal_images.roughness, [15.0], [BOARD]),
    "distances": (adversarial_images.distances, [4, 5.0], [BEFORE, AFTER]),
    "he_spread": (training_tricks.he_spread, [0.2], []), "stop": (training_tricks.stop, [20], [HISTORY]),
    "more_than_guessing": (challenge.more_than_guessing, [16], [80, 8]),
    "same_winding": (challenge.same_winding, [np.rot90(SPIRALS, axes=(1, 2)).copy()], [SPIRALS]),
    "species": (oxford_pets.species, [0.7], [REPORT, {"beagle": "dog", "boxer": "cat"}])}


def tensor(answer):
    torch = pytest.importorskip("torch")
    return torch.tensor(np.array(answer, "float64", order="C"), requires_grad=True)


def each_alone(answer):
    return [np.asarray(part) for part in answer] if np.ndim(answer) == 1 else answer


WRAPPED = {"as it is": lambda answer: answer, "array": np.asarray,
           "float32": lambda answer: np.asarray(answer, "float32"),
           "list": lambda answer: np.asarray(answer).tolist(), "scalars": lambda answer: np.asarray(answer)[()],
           "tuple": lambda answer: tuple(answer) if np.ndim(answer) == 1 else answer, "each alone": each_alone,
           "keras": lambda answer: keras.ops.convert_to_tensor(np.asarray(answer, "float32")),
           "variable": lambda answer: keras.Variable(np.asarray(answer, "float32")), "torch": tensor}


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("name", ANSWERS)
def test_a_right_answer_is_right_in_any_wrapping(name, wrapping, capsys):
    function, answers, given = ANSWERS[name]
    assert "right." in says(capsys, function, *map(WRAPPED[wrapping], answers), *given)


@pytest.mark.parametrize("wrapping", ["as it is", "array", "keras", "torch"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ANSWERS)
def test_no_number_is_never_right(name, value, wrapping, capsys):
    function, answers, given = ANSWERS[name]
    for place, answer in enumerate(answers):
        spoilt = np.array(answer, "float64")
        spoilt.flat[-1] = value
        wrong = [*answers[:place], WRAPPED[wrapping](spoilt if spoilt.ndim else float(spoilt)), *answers[place + 1:]]
        assert "NaN or an infinite value" in says(capsys, function, *wrong, *given)


def test_a_rate_without_end_is_no_rate(capsys):
    assert "infinite" in says(capsys, training_tricks.rates, 0.3, np.inf)


def test_what_is_no_number_stays_as_it_is():
    torch = pytest.importorskip("torch")
    weights = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))]
    layer = torch.nn.Linear(2, 2)
    for answer in ("a name", None, weights, layer, {"loss": np.ones(3)}, ["a", "b"], [], {}, len):
        assert plain(answer) is answer or plain(answer) == answer
    assert plain(weights)[0] is weights[0]
    assert plain(np.array("a name")) == "a name" and plain((np.float32(0.5), np.int64(2))) == (0.5, 2)


def test_what_was_measured_on_the_way_may_hold_nan(capsys):
    @check("Exercise 9")
    def anything(history):
        yield from ()

    assert "right." in says(capsys, anything, HISTORY)
    assert "NaN" in says(capsys, anything, {"Cat": np.float32("nan")})
