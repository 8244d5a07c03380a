from tllib import show

import numpy as np
import pytest


def test_guesses_has_a_bar_for_each_answer_the_first_on_top():
    figure = show.guesses(np.full((8, 8, 3), 99), [("cat", 0.75), ("lynx", 0.2), ("dog", 0.05)])
    picture, bars = figure.axes
    assert (picture.images[0].get_array() == 99).all() and picture.get_title() == "8 × 8 pixels"
    assert [bar.get_width() for bar in bars.patches] == [0.75, 0.2, 0.05]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["cat", "lynx", "dog"]
    assert [text.get_text() for text in bars.texts] == ["75%", "20%", "5%"]
    assert bars.get_ylim()[0] > bars.get_ylim()[1], "the first on top"


def test_guesses_are_about_one_picture():
    for pictures in ([], np.full((2, 8, 8, 3), 99)):
        with pytest.raises(ValueError, match="expected one"):
            show.guesses(pictures, [("cat", 0.75)])


def test_flow_draws_each_step_where_it_belongs_and_each_arrow():
    places = {"one": (0, 0), "two": (1, 1), "three": (2, 0)}
    figure = show.flow(places, [("one", "two"), ("two", "three")], {"good": ["two"], "better": ["three"]})
    (axes,) = figure.axes
    assert {text.get_text(): text.get_position() for text in axes.texts} == places
    assert len(axes.patches) == 3 + 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["good", "better"]
    edges = [(box.get_edgecolor(), box.get_linestyle()) for box in axes.patches[:3]]
    assert len(set(edges)) == 3, "no two groups look alike"
    assert len({line for _, line in edges[1:]}) == 2, "not by colour alone"


def test_flow_needs_no_groups_and_refuses_an_arrow_to_nowhere():
    assert not show.flow({"one": (0, 0)}, []).legends
    with pytest.raises(KeyError, match="elsewhere"):
        show.flow({"one": (0, 0)}, [("one", "elsewhere")])


@pytest.mark.parametrize(("one", "other", "start", "end", "bend"), [
    ((0, 0), (1, 0), (0.38, 0), (0.62, 0), 0),  # the next step
    ((1, 0), (1, 2), (1, 0.3), (1, 1.7), 0), ((1, 2), (1, 0), (1, 1.7), (1, 0.3), 0),  # down, up
    ((0, 1), (3, 1), (0, 0.7), (3, 0.7), -0.25),  # over what lies between
    ((3, 1), (0, 1), (3, 0.7), (0, 0.7), 0.25),  # back: the other way round, so over it as well
])
def test_flow_bends_arrows_over_what_lies_between(one, other, start, end, bend):
    arrow = show.flow({"one": one, "other": other}, [("one", "other")]).axes[0].patches[-1]
    np.testing.assert_allclose(arrow._posA_posB, (start, end))
    assert arrow.get_connectionstyle().rad == bend
