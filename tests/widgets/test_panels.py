"""Widgets without a browser: what their handlers do, and what a saved notebook shows in their place."""

import base64
import datetime
import io
import json
import subprocess
import sys

from tllib import images, widgets
from tllib.show import plots
from tllib.transfer import Mistake, Report

import ipywidgets
import numpy as np
import pytest
from PIL import Image

VIEW = "application/vnd.jupyter.widget-view+json"


def upload(widget, name, content):
    """What a browser sends, in the form of the ipywidgets that is installed: Colab has version 7."""
    about = {"name": name, "type": "image/png", "size": len(content)}
    if ipywidgets.__version__.startswith("7"):
        widget.upload.set_trait("value", {name: {"metadata": about, "content": content}})
    else:
        widget.upload.value = ({**about, "content": memoryview(content),
                                "last_modified": datetime.datetime.now(datetime.UTC)},)


def encoded(array, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


@pytest.fixture
def report(tmp_path):
    """Three mistakes, surest first; the photos are grey, each another grey."""
    found = []
    for number, (truth, said) in enumerate([("cat", "dog"), ("dog", "cat"), ("cat", "dog")]):
        path = tmp_path / "photos" / truth / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        images.save(path, np.full((40, 40, 3), 60 * number + 60, "uint8"))
        found.append(Mistake(path, truth, said, 0.9 - number / 10))
    return Report(0.5, {}, np.ones((3, 3), int), tuple(found), ("cat", "dog", "bird"))


def test_importing_the_library_imports_no_widgets():
    code = "import sys, tllib, tllib.images; print('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout == "False\n"


def test_a_panel_offers_controls_and_the_same_picture_and_text_each_time():
    first, second = (widgets.Panel("Title", []) for _ in range(2))
    for panel in (first, second):
        panel.draw(plots.images([np.full((8, 8, 3), 90)], ["a < b"]))
        panel.say("1 < 2")
    (one, about), (other, _) = first._repr_mimebundle_(), second._repr_mimebundle_()
    assert one["text/plain"] == "Title" and one[VIEW]["model_id"] == first.model_id != second.model_id
    assert {**one, VIEW: 0} == {**other, VIEW: 0}
    assert Image.open(io.BytesIO(base64.b64decode(one["image/jpeg"]))).size == Image.open(io.BytesIO(first.file)).size
    assert about == {"image/jpeg": {"alt": first.alt}} and "a < b" in first.alt
    assert "a &lt; b" in first.picture.value and "1 &lt; 2" in first.note.value


def test_a_panel_without_a_picture_is_a_text():
    bundle, about = widgets.Panel("Title", [])._repr_mimebundle_()
    assert set(bundle) == {"text/plain", VIEW} and about == {}


def test_a_png_stays_a_png():
    panel = widgets.Panel("Title", [])
    panel.draw(plots.Figure(figsize=(1, 1), alt="empty"))
    assert "image/png" in panel._repr_mimebundle_()[0] and "data:image/png" in panel.picture.value


def test_class_picker_takes_names_in_any_case_and_suggests_for_typos():
    picker = widgets.class_picker(value="tabby")
    picker.field.value = "siamese CAT"
    assert picker.value == "Siamese cat" and "Chosen: Siamese cat" in picker.note.value
    picker.field.value = "zebrra"
    assert picker.value == "Siamese cat" and "zebra" in picker.note.value
    picker.value = "zebra"
    assert picker.field.value == "zebra"
    with pytest.raises(ValueError, match="tabby"):
        picker.value = "tabyb"
    with pytest.raises(ValueError, match="Unknown ImageNet class"):
        widgets.class_picker(value="no such thing")
    assert len(picker.field.options) == 1000


def test_class_picker_tells_why_it_could_not_draw(monkeypatch, red_or_blue):
    def draw(networks, targets, **settings):
        raise RuntimeError("out of paint")
    monkeypatch.setattr("tllib.synthesis.draw", draw)
    picker = widgets.class_picker(red_or_blue)
    picker.button.click()
    assert "out of paint" in picker.note.value and not picker.button.disabled and picker.result is None


def test_mistakes_come_surest_first_and_by_class(report, tmp_path):
    browser = widgets.mistakes_browser(report, file=tmp_path / "choices.json")
    assert "Mistake 1 of 3: cat/0.png" in browser.note.value and "cat → dog (90%)" in browser.alt
    assert browser.back.disabled and not browser.on.disabled
    browser.on.click()
    browser.on.click()
    assert "cat/2.png" in browser.note.value and browser.on.disabled
    assert browser.filter.options == ("every class", "cat", "dog"), "birds were all right"
    browser.filter.value = "dog"
    assert "Mistake 1 of 1: dog/1.png" in browser.note.value and browser.back.disabled and browser.on.disabled


def test_marks_are_kept_and_read_again(report, tmp_path):
    file = tmp_path / "new" / "choices.json"
    browser = widgets.mistakes_browser(report, file=file)
    assert not file.exists(), "looking writes nothing"
    browser.on.click()
    browser.mark.value = True
    browser.back.click()
    assert not browser.mark.value
    browser.on.click()
    assert browser.mark.value
    whole = report.mistakes[1].path.as_posix()
    assert json.loads(file.read_text()) == {"wrong labels": [whole]} and len(list(file.parent.iterdir())) == 1
    again = widgets.mistakes_browser(report, file=file)
    assert again.wrong_labels == [report.mistakes[1].path]
    file.write_text(json.dumps({"wrong labels": [whole, "elsewhere/7.png"]}))
    again.filter.value = "dog"
    again.mark.value = False
    assert json.loads(file.read_text()) == {"wrong labels": ["elsewhere/7.png"]}, "what others kept stays"


def test_a_mark_is_of_one_photo_though_another_part_holds_the_same_name(tmp_path):
    paths = [tmp_path / part / "cat/0.png" for part in ("train", "val")]
    for path in paths:
        path.parent.mkdir(parents=True)
        images.save(path, np.full((40, 40, 3), 60, "uint8"))
    mistakes = tuple(Mistake(path, "cat", "dog", 0.9) for path in paths)
    report = Report(0.0, {}, np.ones((2, 2), int), mistakes, ("cat", "dog"))
    browser = widgets.mistakes_browser(report, file=tmp_path / "choices.json")
    browser.mark.value = True
    assert browser.wrong_labels == paths[:1]
    browser.on.click()
    assert not browser.mark.value


@pytest.mark.parametrize("content", ["", "{", "[]", '{"wrong labels": 3}', '{"wrong labels": [1]}'])
def test_a_damaged_file_of_marks_is_named_and_left_alone(report, tmp_path, content):
    file = tmp_path / "choices.json"
    browser = widgets.mistakes_browser(report, file=file)
    file.write_text(content)
    browser.mark.value = True
    assert "Not kept" in browser.note.value and file.read_text() == content
    with pytest.raises(ValueError, match=r"choices\.json is damaged"):
        widgets.mistakes_browser(report, file=file)
    assert file.read_text() == content


def test_no_mistakes_and_a_photo_that_went_away(report, tmp_path):
    none = Report(1.0, {}, np.eye(2, dtype=int), (), ("cat", "dog"))
    assert "no mistakes" in widgets.mistakes_browser(none, file=tmp_path / "choices.json").note.value
    report.mistakes[0].path.unlink()
    assert "No picture at" in widgets.mistakes_browser(report, file=tmp_path / "choices.json").note.value


def test_an_uploaded_photo_is_answered(red_or_blue):
    trial = widgets.try_photo(red_or_blue)
    assert trial.answers == [] and trial.file == b""
    upload(trial, "sea.png", encoded(np.full((50, 40, 3), (0, 0, 200), "uint8")))
    assert trial.answers[0][0] == "blue" and trial.answers[0][1] > 0.9
    assert "Answer: blue 100%" in trial.note.value and trial.file
    upload(trial, "rose.png", encoded(np.full((50, 40, 3), (200, 0, 0), "uint8")))
    assert trial.answers[0][0] == "red"
    sea = encoded(np.full((50, 40, 3), (0, 0, 200), "uint8"))
    trial._uploaded({"new": {"sea.png": {"metadata": {"name": "sea.png"}, "content": sea}}})  # as ipywidgets 7 tells it
    assert trial.answers[0][0] == "blue"
    images.heic_reader()
    assert ".heic" in trial.upload.accept
    upload(trial, "rose.heic", encoded(np.full((64, 48, 3), (200, 0, 0), "uint8"), "HEIF"))
    assert trial.answers[0][0] == "red"


def test_an_upload_that_is_no_picture_is_named_and_changes_nothing(red_or_blue, tmp_path):
    trial = widgets.try_photo(red_or_blue, photo=np.full((32, 32, 3), (200, 0, 0), "uint8"))
    before = trial.file
    whole = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), "uint8"))
    for name, content in [("<b>.png", b"print('hello')"), ("../../empty.png", b""), ("half.png", whole[:500])]:
        upload(trial, name, content)
        shown = name.split("/")[-1].replace("<", "&lt;").replace(">", "&gt;")
        assert f"{shown} cannot be read as a picture" in trial.note.value and "/upload" not in trial.note.value
    assert trial.file == before and trial.answers[0][0] == "red"


def test_explorer_looks_once_for_each_size_of_change(lite0, lite1, dog, monkeypatch):
    from tllib import synthesis
    calls, attack = [], synthesis.adversarial_image
    monkeypatch.setattr(synthesis, "adversarial_image",
                        lambda *args, **settings: calls.append(settings["epsilon"]) or attack(*args, **settings))
    explorer = widgets.adversarial_explorer(lite0, dog, "Siamese cat", judges={"lite1": lite1})
    for epsilon in (16, 1, 16):
        explorer.slider.value = epsilon
        assert explorer.results[epsilon].distance["largest"] <= epsilon and explorer.results[epsilon].success
        assert f"at most {epsilon} of 256" in explorer.note.value and "lite1 says" in explorer.alt
    assert calls == [1, 16] and set(explorer.results) == {1, 16}
    monkeypatch.setattr(synthesis, "adversarial_image", lambda *_, **__: 1 / 0)
    explorer.slider.value = 4
    assert "4 grey levels could be looked for: division by zero" in explorer.note.value and 4 not in explorer.results
    monkeypatch.setattr(synthesis, "adversarial_image", attack)
    with pytest.raises(ValueError, match="Unknown ImageNet class"):
        widgets.adversarial_explorer(lite0, dog, "Siamese dog")
    with pytest.raises(ValueError, match="1, 2, 4, 8, 16"):
        widgets.adversarial_explorer(lite0, dog, "Siamese cat", epsilon=3)
