import dataclasses

from tllib import datasets

from PIL import Image


def test_copies_across_a_split_are_found_and_others_are_not(tmp_path, shared):
    train, test = datasets.load("cats_vs_dogs", root=shared / "data").subset(60).split(test=0.5, seed=0)
    assert datasets.near_duplicates(train, test) == []
    copies = []
    with Image.open(train.paths[0]) as photo:
        half = (photo.width // 2, photo.height // 2)
        for name, change in {"same.png": lambda it: it, "small.jpg": lambda it: it.resize(half),
                             "brighter.jpg": lambda it: it.point(lambda value: min(255, value + 12)),
                             "again.jpg": lambda it: it}.items():
            change(photo.convert("RGB")).save(tmp_path / name, **({"quality": 40} if name == "again.jpg" else {}))
            copies.append(tmp_path / name)
    leaky = dataclasses.replace(test, paths=test.paths[4:] + tuple(copies))
    found = datasets.near_duplicates(train, leaky)
    assert {pair.second for pair in found} == set(copies) and {pair.first for pair in found} == {train.paths[0]}
    assert found[0].bits == 0 and [pair.bits for pair in found] == sorted(pair.bits for pair in found)


def test_drawn_pets_that_are_copied_leak(tmp_path):
    photos = datasets.load("cartoon_pets").subset(16)
    copy = tmp_path / "copy.png"
    copy.write_bytes(photos.paths[3].read_bytes())
    part = dataclasses.replace(photos, paths=(copy,), labels=photos.labels[:1])
    nearest = datasets.near_duplicates(photos, part)[0]
    assert (nearest.first, nearest.second, nearest.bits) == (photos.paths[3], copy, 0)
