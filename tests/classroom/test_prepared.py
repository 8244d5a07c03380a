"""Photos for whoever has none: laid out as asked for, honest about their origin, never in the way of others."""

from tllib import classroom, datasets, images
from tllib.classroom import prepared

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return classroom.prepared_photos(tmp_path_factory.mktemp("prepared") / "photos")


def size_of(path):
    with Image.open(path) as photo:
        return photo.size


def test_they_lie_as_a_learners_own_would(home):
    photos = datasets.load(home / "my_photos")
    assert photos.class_names == prepared.BREEDS and not photos.set_aside
    assert set(photos.counts().values()) == {prepared.ANIMALS * prepared.VIEWS} == {20}
    of_animal = {folder: len(list(folder.iterdir())) for folder in (home / "my_photos").glob("*/*")}
    assert len(of_animal) == 2 * prepared.ANIMALS and set(of_animal.values()) == {prepared.VIEWS}
    new = datasets.load(home / "my_new_photos")
    assert new.class_names == prepared.BREEDS and min(new.counts().values()) >= 5


def test_new_animals_are_others(home):
    photos, new = (datasets.load(home / name) for name in ("my_photos", "my_new_photos"))
    assert datasets.near_duplicates(photos, new) == []
    lines = dict(line.split(": ") for line in (home / "NOTICE.txt").read_text("utf-8").splitlines()
                 if line.startswith(("my_photos/", "my_new_photos/")))
    first = {name for place, name in lines.items() if place.startswith("my_photos/")}
    assert {home / place for place in lines if place.startswith("my_new_photos/")} == set(new.paths)
    assert len(first) == 2 * prepared.ANIMALS and len(set(lines.values())) == len(lines) == len(first) + len(new)


def test_each_view_shows_a_part_of_its_animal(home):
    for folder in sorted((home / "my_photos").glob("*/*")):
        whole, *parts = (size_of(path) for path in sorted(folder.iterdir()))
        for width, height in parts:
            assert 0.69 <= width / whole[0] <= 0.91 and 0.69 <= height / whole[1] <= 0.91
        levels = [images.load(path).mean() for path in sorted(folder.iterdir())]
        assert len({round(level) for level in levels}) > 1


def test_they_carry_credit_and_licence(home):
    notice = (home / "NOTICE.txt").read_text("utf-8")
    assert all(words in notice for words in ("Oxford-IIIT Pet", "Parkhi", "CC BY-SA 4.0", "original owners"))


def test_they_are_the_same_everywhere(home, tmp_path):
    again = classroom.prepared_photos(tmp_path / "again")
    for one, other in zip(*(sorted(each.rglob("*.jpg")) for each in (home, again)), strict=True):
        assert one.relative_to(home) == other.relative_to(again)
        np.testing.assert_array_equal(images.load(one), images.load(other))


def test_what_is_there_stays(home, tmp_path):
    gone = home / "my_photos" / "mark.txt"
    gone.write_text("mine")
    assert classroom.prepared_photos(home) == home and gone.read_text() == "mine"
    gone.unlink()
    (tmp_path / "my_photos/mug").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="holds something else"):
        classroom.prepared_photos(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["my_photos", "mug"]


def test_half_a_set_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "_views", lambda path, random: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        classroom.prepared_photos(tmp_path / "photos")
    assert list(tmp_path.iterdir()) == []
