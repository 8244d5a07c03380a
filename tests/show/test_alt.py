"""Every figure says in words what it shows, and the notebook keeps the words with the picture."""

import ast
import io
from pathlib import Path

from tllib import datasets, show, transfer
from tllib.show.plots import Figure

import keras
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

GREY = np.full((8, 8, 3), 128)
MISTAKES = tuple(transfer.Mistake(path, "a", "b", 0.93) for path in datasets.load("pets").paths[:2])
REPORT = transfer.Report(0.875, {"a": 0.75, "b": 1.0}, np.array([[3, 1], [0, 4]]), MISTAKES, ("a", "b"))
TERMS = {"step": np.array([8, 16]), "total_variation": np.array([40.0, 9.04]), "probability": np.array([0.001, 1])}
LEARNED = {"loss": [2.0, 0.123], "accuracy": [0.5, 1.0], "val_accuracy": [0.25, 0.5]}
RATES = transfer.RateSearch(np.array([1e-4, 1e-3, 1e-2]), np.array([2.0, 1.0, 9.0]), 1e-3)
FLAT = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
ALT = {
    "bars": (lambda: show.bars({"features": {"cats": 0.9, "cells": 0.5}, "pixels": {"cats": 0.456, "cells": 0.5}},
                               line={"cats": 0.25, "cells": 0.5}),
             "Bars of 2 tasks: cats, features 0.90, pixels 0.46, guessing 0.25; cells, features 0.50, pixels 0.50, "
             "guessing 0.50."),
    "images": (lambda: show.images([GREY, GREY], ["photo", "the\nchange, × 12"]),
               "2 pictures: photo; the change, × 12."),
    "no titles": (lambda: show.images([GREY]), "1 picture."),
    "own words": (lambda: show.images([GREY], ["x"], alt="a grey square"), "a grey square"),
    "no images": (lambda: show.images([]), "nothing to show"),
    "photos": (lambda: show.photos(datasets.load("pets"), n=2), "2 photos: Cat; Dog."),
    "history": (lambda: show.history(TERMS),
                "2 line charts over 16 steps: total variation, 40 to 9; probability, 0.001 to 1."),
    "curves": (lambda: show.curves(LEARNED), "2 line charts against epoch: loss, training 2 to 0.12; accuracy, "
                                             "training 0.5 to 1, validation 0.25 to 0.5."),
    "learning_rates": (lambda: show.learning_rates(RATES), "Line chart of the loss against the learning rate, 0.0001 "
                                                           "to 0.01, on logarithmic axes; suggested: 1e-03."),
    "feature_maps": (lambda: show.feature_maps({"early": np.eye(4)[..., None]}),
                     "Maps of what 1 layer of a network answer to an image, up to 6 channels each: early, 4 × 4."),
    "heat_maps": (lambda: show.heat_maps([GREY], [np.eye(8)], ["cat"]), "1 picture under a heat map: cat."),
    "confusion": (lambda: show.confusion(REPORT), "Confusion matrix of 2 classes, a row for each truth: 88% of the "
                                                  "answers are right; the most frequent mistake: a called b, 1 of 4."),
    "lines": (lambda: show.lines({"loss": {"plain": [2, 1.5], "dropout": [2.5]}}, x=[1, 2], xlabel="epoch"),
              "1 line chart against epoch: loss, plain 2 to 1.5, dropout 2.5 to 2.5."),
    "regions": (lambda: show.regions({"wide": FLAT}, np.eye(2), np.arange(2)),
                "2 points of two classes, over what 1 network would answer at each place: wide."),
    "mistakes": (lambda: show.mistakes(REPORT), "2 mistakes: a → b (93%); a → b (93%)."),
    "guesses": (lambda: show.guesses(GREY, [("cat", 0.9), ("lynx", 0.06)]),
                "A picture, and bars of what it is said to be: cat, 90%; lynx, 6%."),
    "flow": (lambda: show.flow({"one\nstep": (0, 0), "two": (1, 0)}, [("one\nstep", "two")]),
             "A map of 2 steps: one step leads to two."),
}


@pytest.mark.parametrize("name", ALT)
def test_alt(name):
    make, words = ALT[name]
    assert make().alt == make().alt == words


@pytest.mark.parametrize("name", ["images", "confusion"])
def test_the_notebook_keeps_it_with_the_picture(name):
    figure = ALT[name][0]()
    data, metadata = DisplayFormatter().format(figure)
    (kind,) = {"image/png", "image/jpeg"} & set(data)
    assert kind == ("image/jpeg" if name == "images" else "image/png")
    assert metadata == {kind: {"alt": figure.alt}}


def test_a_picture_can_be_read_on_a_dark_page():
    figure = ALT["confusion"][0]()
    with Image.open(io.BytesIO(figure._repr_png_()[0])) as shown:
        assert shown.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_every_figure_of_this_room_is_given_words():
    rooms = list(Path(show.__file__).parent.glob("*.py"))
    calls = [(path.name, node) for path in rooms for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Figure", "PictureFigure")]
    assert len(calls) > 5
    for name, call in calls:
        assert any(keyword.arg == "alt" for keyword in call.keywords), f"{name}, line {call.lineno}: no alt="


def test_every_public_function_makes_a_figure_with_words():
    untried = [name for name in show.__all__ if name not in ALT]
    assert not untried, f"add them to ALT: {untried}"
    assert all(isinstance(make(), Figure) for make, _ in ALT.values())
