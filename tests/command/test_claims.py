"""Asserts turned into claims test the same, keep what they compared, and never end what they stand in."""

import ast

from tllib.command.claims import AssertsToClaims, Watch

import numpy as np
import pytest


@pytest.fixture
def run():
    """Source -> its claims, those that were shown, and the names it made."""
    def run(source):
        shown = []
        kept = Watch(shown.append)
        names = {"_claim": kept.claim, "_compare": kept.compare, "np": np}
        exec(compile(AssertsToClaims().visit(ast.parse(source)), "lesson", "exec"), names)
        return kept.claims, shown, names
    return run


@pytest.mark.parametrize("source", [
    "a = 3\nassert a > 2", "assert 1 < 2 <= 2, 'chained'", "assert 1 < 0 < 2", "assert (np.arange(3) >= 0).all()",
    "assert (np.arange(3) > 0).all()", "x = [1, 2]\nassert 2 in x and x is not None", "assert not 1 < float('nan')",
    "assert all(low < 3 for low in range(3))", "x = [1]\nassert x.pop() == 1 and not x", "assert [1, 2] == [1, 2]",
    "def f(x):\n    assert x < 2\n    return x\nassert f(1) == 1", "assert 'a' == 'b', 'text'",
    "assert np.bool_(False)"])
def test_a_claim_holds_where_its_assert_passes(run, source):
    try:
        exec(source, {"np": np})
        passes = True
    except AssertionError:
        passes = False
    claims, shown, _ = run(source)
    assert all(claim.holds for claim in claims) == passes
    assert [claim for claim in claims if not claim.holds] == shown


def test_what_was_compared_is_kept(run):
    (claim,), _, _ = run("loss, others = 0.5, np.array([2.0, 0.6])\nassert 0.1 < loss < 0.4 and others.min() > 1")
    assert [(one.text, one.left, one.right, one.holds) for one in claim.compared] == [
        ("0.1 < loss", 0.1, 0.5, True), ("loss < 0.4", 0.5, 0.4, False)], "`and` ends at what fails, as ever"
    assert claim.text == "0.1 < loss < 0.4 and others.min() > 1"


def test_tensors_of_any_engine_are_compared():
    torch = pytest.importorskip("torch")
    kept = Watch(lambda claim: None)
    some = torch.tensor([1.0, 3.0], requires_grad=True)
    for low, holds in ((0, True), (2, False)):
        kept.claim("", lambda low=low: kept.compare(("some", "low"), (">",), some, low).all(), str)
        assert kept.claims[-1].holds == holds and kept.claims[-1].compared[0].holds == holds
        assert "low" in kept.to_json() and str(kept.claims[-1])
    kept.claim("", lambda: kept.compare(("one", "two"), ("==",), some.detach()[0], 1), str)
    assert kept.claims[-1].holds


def test_it_says_what_came_out_and_the_cell_goes_on(run):
    _, (claim,), names = run("a = 1 / 3\nfor i in range(1):\n    assert a > 0.5, f'{i}: it should be more'\nb = 2")
    assert str(claim) == ("On this machine a comparison came out otherwise: 0: it should be more "
                          "(a > 0.5: here 0.333 and 0.5)")
    assert names["b"] == 2


def test_a_message_is_only_made_when_it_is_needed(run):
    claims, _, _ = run("assert True, missing")
    assert claims[0].message == ""
    with pytest.raises(NameError):
        run("assert False, missing")
