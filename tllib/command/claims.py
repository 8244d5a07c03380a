"""A lesson's asserts -> claims: each is tested, and marked in the output where it fails; the lesson goes on.

Read cell by cell, a lesson stops at an `assert` that fails, as Python does. `python -m tllib run` goes through whole
lessons, and its pages show which claims failed on this machine. For that, `watch` is called in the lesson's kernel.
"""

import ast
import html
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MARK = "tllib_claim"  # in the metadata of an output that says which claim failed
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
           "!=": operator.ne}
_SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_NO_ARGUMENTS = ast.arguments([], [], None, [], [], None, [])


@dataclass(frozen=True)
class Comparison:
    """Two sides of a claim, as they came out.

    Attributes:
        text: as it is written in the lesson, such as "accuracy >= 0.95".
        left: the value of the left side, such as 0.99; a number, an array, anything.
        sign: a key of COMPARE, such as ">=".
        right: the value of the right side, such as 0.95.
        holds: whether the comparison is true, for arrays: everywhere.
    """

    text: str
    left: object
    sign: str
    right: object
    holds: bool


@dataclass(frozen=True)
class Claim:
    """An assert, as it came out.

    Attributes:
        text: what it tests, as it is written in the lesson.
        message: what it says if it fails.
        holds: whether it holds here.
        compared: its comparisons, in the order in which they were made.
    """

    text: str
    message: str
    holds: bool
    compared: tuple[Comparison, ...]

    def __str__(self) -> str:
        """A sentence for a learner: what was claimed, and what came out instead."""
        failed = "; ".join(f"{one.text}: here {_brief(one.left)} and {_brief(one.right)}"
                           for one in self.compared if not one.holds)
        claimed = self.message or "an assert without words"
        return f"On this machine a comparison came out otherwise: {claimed} ({failed or self.text})"


class Watch:
    """What a kernel keeps: the claims of a lesson, as they are tested; `show` is called with each that fails."""

    def __init__(self, show: Callable[[Claim], None]):
        self.claims: list[Claim] = []
        self._show = show
        self._compared: list[Comparison] = []

    def claim(self, text: str, test: Callable[[], object], message: Callable[[], object]) -> None:
        """Test a claim, and keep it."""
        self._compared = []
        holds = bool(test())
        claim = Claim(text, "" if holds else str(message()), holds, tuple(self._compared))
        self.claims.append(claim)
        if not holds:
            self._show(claim)

    def compare(self, texts: tuple[str, ...], signs: tuple[str, ...], *sides: object) -> object:
        """Compare as `a < b <= c` does, and keep each pair."""
        result = True
        for number, sign in enumerate(signs):
            left, right = sides[number:number + 2]
            one = COMPARE[sign](left, right)
            text = f"{texts[number]} {sign} {texts[number + 1]}"
            self._compared.append(Comparison(text, left, sign, right, _everywhere(one)))
            result = one if number == 0 else result & one
        return result

    def to_json(self) -> str:
        """All claims as JSON, for `benchmarks/variants.py`."""
        return json.dumps([{"text": claim.text, "holds": claim.holds, "compared": [
            [one.text, _plain(one.left), one.sign, _plain(one.right)] for one in claim.compared]}
            for claim in self.claims])


def watch() -> Watch:
    """Have this IPython kernel keep the claims of the cells that it runs from now on, and mark those that fail."""
    from IPython import get_ipython
    from IPython.display import display

    def show(claim: Claim) -> None:
        display({"text/plain": str(claim), "text/html": box(str(claim))}, raw=True, metadata={MARK: True})

    shell, kept = get_ipython(), Watch(show)
    shell.push({"_claim": kept.claim, "_compare": kept.compare}, interactive=False)
    shell.ast_transformers.append(AssertsToClaims())
    return kept


class AssertsToClaims(ast.NodeTransformer):
    """`assert test, message` -> `_claim("test", lambda: test, lambda: message)`, in a whole syntax tree."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """Replace one assert."""
        text = ast.Constant(ast.unparse(node.test))
        test = ast.Lambda(_NO_ARGUMENTS, _Comparisons().visit(node.test))
        message = ast.Lambda(_NO_ARGUMENTS, node.msg or ast.Constant(""))
        call = ast.Expr(ast.Call(ast.Name("_claim", ast.Load()), [text, test, message], []))
        return ast.fix_missing_locations(ast.copy_location(call, node))


class _Comparisons(ast.NodeTransformer):
    """`a < b` -> `_compare(("a", "b"), ("<",), a, b)`."""

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        sides = [node.left, *node.comparators]
        texts = ast.Constant(tuple(ast.unparse(side) for side in sides))
        self.generic_visit(node)
        if not all(type(sign) in _SIGNS for sign in node.ops):  # `in`, `is`
            return node
        signs = ast.Constant(tuple(_SIGNS[type(sign)] for sign in node.ops))
        return ast.Call(ast.Name("_compare", ast.Load()), [texts, signs, node.left, *node.comparators], [])


def box(text: str) -> str:
    """Text, marked for the eye, as HTML."""
    return ('<div dir="ltr" style="border-left: 4px solid #c60; background: #fff3e0; color: #222; '
            f'padding: .4em .8em; margin: .4em 0; text-align: left">{html.escape(text)}</div>')


def _everywhere(result: object) -> bool:
    """Whether a comparison is true; of arrays and tensors of any engine, everywhere."""
    try:
        return bool(result)
    except (TypeError, ValueError, RuntimeError):
        return bool(result.all())


def _plain(value: object) -> object:
    """A value as JSON can hold it; of many numbers, the smallest and the largest."""
    if isinstance(value, str | bool | int | float):
        return value
    try:
        numbers = np.asarray(value, "float64")
    except (TypeError, ValueError, RuntimeError):
        return str(value)
    return numbers.tolist() if numbers.size <= 20 else [float(numbers.min()), float(numbers.max())]


def _brief(value: object) -> str:
    """A value, short enough for a sentence."""
    if isinstance(value, float | np.floating):
        return f"{value:.3g}"
    with np.printoptions(precision=3, threshold=8):
        text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
