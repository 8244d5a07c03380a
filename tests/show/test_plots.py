import numpy as np
import pytest

from tllib import datasets, show, transfer


def report(paths=()):
    return transfer.Report(0.5, {"a": 0.5}, np.array([[3, 1], [0, 4]]), tuple(
        transfer.Mistake(path, "a", "b", 0.93) for path in paths), ("a", "b"))


def test_images_shows_each_once_with_its_title():
    pictures = [np.full((8, 8, 3), grey) for grey in (0, 128, 300)]
    figure = show.images(pictures, ["one", "two", "three"], columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["one", "two", "three"]
    assert [int(axes.images[0].get_array()[0, 0, 0]) for axes in figure.axes] == [0, 128, 255]


def test_figures_show_themselves_in_a_notebook():
    assert show.images([np.zeros((8, 8, 3))])._repr_png_().startswith(b"\x89PNG")


def test_photos_stand_under_their_labels():
    photos = datasets.load("cartoon_pets")
    titles = [axes.get_title() for axes in show.photos(photos, n=6).axes]
    assert sorted(titles) == ["Cat"] * 3 + ["Dog"] * 3


def test_history_has_a_panel_for_each_term():
    figure = show.history({"step": np.array([8, 16]), "objective": np.array([-1, -5]), "probability": np.ones(2)})
    assert [axes.get_title() for axes in figure.axes] == ["objective", "probability"]
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [[8, -1], [16, -5]])


def test_confusion_writes_the_counts():
    texts = [text.get_text() for text in show.confusion(report()).axes[0].texts]
    assert texts == ["3", "1", "4"]


@pytest.mark.parametrize("count, shown", [(0, 0), (3, 2)])
def test_mistakes(count, shown):
    paths = datasets.load("cartoon_pets").paths[:count]
    figure = show.mistakes(report(paths), n=2)
    assert [axes.get_title() for axes in figure.axes] == ["a → b (93%)"] * shown
