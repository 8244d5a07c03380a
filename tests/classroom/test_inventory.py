import os
import sys
from pathlib import Path

from tllib import backbones, classroom
from tllib.classroom.inventory import _kind, _place
from tllib.datasets import SOURCES

import keras
import pytest


def rows():
    return dict(classroom.inventory().rows)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "data"


def write(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


@pytest.mark.core
def test_what_computes(data):
    found = rows()
    engine = keras.backend.backend()
    assert found["Keras"].startswith(f"{keras.__version__} with {engine} ")
    assert found["Python"].startswith("{}.{}.{} ".format(*sys.version_info))
    assert found["device"] == f"{classroom.device()}; {os.cpu_count()} CPU cores"
    assert classroom.device() in ("CPU", "GPU", "TPU")


@pytest.mark.parametrize("place, kind", [
    ("/job:localhost/replica:0/task:0/device:GPU:0", "GPU"), ("/job:localhost/replica:0/task:0/device:CPU:0", "CPU"),
    ("cuda:0", "GPU"), ("mps:0", "GPU"), ("rocm:1", "GPU"), ("cpu", "CPU"), ("TFRT_CPU_0", "CPU"),
    ("TPU_0(host=0)", "TPU")])
def test_a_device_is_known_by_what_each_engine_calls_it(place, kind):
    assert _kind(place) == kind


def test_data_that_is_not_here_says_what_it_would_take(data):
    assert rows()["Cats vs Dogs"] == "not here (825 MB to fetch)"
    assert rows()["Oxford-IIIT Pet"] == "not here (811 MB to fetch)"
    assert not data.exists(), "looking makes nothing"


def test_data_that_is_here_is_counted(data):
    write(data / "cats_vs_dogs/PetImages/Cat/1.jpg", 1_500_000)
    write(data / "cats_vs_dogs/PetImages/Dog/1.jpg", 2_500_000)
    assert rows()["Cats vs Dogs"] == "here, 2 files (4 MB)"


def test_half_a_data_set_is_not_here_and_a_packed_one_is(data):
    write(data / "oxford_pets/annotations/list.txt", 10)
    assert rows()["Oxford-IIIT Pet"].startswith("not here")
    for archive in SOURCES["oxford_pets"].archives:
        write(data / archive.name, 10)
    assert rows()["Oxford-IIIT Pet"] == "here, still packed (811 MB)"


def test_what_is_made_here_needs_no_disk(data):
    assert rows()["Drawn Digits"] == "320 pictures, made here when they are first used"
    assert rows()["Pets"] == "418 photos, which come with tllib"


def test_weights_are_named_and_weighed(data):
    before = rows()["weights"]
    assert "efficientnet_lite0" in before and "vgg16" not in before
    write(data / "weights/vgg16_weights_tf_dim_ordering_tf_kernels.h5", 2_000_000)
    assert rows()["weights"].startswith(", ".join(backbones.on_this_machine())) and "vgg16" in rows()["weights"]
    size = sum(file.stat().st_size for file in backbones.weight_files())
    assert rows()["weights"].endswith(f"({size / 1e6:.0f} MB)")


def test_without_psutil_the_memory_is_left_out(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert "memory" not in rows() and "disk" in rows()


def test_a_place_is_said_as_shortly_as_it_can_be(tmp_path, monkeypatch):
    (tmp_path / "course/notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course/notebooks")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert _place(tmp_path / "course/data") == str(Path("../data"))
    assert _place(tmp_path / ".cache/tllib") == str(Path("~/.cache/tllib"))
    assert _place(Path("/big")) == str(Path("/big").absolute())


def test_it_prints_as_a_table():
    table = str(classroom.Inventory((("Python", "3.12"), ("data folder", "../data"))))
    assert table == "Python              3.12\ndata folder         ../data"
