import os
import unicodedata

from tllib import datasets, files, images, show
from tllib.datasets import PhotoSet

import numpy as np
import pytest
from PIL import Image


def make(folder, **counts):
    """A folder of class folders with small noise photos."""
    random = np.random.default_rng(0)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for n in range(count):
            Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype="uint8")).save(folder / name / f"{n}.jpg")
    return folder


def photo_set(**counts):
    labels = np.repeat(np.arange(len(counts)), list(counts.values())).astype("int32")
    return PhotoSet(tuple(f"{n}.jpg" for n in range(len(labels))), labels, tuple(counts), "")


def test_folder_of_class_folders(tmp_path):
    photos = datasets.load(make(tmp_path / "mine", fork=3, spoon=2))
    assert photos.class_names == ("fork", "spoon") and photos.counts() == {"fork": 3, "spoon": 2}
    for path, label in zip(photos.paths, photos.labels, strict=True):
        assert path.parent.name == photos.class_names[label]
    assert photos.report == "mine: 5 photos, 2 classes (fork 3, spoon 2)"
    assert datasets.load(str(tmp_path / "mine")).paths == photos.paths == tuple(sorted(photos.paths))


def test_unreadable_files_are_left_out_and_named(tmp_path):
    folder = make(tmp_path / "mine", fork=3, spoon=3)
    whole = (folder / "fork/0.jpg").read_bytes()
    (folder / "fork/0.jpg").write_bytes(whole[:len(whole) // 2])
    (folder / "fork/1.jpg").write_bytes(b"")
    (folder / "spoon/2.jpg").write_bytes(b"no picture")
    (folder / "spoon/Thumbs.db").write_bytes(b"no picture")
    (folder / "spoon/.hidden.jpg").write_bytes(b"not looked at")
    photos = datasets.load(folder)
    assert photos.counts() == {"fork": 1, "spoon": 2}
    assert photos.report.endswith("; 3 set aside: fork/0.jpg (Truncated File Read), fork/1.jpg (empty file), …; "
                                  "1 that are no pictures: .db 1")
    assert [path.name for path in photos.set_aside] == ["0.jpg", "1.jpg", "2.jpg", "Thumbs.db"]


def test_nothing_is_left_out_without_a_word(tmp_path):
    folder = make(tmp_path / "mine", fork=2, spoon=2)
    (folder / "fork/0.jpg").rename(folder / "fork/0.jfif")
    (folder / "spoon/0.jpg").rename(folder / "spoon/no_extension")
    (folder / "spoon/deeper/still").mkdir(parents=True)
    (folder / "spoon/1.jpg").rename(folder / "spoon/deeper/still/1.jpe")
    for name in ("notes.txt", "fork/1.txt", "fork/2.txt", "__MACOSX/x.xml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("no picture")
    (folder / "empty").mkdir()
    photos = datasets.load(folder)
    assert photos.counts() == {"fork": 2, "spoon": 2}
    assert photos.report.endswith("; 4 that are no pictures: .txt 3, .xml 1; no photo in: __MACOSX, empty")
    assert photos.set_aside[folder / "empty"] == "an empty folder"
    assert photos.set_aside[folder / "notes.txt"] == "in no class folder"


@pytest.mark.parametrize("name, kind", [
    ("1.jfif", "JPEG"), ("1.jpe", "JPEG"), ("1.jp2", "JPEG2000"), ("1.ppm", "PPM"), ("1", "PNG"), ("1.txt", "WEBP"),
    ("é" * 120 + ".jpg", "JPEG"), ("a" * 236 + ".jpg", "JPEG"), ("two words #1 %20 [x].png", "PNG"),
    ("-rf.png", "PNG"), ("line\nbreak.png", "PNG")])
def test_a_photo_by_any_name(tmp_path, name, kind):
    folder = make(tmp_path / "mine", fork=1, spoon=1)
    Image.new("RGB", (48, 48), (10, 200, 30)).save(folder / "fork" / name, kind)
    photos = datasets.load(folder)
    assert photos.counts() == {"fork": 2, "spoon": 1} and not photos.set_aside
    found = next(path for path in photos.paths if path.name == name)
    assert np.abs(images.load(found)[4, 4].astype(int) - (10, 200, 30)).max() < 5


def test_a_name_is_the_same_however_a_system_writes_it(tmp_path):
    make(tmp_path / "mine", **{unicodedata.normalize("NFD", "Bär"): 2, "Hund": 2})
    assert datasets.load(tmp_path / "mine").class_names == (unicodedata.normalize("NFC", "Bär"), "Hund")


def test_folders_train_and_val_are_official_parts(tmp_path):
    for part, count in (("train", 3), ("val", 1)):
        make(tmp_path / "mine" / part, fork=count, spoon=count)
    whole, train, val = (datasets.load(tmp_path / "mine", split=split) for split in (None, "train", "val"))
    assert (whole.class_names, len(whole), len(train), len(val)) == (("fork", "spoon"), 8, 6, 2)
    assert {path.parts[-3] for path in val.paths} == {"val"}
    with pytest.raises(ValueError, match="has no part 'test': train, val"):
        datasets.load(tmp_path / "mine", split="test")


def lay_out(root, *folders):
    """Folders, each with two small pictures of its own."""
    random = np.random.default_rng(0)
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for n in range(2):
            Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype="uint8")).save(root / folder / f"{n}.png")
    return root


PARTS = [
    ("training_set/training_set/cats", "training_set/training_set/dogs", "test_set/test_set/cats",
     "test_set/test_set/dogs"),
    ("training_set/cats", "training_set/dogs", "test_set/cats", "test_set/dogs", "single_prediction"),
    ("seg_train/seg_train/cats", "seg_train/seg_train/dogs", "seg_test/seg_test/cats", "seg_test/seg_test/dogs",
     "seg_pred/seg_pred"),
    ("Train_Data/cats", "Train_Data/dogs", "Test_Data/cats", "Test_Data/dogs"),
    ("train/train/cats", "train/train/dogs"),
    ("train/cats", "train/dogs"),
    ("images_train/cats", "images_train/dogs", "images_val/cats", "images_val/dogs"),
    ("train/cats", "train/dogs", "dev/cats", "dev/dogs"),
    ("Training/cats", "Training/dogs", "Testing/cats", "Testing/dogs"),
    ("train/cats", "train/dogs", "valid/cats", "valid/dogs", "test/cats", "test/dogs"),
    ("split_train/cats", "split_train/dogs", "split_test/cats", "split_test/dogs"),
    ("x_train/cats", "x_train/dogs", "X_test/cats", "X_test/dogs"),
    ("TrainSet/cats", "TrainSet/dogs", "TestSet/cats", "TestSet/dogs"),
    ("trainset/cats", "trainset/dogs", "evalset/cats", "evalset/dogs"),
    ("train2017/cats", "train2017/dogs", "val2017/cats", "val2017/dogs"),
    ("train/cats", "train/dogs", "test"),
    ("images/train/cats", "images/train/dogs", "images/test/cats", "images/test/dogs"),
    ("train/images/cats", "train/images/dogs", "val/images/cats", "val/images/dogs"),
    ("PetImages/cats", "PetImages/dogs"),
    ("mine/cats", "mine/dogs"),
]


@pytest.mark.parametrize("folders", PARTS, ids=lambda folders: folders[0])
def test_parts_are_never_taken_for_classes(tmp_path, folders):
    photos = datasets.load(lay_out(tmp_path / "mine", *folders))
    of_classes = [folder for folder in folders if folder.endswith(("cats", "dogs"))]
    assert photos.class_names == ("cats", "dogs") and len(photos) == 2 * len(of_classes)
    left = 2 * (len(folders) - len(of_classes))
    assert len(photos.set_aside) == left and (f"{left} set aside" in photos.report) == bool(left)
    if len({folder.split("/")[0] for folder in of_classes}) == 2:
        part = folders[0].split("/")[0]
        assert {path.relative_to(tmp_path / "mine").parts[0] for path in
                datasets.load(tmp_path / "mine", split=part).paths} == {part}


ASKED = [
    (("fold1/cats", "fold1/dogs", "fold2/cats", "fold2/dogs"), r"holds fold1, fold2\. Say which .*split='fold1'"),
    (("fold_1/train/cats", "fold_1/train/dogs", "fold_1/test/cats", "fold_2/train/cats"), "holds fold_1, fold_2"),
    (("train/cats", "train/dogs", "extra/cats", "extra/dogs"), "holds train, like parts .* beside extra"),
    (("train", "test", "more"), "holds test, train, like parts .* beside more"),
    (("train", "test"), "test, train, parts of a data set, but they hold no folder per class.* a table"),
    (("train_images", "test_images"), "parts of a data set, but they hold no folder per class"),
    (("HAM10000_images_part_1", "HAM10000_images_part_2"), "parts of a data set, but they hold no folder per class"),
    (("trainA", "trainB", "testA", "testB"), "parts of a data set, but they hold no folder per class"),
    (("images_001/images", "images_002/images"), "images_001, images_002: kinds of files, not classes"),
    (("images", "masks"), "images, masks: kinds of files, not classes"),
    (("train/train/cats", "train/train/dogs", "train/test/cats", "train/test/dogs"), "train is divided once more"),
    (("cats_and_dogs_filtered/cats", "cats_and_dogs_filtered/dogs"),
     r"holds a single folder.*another class beside it.*datasets\.load\('.*filtered"),
    (("train/steam", "train/diesel", "bus", "car"), "holds train, like parts .* beside bus, car"),
    (("train/images",), "1 class folders|hold no folder per class"),
]


@pytest.mark.parametrize("folders, message", ASKED, ids=[folders[0] for folders, _ in ASKED])
def test_what_can_be_classes_or_parts_is_asked(tmp_path, folders, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(lay_out(tmp_path / "mine", *folders))


@pytest.mark.parametrize("folders", [
    ("bus", "car", "train"), ("valid", "not_valid"), ("test_negative", "test_positive"), ("Control", "Test"),
    ("train_diesel", "train_steam"), ("10", "2", "1"), ("folded", "flat"), ("cat images", "dog images"),
    ("bus/city", "train/steam"),
], ids=str)
def test_classes_that_are_called_like_parts_stay_classes(tmp_path, folders):
    photos = datasets.load(lay_out(tmp_path / "mine", *folders))
    assert photos.class_names == tuple(sorted({folder.split("/")[0] for folder in folders}))
    assert not photos.set_aside


INSIDE = [
    ("cats/train", "cats/test", "dogs/train", "dogs/test"),
    ("images/cats/train", "images/cats/test", "images/dogs/train", "images/dogs/test"),
    ("cats/images/train", "cats/images/test", "dogs/images/train", "dogs/images/test"),
    ("cats/train/deep/deeper", "cats/test", "dogs/train", "dogs/test"),
    ("dogs", "cats/train", "cats/test", "dogs/train", "dogs/test"),
]


@pytest.mark.parametrize("folders", INSIDE, ids=lambda folders: folders[0])
def test_parts_inside_of_classes_can_be_named_and_are_joined_otherwise(tmp_path, folders):
    folder = lay_out(tmp_path / "mine", *folders)
    whole, train, test, both = (datasets.load(folder, split=split)
                                for split in (None, "train", "test", ["test", "train"]))
    assert whole.class_names == train.class_names == test.class_names == ("cats", "dogs")
    assert not whole.set_aside and not train.set_aside and len(train) == len(test) == 4 and len(both) == 8
    assert set(both.paths) == {*train.paths, *test.paths} and len(whole) == 2 * len(folders)
    for name, part in (("train", train), ("test", test)):
        for path, label in zip(part.paths, part.labels, strict=True):
            assert {name, part.class_names[label]} < set(path.relative_to(folder).parts)
    with pytest.raises(ValueError, match="has no part 'val': test, train"):
        datasets.load(folder, split="val")


@pytest.mark.parametrize("folders, message", [
    (("cats/fold1", "cats/fold2", "dogs/fold1", "dogs/fold2"), r"cats holds fold1, fold2\. Say which .*split='fold1'"),
    (("cats/train", "cats/extra", "dogs/train", "dogs/extra"), "cats holds train, like parts .*, beside extra"),
    (("cats/train", "cats/test", "dogs/train", "dogs/test", "dogs/other"), "dogs holds test, train, .*, beside other"),
])
def test_what_classes_hold_is_asked_where_it_may_be_parts(tmp_path, folders, message):
    folder = lay_out(tmp_path / "mine", *folders)
    with pytest.raises(ValueError, match=message):
        datasets.load(folder)
    named = datasets.load(folder, split=folders[0].split("/")[1])
    assert named.counts() == {"cats": 2, "dogs": 2} and not named.set_aside


def test_parts_inside_of_some_classes_only_are_joined_and_cannot_be_named(tmp_path):
    folder = lay_out(tmp_path / "mine", "animals/cat", "animals/dog", "vehicles/train", "vehicles/bus")
    assert datasets.load(folder).counts() == {"animals": 4, "vehicles": 4}
    with pytest.raises(ValueError, match="of the classes, vehicles hold parts, animals none"):
        datasets.load(folder, split="train")


def test_folds_are_chosen_by_name_one_or_several(tmp_path):
    folder = lay_out(tmp_path / "mine", *(f"fold{n}/{name}" for n in (1, 2, 3) for name in ("cats", "dogs")))
    one, two = datasets.load(folder, split="fold2"), datasets.load(folder, split=["fold1", "fold3"])
    assert {path.parts[-3] for path in one.paths} == {"fold2"} and len(one) == 4
    assert {path.parts[-3] for path in two.paths} == {"fold1", "fold3"} and len(two) == 8
    with pytest.raises(ValueError, match="has no part 'fold4': fold1, fold2, fold3"):
        datasets.load(folder, split="fold4")


def test_a_named_part_is_read_whatever_lies_beside_it(tmp_path):
    folder = lay_out(tmp_path / "mine", "train/cats", "train/dogs", "extra/cats", "extra/dogs")
    assert len(datasets.load(folder, split="train")) == 4


def test_a_part_without_labels_cannot_be_named(tmp_path):
    folder = lay_out(tmp_path / "mine", "train/cats", "train/dogs", "test")
    with pytest.raises(ValueError, match="holds test, parts of a data set, but they hold no folder per class"):
        datasets.load(folder, split="test")


def test_what_lies_beside_class_folders_is_said(tmp_path):
    folder = lay_out(tmp_path / "mine", ".", "cat", "dog", "@eaDir/cat", "__MACOSX")
    for file in (folder / "__MACOSX").iterdir():
        file.rename(file.with_name(f"._{file.name}"))
    (folder / "cat/0.png").rename(folder / "cat/0.PNG")
    (folder / "labels.csv").write_text("no picture")
    (folder / "bird").mkdir()
    (folder / "fish").mkdir()
    (folder / "fish/notes.txt").write_text("no picture")
    photos = datasets.load(folder)
    assert photos.counts() == {"cat": 2, "dog": 2}
    assert "; 2 set aside: mine/0.png (in no class folder), mine/1.png" in photos.report
    assert photos.report.endswith("; 2 that are no pictures: .csv 1, .txt 1; no photo in: __MACOSX, bird, fish")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_circles_are_said_and_linked_classes_are_read(tmp_path):
    folder = lay_out(tmp_path / "mine", "cat", "dog")
    lay_out(tmp_path / "elsewhere", "deep")
    (folder / "all").symlink_to(folder)
    (folder / "cat/up").symlink_to(folder)
    (folder / "bird").symlink_to(tmp_path / "elsewhere")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    photos = datasets.load(folder)
    assert photos.counts() == {"bird": 2, "cat": 2, "dog": 2}
    assert {path.name: why for path, why in photos.set_aside.items()} == {
        "all": "a link to a folder, not followed", "up": "a link to a folder, not followed",
        "gone": "in no class folder"}
    assert "3 set aside" in photos.report


def deep(folder, kind="uint16", name="{}.png"):
    """Two classes of two photos each, of a camera of 12 bits that writes files of more."""
    for place, greys in (("a/0", (0, 4095)), ("a/1", (1000, 3000)), ("b/2", (4095, 0)), ("b/3", (3000, 1000))):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        ramp = np.linspace(*greys, 16).astype(kind)
        Image.fromarray(np.repeat(ramp[None], 16, axis=0)).save(folder / name.format(place))
    return folder


def test_what_is_white_in_deep_photos_is_told_once_for_all(tmp_path):
    photos = datasets.load(deep(tmp_path / "mine"), white=4095)
    ramps = [np.linspace(*greys, 16) * 255 / 4095 for greys in ((0, 4095), (1000, 3000), (4095, 0), (3000, 1000))]
    for part, right in ((photos, ramps), (photos.take(np.array([3, 0])), [ramps[3], ramps[0]])):
        np.testing.assert_allclose(datasets.batches(part, size=16)[0][0][:, 5, :, 1], right, atol=1)
        np.testing.assert_allclose([part.read(row)[5, :, 1] for row in range(len(part))], right, atol=1)
    for axes, right in zip(show.photos(photos).axes, ramps, strict=True):
        shown = axes.images[0].get_array()
        assert (shown.min(), shown.max()) == pytest.approx((right.min(), right.max()), abs=1)
    train, test = photos.split(test=0.5)
    assert train.white == test.white == 4095
    assert datasets.batches(datasets.load(tmp_path / "mine"), size=16)[0][0].max() == 16, "of 16 bits, 65535 is white"


def test_photos_that_do_not_say_what_is_white_are_read_once_it_is_said(tmp_path):
    folder = deep(tmp_path / "mine", "int32", "{}.tif")
    for _ in range(2):  # what was found of one white is not kept for another
        with pytest.raises(ValueError, match=r"32 bits.* or of a folder datasets\.load\(\.\.\., white=65535\)"):
            datasets.load(folder)
        photos = datasets.load(folder, white=4095)
        assert len(photos) == 4 and datasets.batches(photos, size=16)[0][0].max() == 255


@pytest.mark.parametrize("white", [0, -1, np.nan, "4095", True])
def test_white_is_a_number_above_0(tmp_path, white):
    with pytest.raises(ValueError, match=r"^white"):
        datasets.load(make(tmp_path / "mine", fork=1, spoon=1), white=white)


def test_photos_of_8_bits_stay_as_they_are_whatever_is_white(tmp_path):
    folder = make(tmp_path / "mine", fork=2, spoon=2)
    plain, other = (datasets.batches(datasets.load(folder, white=white), size=16)[0][0] for white in (None, 4095))
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("counts, test, expected", [
    ({"a": 10, "b": 10}, 0.2, [2, 2]), ({"a": 90, "b": 10}, 0.2, [18, 2]), ({"a": 2, "b": 98}, 0.1, [1, 9]),
    ({"a": 7, "b": 7, "c": 7}, 0.2, None), ({"a": 2, "b": 2}, 0.9, [1, 1]), ({"a": 50, "b": 2}, 0.95, [48, 1]),
])
def test_split_is_stratified_and_disjoint(counts, test, expected):
    photos = photo_set(**counts)
    train, held_out = photos.split(test=test, seed=3)
    assert not set(train.paths) & set(held_out.paths)
    assert sorted(train.paths + held_out.paths) == sorted(photos.paths)
    assert all(count > 0 for part in (train, held_out) for count in part.counts().values())
    assert list(held_out.counts().values()) == expected if expected else len(held_out) == round(test * len(photos))
    label_of = dict(zip(photos.paths, photos.labels, strict=True))
    assert all(label_of[path] == label for path, label in zip(train.paths, train.labels, strict=True))


def test_split_follows_the_seed():
    photos = photo_set(a=20, b=20)
    assert photos.split(seed=1)[1].paths == photos.split(seed=1)[1].paths != photos.split(seed=2)[1].paths


def test_subset_keeps_proportions():
    photos = photo_set(a=60, b=30, c=10)
    assert photos.subset(10, seed=0).counts() == {"a": 6, "b": 3, "c": 1}
    assert photos.subset(3).counts() == {"a": 1, "b": 1, "c": 1}
    assert photos.subset(100).paths == photos.paths
    assert photos.subset(50, seed=1).paths == photos.subset(50, seed=1).paths != photos.subset(50, seed=2).paths


@pytest.mark.parametrize("call, message", [
    (lambda: photo_set(a=5, b=1).split(), "Class 'b' has 1 photo: a split needs two"),
    (lambda: photo_set(a=5, b=5).split(test=1.2), "between 0 and 1, got 1.2"),
    (lambda: photo_set(a=5, b=5).subset(11), "Cannot draw 11 of 10 photos"),
    (lambda: photo_set(a=5, b=5).subset(1), "every class needs one"),
    (lambda: datasets.load("cats_vs_dog"), r"Unknown data set 'cats_vs_dog'\. Did you mean 'cats_vs_dogs'"),
    (lambda: datasets.load("cats_vs_dogs", labels="breed"), "has labels species and no official split"),
    (lambda: datasets.load("oxford_pets", split="train"), "trainval or test official split"),
])
def test_wrong_wishes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_labels_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        datasets.load("pets").labels[0] = 1


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No folder at .*nowhere"):
        datasets.load(tmp_path / "nowhere")


def test_folder_without_classes(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"0 class folders with photos; expected two .*empty/cat/1\.jpg"):
        datasets.load(tmp_path / "empty")
    with pytest.raises(ValueError, match="1 class folders with photos"):
        datasets.load(make(tmp_path / "one", cat=2))
    with pytest.raises(ValueError, match=r"0 class folders .*2 set aside: cat/0\.jpg \(in no class folder\)"):
        datasets.load(tmp_path / "one/cat")


def test_class_without_readable_photo(tmp_path):
    folder = make(tmp_path / "mine", fork=2, spoon=1)
    (folder / "spoon/0.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="mine: class 'spoon' has no photo"):
        datasets.load(folder)


def test_absent_data_set_says_where_to_get_it_or_is_replaced(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"(?s)Cats vs Dogs is not at .*PetImages.*fetch.*https://www\.microsoft\.com.*\'pets\'"):
        datasets.load("cats_vs_dogs", root=tmp_path)
    photos = datasets.load("cats_vs_dogs", root=tmp_path, fallback="pets")
    assert photos.report.startswith("Cats vs Dogs is not on this machine. Pets: 418 photos")
    assert datasets.load("oxford_pets", root=tmp_path, fallback="pets").class_names[0] == "Abyssinian"


def test_data_folder_comes_from_the_environment(tmp_path, monkeypatch):
    make(tmp_path / "cats_vs_dogs/PetImages", Cat=3, Dog=2)
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path))
    assert datasets.load("cats_vs_dogs", fallback="pets").report == \
        "Cats vs Dogs: 5 photos, 2 classes (Cat 3, Dog 2)"
    monkeypatch.delenv("TLLIB_DATA")
    assert (files.data_root() / "photos/dog.png").is_file()


def test_real_cats_and_dogs(shared):
    photos = datasets.load("cats_vs_dogs", root=shared / "data")
    assert photos.counts() == {"Cat": 250, "Dog": 250}
    assert all(path.parent.name == photos.class_names[y] for path, y in zip(photos.paths, photos.labels, strict=True))


def test_real_pets(shared):
    whole, train, test = (datasets.load("oxford_pets", root=shared / "data", split=split)
                          for split in (None, "trainval", "test"))
    assert len(whole) == 259 and (len(train), len(test)) == (185, 74) and not set(train.paths) & set(test.paths)
    assert len(whole.class_names) == 37 and sum(name[0].isupper() for name in whole.class_names) == 12
    species = datasets.load("oxford_pets", root=shared / "data", labels="species")
    assert species.class_names == ("Cat", "Dog")
    for path, label in zip(species.paths, species.labels, strict=True):
        assert label == path.name[0].islower()  # Oxford writes cats with a capital


def test_registry_counts_are_what_is_loaded(shared):
    for name, source in datasets.SOURCES.items():
        for kind, count in source.classes.items() if name != "cats_vs_dogs_small" else ():
            assert len(datasets.load(name, root=shared / "data", labels=kind).class_names) == count
