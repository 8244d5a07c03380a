"""A set of drawings is written once, and whole or not at all."""

from tllib.datasets import drawn

import numpy as np
import pytest


def black(names):
    for name in names:
        yield name, np.zeros((4, 4, 3), "uint8")


def test_what_is_there_is_not_drawn_again(tmp_path):
    folder = drawn.write(tmp_path / "set", black(["train/one_1.png", "test/two_2.png"]))
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert files == ["test/two_2.png", "train/one_1.png"]
    drawn.write(folder, black(["train/three_3.png"]))
    assert len(list(folder.rglob("*.png"))) == 2


def test_an_interrupted_drawing_leaves_nothing(tmp_path):
    def interrupted():
        yield from black(["a_1.png", "a_2.png"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawn.write(tmp_path / "set", interrupted())
    assert not list(tmp_path.iterdir())
