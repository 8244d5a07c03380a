"""Which cells an exercise needs: tests/browser/needed.py."""

from tests.browser.needed import names, needed

import pytest


@pytest.mark.parametrize("source, made, used", [
    ("import numpy as np\nfrom tllib import show", {"np", "show"}, set()),
    ("a = b + 1\nc = a", {"a", "c"}, {"b"}), ("x = x + 1", {"x"}, {"x"}),
    ("for name in rows:\n    print(name)", {"name"}, {"rows", "print"}),
    ("try:\n    a()\nexcept Error as error:\n    print(error)", set(), {"a", "Error", "print"}),
    ("best = min(rows, key=lambda row: row.size)", {"best"}, {"min", "rows"}),
    ("[row for row in rows]", {"row"}, {"rows"}), ("a.b = c", set(), {"a", "c"}), ("a[0] = c", set(), {"a", "c"}),
    ("def f(x):\n    return x + y\n\nz = f(1)", {"f", "z"}, {"y"}),
])
def test_names_by_hand(source, made, used):
    assert names(source) == (made, used)


def test_an_exercise_needs_the_last_cell_that_made_each_name():
    cells = ["import x", "a = x.one()", "b = 2", "a = x.two()", "c = a", "print(b)", "check(c)"]
    assert needed(cells, [6]) == [0, 3, 4, 6]
    assert needed(cells, [5]) == [2, 5] and needed(cells, []) == []
    assert needed(["a = 1", "a += 1", "check(a)"], [2]) == [0, 1, 2], "a change needs what it changes"
