"""The thousand: each class drawn once, kept small, judged as it is kept, and shown on one page."""

import json
import re
import signal
from dataclasses import replace
from types import SimpleNamespace

from tllib import backbones, synthesis
from tllib.command import main, thousand

import numpy as np
import pytest
from PIL import Image

RECIPE = replace(synthesis.FOURIER, steps=2)
DATA = r'<script type="application/json" id="data">(.*?)</script>'


@pytest.fixture(scope="module")
def tiny():
    return backbones.load("squeezenet", top=True, size=64)


@pytest.fixture
def command(tmp_path, tiny, monkeypatch):
    """The command with a small network for all of them, two steps, and a folder of its own."""
    monkeypatch.setattr(backbones, "load", lambda name, **_: tiny)
    monkeypatch.setattr(thousand, "RECIPE", RECIPE)
    monkeypatch.setattr(synthesis, "ARTISTS", ["squeezenet"])
    return lambda *names: main(["thousand", "--to", str(tmp_path), *["--classes"] * bool(names), *names])


def data_of(folder):
    return json.loads(re.search(DATA, (folder / "index.html").read_text(encoding="utf-8"), re.S)[1])


def decoded(path):
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        return np.array(picture)


def test_classes_are_drawn_kept_and_judged_as_they_are_kept(command, tiny, tmp_path, capsys):
    assert command("zebra", "Goldfish", "zebra") == 0
    paths = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in paths] == ["0001-goldfish.webp", "0340-zebra.webp"]
    data, names = data_of(tmp_path), backbones.class_names()
    assert data["judge"] == "EfficientNet-Lite1" and data["names"] == list(names)
    for path, picture, number in zip(paths, data["pictures"], (1, 340), strict=True):
        (found,) = backbones.predict_proba(tiny, decoded(path))
        best = sorted(range(1000), key=lambda each: -found[each])
        assert picture["number"] == number and picture["file"] == path.name
        assert [each for each, _ in picture["choices"]] == best[:5]
        assert [each for _, each in picture["choices"]] == pytest.approx(found[best[:5]], abs=1e-4)
        assert picture["rank"] == best.index(number) + 1
        assert picture["probability"] == pytest.approx(found[number], abs=1e-4)
    assert "animal" in data["pictures"][1]["also"].split()
    said = capsys.readouterr().out
    assert "Pictures there: 0 of 2; missing: 2." in said and "sees at first glance what was meant in" in said
    assert str(tmp_path / "index.html") in said


def test_a_picture_begins_with_its_own_noise_whatever_else_is_drawn(tiny, tmp_path):
    def drawn(numbers, name):
        thousand.draw([tiny], numbers, tmp_path / name, recipe=RECIPE)
        return decoded(thousand.place(340, tmp_path / name)).astype(int)
    alone, among = drawn([340], "alone"), drawn([3, 339, 340, 341], "among")
    for plain in synthesis.draw(tiny, ["zebra"], recipe=RECIPE, size=224, seed=340):
        pass
    assert np.abs(alone - among).mean() < 1
    assert np.abs(alone - plain.images[0]).mean() < 5 < np.abs(alone - alone[::-1]).mean()


def test_classes_that_follow_each_other_are_drawn_together_eight_at_most():
    assert list(thousand._neighbours([*range(10), 12, 14, 15])) == [[*range(8)], [8, 9], [12], [14, 15]]


def test_what_is_there_stays_and_what_is_damaged_is_drawn_again(command, tmp_path, capsys):
    names = ["tench", "goldfish", "great white shark", "tiger shark", "hammerhead", "electric ray"]
    command(*names)
    paths = {path.stem[5:]: path for path in (tmp_path / "pictures").iterdir()}
    before = {name: (path.read_bytes(), path.stat().st_mtime_ns) for name, path in paths.items()}
    for name, kept in (("tench", 0), ("goldfish", 0.02), ("great-white-shark", 0.5), ("tiger-shark", 0.99)):
        content = before[name][0]
        paths[name].write_bytes(content[:int(kept * len(content))])
    Image.new("RGB", (64, 64)).save(paths["hammerhead"])
    capsys.readouterr()
    assert command(*names) == 0
    assert "Pictures there: 1 of 6; missing: 5." in capsys.readouterr().out
    assert (paths["electric-ray"].read_bytes(), paths["electric-ray"].stat().st_mtime_ns) == before["electric-ray"]
    assert all(decoded(path).shape == (224, 224, 3) for path in paths.values())
    assert command("tench") == 0
    assert "Pictures there: 1 of 1; missing: 0." in capsys.readouterr().out
    assert len(data_of(tmp_path)["pictures"]) == 6, "the page shows all that are there"


@pytest.mark.parametrize("where", ["within a step", "between steps", "while a picture is kept"])
def test_ctrl_c_keeps_what_is_finished_and_makes_its_page(where, command, tmp_path, monkeypatch, capsys):
    draw, keep = synthesis.draw, thousand.keep

    def interrupted(artists, group, **settings):
        drawings = draw(artists, group, **settings)
        yield next(drawings)
        if group[0] == 8 and where == "between steps":
            signal.raise_signal(signal.SIGINT)
        if group[0] == 8 and where == "within a step":
            with pytest.raises(StopIteration):
                drawings.throw(KeyboardInterrupt)
        yield from drawings

    def interrupted_keep(image, path):
        if path.name.startswith("0009"):
            signal.raise_signal(signal.SIGINT)
        keep(image, path)

    monkeypatch.setattr(synthesis, "draw", interrupted)
    if where == "while a picture is kept":
        monkeypatch.setattr(thousand, "keep", interrupted_keep)
    names = backbones.class_names()[:18]
    assert command(*names) == 0
    kept = 9 if where == "while a picture is kept" else 8
    assert len(list((tmp_path / "pictures").iterdir())) == len(data_of(tmp_path)["pictures"]) == kept
    said = capsys.readouterr().out
    assert said.count("Stopped") == 1 and "The remaining 10: about" in said
    monkeypatch.undo()


def test_ctrl_c_before_anything_is_finished_leaves_no_page(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(synthesis, "draw", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert command("zebra") == 0
    assert "No picture is finished yet" in capsys.readouterr().out and not (tmp_path / "index.html").exists()


def test_no_name_can_end_the_data_of_the_page(tmp_path):
    names = list(backbones.class_names())
    names[340] = "</script><b>&amp;\u2028\"\\ zèbre <!--"
    judgement = thousand.judged(340, np.eye(1000)[340])
    thousand.write_page([judgement], tmp_path, names=names)
    assert data_of(tmp_path)["names"] == names
    page, template = ((path.read_text(encoding="utf-8")) for path in (tmp_path / "index.html", thousand.PAGE))
    assert page.count("<") == template.count("<")


def test_what_a_judge_says_is_summed_up_by_hand():
    found = np.zeros(1000)
    found[[7, 3, 9, 340]] = 0.5, 0.25, 0.125, 0.0625
    judgement = thousand.judged(340, found)
    assert judgement.choices == ((7, 0.5), (3, 0.25), (9, 0.125), (340, 0.0625), (0, 0.0))
    assert (judgement.rank, judgement.probability) == (4, 0.0625)
    assert thousand.judged(500, found).rank == 5, "four are more probable"


def test_an_unknown_class_is_refused_in_a_sentence(command, tmp_path, capsys):
    assert command("zebra", "zebrra") == 1
    assert capsys.readouterr().err.startswith("Unknown ImageNet class 'zebrra'. Did you mean 'zebra'")
    assert not list(tmp_path.iterdir())


def test_every_class_has_a_plain_file_name_of_its_own(tmp_path):
    names = [thousand.place(number, tmp_path).name for number in range(1000)]
    assert names == sorted(names) and all(re.fullmatch(r"\d{4}-[a-z0-9-]+[a-z0-9]\.webp", name) for name in names)
    assert names[607] == "0607-jack-o-lantern.webp" and len({name[5:] for name in names}) == 1000


@pytest.mark.parametrize("seconds, words", [(4.4, "4 s"), (89, "89 s"), (120, "2.0 minutes"), (9000, "2.5 hours")])
def test_a_forecast_is_said_in_a_unit_of_its_size(seconds, words):
    assert thousand._readable(seconds) == words


def test_by_default_they_lie_beside_the_lessons(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr(backbones, "load", lambda name, **_: tiny)
    monkeypatch.setattr(thousand, "RECIPE", RECIPE)
    monkeypatch.setattr(synthesis, "ARTISTS", ["squeezenet"])
    monkeypatch.setattr(thousand, "CHECKOUT", tmp_path)
    thousand.thousand(SimpleNamespace(to=None, classes=["zebra"]))
    assert (tmp_path / "notebooks/thousand/index.html").is_file()
    monkeypatch.setattr(thousand, "is_checkout", lambda: False)
    monkeypatch.chdir(tmp_path)
    thousand.thousand(SimpleNamespace(to=None, classes=["zebra"]))
    assert (tmp_path / "tllib-lessons/notebooks/thousand/pictures/0340-zebra.webp").is_file()


def test_the_thousand_of_this_project_are_whole_and_small():
    folder = thousand.CHECKOUT / "notebooks" / "thousand"
    if not folder.is_dir():
        pytest.skip("they have not been drawn here: python -m tllib thousand")
    files = list((folder / "pictures").iterdir())
    assert len(files) == len(data_of(folder)["pictures"]) == len(thousand.finished(folder)) == 1000
    assert sum(file.stat().st_size for file in files) <= 6_000_000
