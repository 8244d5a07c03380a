from tllib import datasets, show, transfer

import numpy as np
import pytest
from PIL import Image


def report(paths=()):
    return transfer.Report(0.5, {"a": 0.5}, np.array([[3, 1], [0, 4]]), tuple(
        transfer.Mistake(path, "a", "b", 0.93) for path in paths), ("a", "b"))


def test_images_shows_each_once_with_its_title():
    pictures = [np.full((8, 8, 3), grey) for grey in (0, 128, 300)]
    figure = show.images(pictures, ["one", "two", "three"], columns=2)
    assert [axes.get_title() for axes in figure.axes] == ["one", "two", "three"]
    assert [int(axes.images[0].get_array()[0, 0, 0]) for axes in figure.axes] == [0, 128, 255]


def test_long_titles_are_broken_so_that_neighbours_do_not_overlap():
    long = "staffordshire_bull_terrier → american_pit_bull_terrier (58%)"
    figure = show.images([np.zeros((8, 8, 3))] * 2, [long, "short"])
    figure.draw_without_rendering()
    boxes = [axes.title.get_window_extent() for axes in figure.axes]
    assert "\n" in figure.axes[0].get_title() and not boxes[0].overlaps(boxes[1])
    assert boxes[0].width < figure.bbox.width / 2 and boxes[0].y1 < figure.bbox.height


def test_figures_show_themselves_in_a_notebook():
    assert show.images([np.zeros((8, 8, 3))])._repr_jpeg_()[0].startswith(b"\xff\xd8")


def test_photos_stand_under_their_labels():
    photos = datasets.load("pets")
    titles = [axes.get_title() for axes in show.photos(photos, n=6).axes]
    assert sorted(titles) == ["Cat"] * 3 + ["Dog"] * 3


def test_history_has_a_panel_for_each_term():
    figure = show.history({"step": np.array([8, 16]), "objective": np.array([-1, -5]), "probability": np.ones(2)})
    assert [axes.get_title() for axes in figure.axes] == ["objective", "probability"]
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [[8, -1], [16, -5]])


def test_confusion_writes_the_counts():
    texts = [text.get_text() for text in show.confusion(report()).axes[0].texts]
    assert texts == ["3", "1", "4"]


def test_class_names_are_text_whatever_their_letters(recwarn):
    names = ("US$1", "US$5", "猫")
    asked = transfer.Report(1.0, dict.fromkeys(names, 1.0), np.eye(3, dtype=int), (), names)
    figure = show.confusion(asked)
    assert figure._repr_png_()[0].startswith(b"\x89PNG")
    ticks = figure.axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == list(names)
    assert not any(tick.get_parse_math() for tick in ticks[:2]), "a dollar sign begins no mathematics"
    assert not recwarn.list


def test_rates_are_still_written_as_powers_of_ten():
    search = transfer.RateSearch(np.array([1e-4, 1e-3, 1e-2]), np.array([2.0, 1.0, 9.0]), 1e-4)
    figure = show.learning_rates(search)
    figure._repr_png_()
    powers = [tick for tick in figure.axes[0].get_xticklabels() if "10^{-3}" in tick.get_text()]
    assert powers and all(tick.get_parse_math() for tick in powers)


def test_many_classes_are_colours_only():
    n = 1000
    names = tuple(f"class {number}" for number in range(n))
    figure = show.confusion(transfer.Report(1.0, dict.fromkeys(names, 1.0), np.eye(n, dtype=int), (), names))
    assert not figure.axes[0].texts and max(figure.get_size_inches()) < 17
    assert "1000 classes" in figure.alt


@pytest.mark.parametrize("count, shown", [(0, 0), (3, 2)])
def test_mistakes(count, shown):
    paths = datasets.load("pets").paths[:count]
    figure = show.mistakes(report(paths), n=2)
    assert [axes.get_title() for axes in figure.axes] == ["a → b (93%)"] * shown


def test_curves_show_what_was_noted():
    figure = show.curves({"loss": [2, 1], "accuracy": [0.5, 1], "val_loss": [3, 2], "val_accuracy": [0.25, 0.5]})
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xydata(), [[1, 3], [2, 2]])
    assert [len(axes.lines) for axes in show.curves({"loss": [2], "accuracy": [1]}).axes] == [1, 1]


def test_learning_rates_marks_the_suggestion():
    search = transfer.RateSearch(np.array([1e-4, 1e-3, 1e-2]), np.array([2.0, 1.0, 9.0]), 1e-4)
    curve, mark = show.learning_rates(search).axes[0].lines
    np.testing.assert_array_equal(curve.get_ydata(), search.losses)
    assert set(mark.get_xdata()) == {1e-4}


def test_feature_maps_shows_the_channels_that_vary_most():
    maps = np.zeros((4, 4, 3))
    maps[0, 0] = [1, 0, 5]
    figure = show.feature_maps({"early": maps, "late": maps}, channels=2)
    assert [axes.images[0].get_array().max() for axes in figure.axes] == [5, 1, 5, 1]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["early, 4 × 4", "", "late, 4 × 4", ""]


SHOWS = {"images": show.images, "images, of a list": lambda picture: show.images([picture]),
         "guesses": lambda picture: show.guesses(picture, [("cat", 1.0)]),
         "heat_maps": lambda picture: show.heat_maps(picture, [np.eye(8)]),
         "heat_maps, of a list": lambda picture: show.heat_maps([picture], [np.eye(8)])}


@pytest.mark.parametrize("function", SHOWS)
@pytest.mark.parametrize("picture, message", [
    (np.random.default_rng(0).random((8, 8, 3)), "multiply by 255"), (np.full((8, 8, 3), np.nan), "NaN"),
    (np.full((8, 8), 99), "greyscale"), (np.full((8, 8, 4), 99), "alpha channel"),
    (np.full((3, 8, 8), 99), "colours come first"), (np.full((8, 8, 3), 9999, "uint16"), "uint16")])
def test_what_is_no_picture_is_refused_and_not_shown_black(function, picture, message):
    with pytest.raises(ValueError, match=message):
        SHOWS[function](picture)


@pytest.mark.parametrize("function", SHOWS)
def test_a_picture_may_come_straight_from_pil(function):
    shown = SHOWS[function](Image.new("RGBA", (8, 8), (9, 9, 9, 0))).axes[0].images[0].get_array()
    assert shown[0, 1].tolist() == ([8, 8, 8] if "heat" in function else [9, 9, 9])


def test_one_picture_or_a_batch_with_a_dark_one():
    one, batch = np.full((8, 8, 3), 99), np.full((2, 8, 8, 3), 99.0)
    batch[1] = 0.6
    assert len(show.images(one).axes) == 1 and show.images(one).alt == "1 picture."
    for several in (batch, list(batch)):
        first, second = (axes.images[0].get_array() for axes in show.images(several).axes)
        assert (first == 99).all() and (second == 1).all()


@pytest.mark.parametrize("maps, message", [
    ([np.full((8, 8), 1.5)], "got 1.5 to 1.5.*Scale it first"), ([np.full((8, 8), -0.5)], "got -0.5 to"),
    ([np.full((8, 8), np.nan)], "NaN"), ([np.eye(7)], r"\(8, 8\), got \(7, 7\)"), ([np.ones((8, 8, 3))], "got"),
    ([], "one map per picture"), ([np.eye(8)] * 2, "1 picture and 2 maps")])
def test_heat_maps_that_do_not_fit_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        show.heat_maps([np.full((8, 8, 3), 99)], maps)


def test_heat_maps_colour_what_matters_and_leave_the_picture_visible():
    picture, heat = np.full((8, 8, 3), (150, 90, 60)), np.zeros((8, 8))
    picture[:, 4:] = 20
    heat[2, 3], heat[5, 6] = 1, 0.5
    (axes,) = show.heat_maps([picture], [heat], ["cat"]).axes
    shown = np.asarray(axes.images[0].get_array(), int)
    colour = np.ptp(shown, axis=-1)
    assert axes.get_title() == "cat" and np.argwhere(colour).tolist() == [[2, 3], [5, 6]]
    assert shown[0, 0].tolist() == [85] * 3 and shown[0, 7].tolist() == [17] * 3, "light and dark, as in the picture"
    assert np.unravel_index(shown.sum(axis=-1).argmax(), heat.shape) == (2, 3), "the highest is the brightest"
    assert shown[2, 3, 2] < shown[2, 3, 1], "and yellow"


def test_a_lone_title_is_not_taken_apart():
    with pytest.raises(ValueError, match="titles is a list, got a single 'cat'"):
        show.images([np.full((8, 8, 3), 200, "uint8")], "cat")
