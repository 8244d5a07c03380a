from tllib import show

import numpy as np
import pytest

SCORES = {"features": {"cats": 0.9, "cells": 0.5}, "pixels": {"cats": 0.4, "cells": 0.45}}


def test_bars_are_as_high_as_the_scores_and_stand_side_by_side():
    figure = show.bars(SCORES, line={"cats": 0.25, "cells": 0.5})
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.9, 0.5, 0.4, 0.45]
    first, second = (np.array([bar.get_x() for bar in axes.patches[part]]) for part in (slice(2), slice(2, None)))
    np.testing.assert_allclose(second - first, 0.4)
    assert [line.get_ydata()[0] for line in axes.lines] == [0.25, 0.5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cats", "cells"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"features", "pixels", "guessing"}
    assert not show.bars(SCORES).axes[0].lines


def test_bars_know_their_limits():
    for count in (0, 5):
        with pytest.raises(ValueError, match=f"1 to 4 methods, got {count}"):
            show.bars({str(number): {"cats": 1.0} for number in range(count)})
