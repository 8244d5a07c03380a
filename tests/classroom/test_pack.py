import re
import subprocess
import sys
import zipfile

from tests.tree import tree
from tllib import __main__, backbones, classroom, datasets

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A machine with Cats vs Dogs and one MobileNet file."""
    random = np.random.default_rng(0)
    for number in range(8):
        path = tmp_path / "here/cats_vs_dogs/PetImages" / ("Cat", "Dog")[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (40, 50, 3), "uint8")).save(path)
    (tmp_path / "here/cats_vs_dogs/PetImages/Cat/bad.jpg").write_bytes(b"")
    (tmp_path / "here/weights").mkdir()
    (tmp_path / "here/weights/mobilenet_2_5_224_tf.h5").write_bytes(b"weights")
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path / "here"))
    datasets.load("cats_vs_dogs")
    return tmp_path / "here"


def test_another_machine_runs_from_the_pack_alone(here, tmp_path, monkeypatch):
    ours = datasets.load("cats_vs_dogs")
    expected = backbones.load("efficientnet_lite0").weights[0].numpy()
    there = classroom.unpack(classroom.pack(tmp_path / "class", ["cats_vs_dogs"]), tmp_path / "there")
    here.rename(tmp_path / "gone")
    monkeypatch.setenv("TLLIB_DATA", str(there))
    monkeypatch.setenv("TLLIB_OFFLINE", "1")
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "empty cache"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # not even the weight packages are installed
    photos = datasets.load("cats_vs_dogs")
    assert photos.counts() == ours.counts() == {"Cat": 4, "Dog": 4} and len(photos.set_aside) == 1
    assert all(there in path.parents for path in photos.paths)
    np.testing.assert_array_equal(backbones.load("efficientnet_lite0").weights[0].numpy(), expected)
    assert (there / "imagenet_classes.txt").read_text().splitlines() == list(backbones.class_names())
    assert (there / "weights/mobilenet_2_5_224_tf.h5").read_bytes() == b"weights"
    read_me = (there / "READ_ME.txt").read_text()
    assert "TLLIB_DATA" in read_me and "non-commercial research only, not to be re-published" in read_me


def test_what_pack_takes_unpack_gives(here, tmp_path):
    for name in ("Bär.jpg", "猫.jpg", "a" * 200 + ".jpg", "console.jpg", "two words.JPG", ".hidden"):
        (here / "cats_vs_dogs/PetImages/Cat" / name).write_bytes(name.encode())
    before = tree(here / "cats_vs_dogs")
    (here / "cats_vs_dogs/PetImages/Cat/._0.jpg").write_bytes(b"a note of macOS")
    there = classroom.unpack(classroom.pack(tmp_path / "class.zip", ["cats_vs_dogs"]), tmp_path / "there")
    assert tree(there / "cats_vs_dogs") == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems can't hold these names")
@pytest.mark.parametrize("name", ["Screenshot 12:30:05.png", "con", "aux.jpg", "LPT1.tar.gz", "0.jpg ", "dot.", "a\\b",
                                  "deep./in.jpg", "1.JPG", "what?.jpg"])
def test_names_that_other_systems_cannot_hold_are_said_at_once(here, tmp_path, name):
    file = here / "cats_vs_dogs/PetImages/Dog" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=rf"rename them first: .*{re.escape(repr(name)[1:])}"):
        classroom.pack(tmp_path / "class.zip", ["cats_vs_dogs"])
    assert not (tmp_path / "class.zip").exists()


def test_what_cannot_be_packed_leaves_nothing_behind(here, tmp_path, monkeypatch):
    (tmp_path / "taken.zip").write_bytes(b"")
    before = tree(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"'oxford_pets' is not in .*datasets\.fetch\('oxford_pets'\)"):
        classroom.pack(tmp_path / "class", ["cats_vs_dogs", "oxford_pets"])
    with pytest.raises(ValueError, match="names is a list, got a single 'cats_vs_dogs'"):
        classroom.pack(tmp_path / "class.zip", "cats_vs_dogs")
    with pytest.raises(FileNotFoundError, match=r"'flowers' is not in .*Folders there: cats_vs_dogs, weights"):
        classroom.pack(tmp_path / "class", ["flowers"])
    with pytest.raises(FileExistsError, match="is there already"):
        classroom.pack(here / "../taken.zip", ["cats_vs_dogs"])

    def full(*_, **__):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(OSError, match="is full"):
        classroom.pack(tmp_path / "class.zip", ["cats_vs_dogs"])
    assert tree(tmp_path) == before


def test_a_damaged_pack_is_refused(here, tmp_path):
    packed = classroom.pack(tmp_path / "class.zip", ["cats_vs_dogs"])
    content = packed.read_bytes()
    packed.write_bytes(content[:len(content) // 2])
    with pytest.raises(ValueError, match=r"class\.zip is damaged"):
        classroom.unpack(packed, tmp_path / "there")
    assert not (tmp_path / "there/class").exists()


def test_a_packed_file_is_no_data_folder(here, tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_DATA", str(classroom.pack(tmp_path / "class.zip", [])))
    with pytest.raises(ValueError, match=r"data folder is a file.*python -m tllib unpack"):
        datasets.load("cats_vs_dogs")


def test_the_command_line(here, tmp_path, capsys):
    assert __main__.main(["pack", str(tmp_path / "class.zip"), "cats_vs_dogs"]) == 0
    assert __main__.main(["unpack", str(tmp_path / "class.zip"), str(tmp_path / "there")]) == 0
    assert f'TLLIB_DATA="{tmp_path / "there/class"}"' in capsys.readouterr().out.replace(" = ", "=")
    assert __main__.main(["fetch", "cats_vs_dogs", "--yes"]) == 0, "it is here: nothing is fetched"
    assert __main__.main(["pack", str(tmp_path / "class.zip"), "cats_vs_dogs"]) == 1
    assert __main__.main(["fetch", "cat_vs_dogs"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2 and "Did you mean 'cats_vs_dogs'" in errors[1]
    done = subprocess.run([sys.executable, "-m", "tllib", "--help"], text=True, capture_output=True, check=True)
    assert all(word in done.stdout for word in ("fetch", "pack", "unpack")) and not done.stderr
