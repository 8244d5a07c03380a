from tests.classroom.checks.saying import says
from tllib.classroom.checks import training_tricks as check

import numpy as np
import pytest

HISTORY = {"step": np.array([10, 20, 30, 40, 50]), "loss": np.array([0.6, 0.4, 0.3, 0.1, 0.2]),
           "val_loss": np.array([0.65, 0.5, 0.45, 0.7, 0.9])}


def test_he_spread(capsys):
    for right in (0.2, np.sqrt(2 / 50), np.float32(0.2)):
        assert "right." in says(capsys, check.he_spread, right)
    for wrong, hint in ((..., "dots"), (0.04, "variance"), (np.sqrt(2 / 250), "one side"), (0.1, "into"),
                        (np.sqrt(1 / 50), "one half"), (3.0, "where does the root go"), ([0.2], "one number"),
                        ("0.2", "can't be checked")):
        assert hint in says(capsys, check.he_spread, wrong)


def test_rates(capsys):
    for right in ((0.3, 30.0), (0.2, 100)):
        assert "right." in says(capsys, check.rates, *right)
    for wrong, hint in (((..., 3.0), "dots"), ((30.0, 0.3), "should be the higher"), ((0.2, 0.3), "still learns"),
                        ((0.001, 30.0), "80% are asked for"), ((-1, 2), "positive"),
                        (("low", "high"), "can't be checked")):
        assert hint in says(capsys, check.rates, *wrong)


@pytest.mark.parametrize("right", [{"initializer": "he_normal"}, {"batch_norm": True}, {"residual": True}],
                         ids=lambda change: next(iter(change)))
def test_repair_accepts_any_knob_that_does_it(capsys, right):
    assert "right." in says(capsys, check.repair, {**check.BROKEN, **right})


def test_repair_says_what_is_off(capsys):
    broken = check.BROKEN
    for wrong, hint in ((..., "dots"), (dict(broken), "are the broken settings"), ({**broken, "depth": 3}, "all ten"),
                        ({**broken, "initializer": "he_normal", "batch_norm": True}, "2 knobs"),
                        ({**broken, "seed": 7}, "bad luck"), ({**broken, "activation": "tanh"}, "another activation"),
                        ({**broken, "initializer": "he"}, "can't be checked"), ("he_normal", "should be a dict")):
        assert hint in says(capsys, check.repair, wrong)


def test_stop(capsys):
    tie = {**HISTORY, "val_loss": np.array([0.65, 0.45, 0.45, 0.7, 0.9])}
    for right, history in ((30, HISTORY), (np.int64(30), HISTORY), (30.0, HISTORY), (20, tie), (30, tie)):
        assert "right." in says(capsys, check.stop, right, history)
    for wrong, hint in ((..., "dots"), (2, "place in the list"), (50, "by heart"), (40, "Which points should decide"),
                        (20, "lower at another time"), (35, "nothing was measured"), ([30], "one number")):
        assert hint in says(capsys, check.stop, wrong, HISTORY)


def test_hints_never_give_the_answer_away(capsys):
    for check_it, wrong in ((check.he_spread, (0.04,)), (check.he_spread, (7.0,)), (check.stop, (20, HISTORY)),
                            (check.stop, (50, HISTORY))):
        check_it(*wrong)
    shown = capsys.readouterr().out
    assert not any(answer in shown for answer in ("0.2", "30"))
