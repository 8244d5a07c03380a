"""Two machines of a cluster, both here: the features of one machine, each once, whatever breaks."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from tllib import backbones, datasets, images, transfer

import numpy as np
import pytest

ray = pytest.importorskip("ray", reason="needs the extra cluster: pip install -e '.[cluster]'")
parquet = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


@pytest.fixture(scope="module")
def cluster():
    """The room, once Ray is known to be there."""
    from tllib import cluster
    return cluster


@pytest.fixture(scope="module")
def two_machines():
    """A cluster of two, two logical processors each: an actor that held them all would leave none for reading."""
    from ray.cluster_utils import Cluster
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 10**9})
    machines.add_node(num_cpus=2, object_store_memory=10**9)
    ray.init(address=machines.address, log_to_driver=False, logging_level="ERROR",
             runtime_env={"env_vars": {"TF_CPP_MIN_LOG_LEVEL": "3"}})
    yield machines
    ray.shutdown()
    machines.shutdown()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Photos of pets, in folders of classes, and a damaged file among them."""
    folder = tmp_path_factory.mktemp("photos")
    for name, path in zip(datasets.load("pets").labels, datasets.load("pets").paths, strict=True):
        (folder / ("cat", "dog")[name]).mkdir(exist_ok=True)
        shutil.copy(path, folder / ("cat", "dog")[name] / path.name)
    (folder / "dog" / "broken.png").write_bytes(b"\x89PNG and no more")
    return folder


def alone(photos):
    """Features by one machine: path -> row."""
    table = transfer.extract_features(backbones.load("efficientnet_lite0"), datasets.load(photos), cache=False)
    return dict(zip(map(str, table.paths), table.x, strict=True))


def test_rows_are_those_of_one_machine_each_once_and_nothing_is_computed_twice(cluster, two_machines, photos, tmp_path):
    done = cluster.extract_features(photos, tmp_path / "features")
    assert done == cluster.Extraction(photos=321, computed=321, problems=1)
    table, expected = cluster.read_features(tmp_path / "features"), alone(photos)
    assert list(map(str, table.paths)) == sorted(expected) and table.class_names == ("cat", "dog")
    assert max(np.abs(row - expected[str(path)]).max() for row, path in zip(table.x, table.paths, strict=True)) < 1e-4
    assert [table.class_names[y] for y in table.y] == [path.parent.name for path in table.paths]
    (path, reason), = cluster.problems(tmp_path / "features").items()
    assert path.endswith("broken.png") and reason.startswith("no picture")
    head = transfer.train_head(table)
    assert transfer.evaluate(head, table).accuracy > 0.95
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "features").iterdir()}
    assert cluster.extract_features(photos, tmp_path / "features") == cluster.Extraction(321, 0, 0)
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "features").iterdir()}


def test_new_photos_only_are_looked_at_later(cluster, two_machines, tmp_path):
    for number in range(6):
        if number in (3, 5):  # a part cut short, as by a machine that died, is no part
            cluster.extract_features(tmp_path / "photos", tmp_path / "features")
            (tmp_path / "features" / f"cut_{number}.parquet").write_bytes(b"PAR1 and no more")
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        images.save(path, np.random.default_rng(number).integers(0, 255, (64, 64, 3), "uint8"))
    assert cluster.extract_features(tmp_path / "photos", tmp_path / "features") == cluster.Extraction(6, 1, 0)
    assert [path.stem for path in cluster.read_features(tmp_path / "features").paths] == list("024135")


def test_an_error_that_may_pass_is_tried_again(cluster, two_machines, tmp_path):
    photo = images.save(tmp_path / "photos" / "a" / "1.png", np.full((32, 32, 3), 99, "uint8"))
    said = cluster.features._read({"path": np.array([str(photo), str(tmp_path / "gone.png")], object)}, 8)["problem"]
    assert said[0] == "" and said[1].startswith("can't be read now: ")
    cluster.extract_features(photo.parents[1], tmp_path / "features")
    (part,) = (tmp_path / "features").glob("*.parquet")
    rows = parquet.read_table(part)
    problem = rows.schema.get_field_index("problem")
    parquet.write_table(rows.set_column(problem, "problem", [["can't be read now: the line broke"]]), part)
    assert cluster.problems(tmp_path / "features") == {str(photo): "can't be read now: the line broke"}
    assert len(cluster.read_features(tmp_path / "features")) == 0
    assert cluster.extract_features(photo.parents[1], tmp_path / "features") == cluster.Extraction(1, 1, 0)
    assert cluster.problems(tmp_path / "features") == {} and len(cluster.read_features(tmp_path / "features")) == 1


def test_another_network_needs_another_folder(cluster, two_machines, tmp_path):
    (tmp_path / "photos" / "a").mkdir(parents=True)
    images.save(tmp_path / "photos" / "a" / "1.png", np.full((32, 32, 3), 99, "uint8"))
    cluster.extract_features(tmp_path / "photos", tmp_path / "features")
    with pytest.raises(ValueError, match="holds features of efficientnet_lite0, not of efficientnet_lite1"):
        cluster.extract_features(tmp_path / "photos", tmp_path / "features", backbone="efficientnet_lite1")


def test_nothing_there_is_said(cluster, two_machines, tmp_path):
    with pytest.raises(FileNotFoundError, match="No features in"):
        cluster.read_features(tmp_path)
    with pytest.raises(FileNotFoundError, match="No files in"):
        cluster.extract_features(tmp_path, tmp_path / "features")


def test_a_machine_that_dies_costs_its_batches_only(cluster, two_machines, photos, tmp_path):
    dying = two_machines.add_node(num_cpus=2, object_store_memory=10**9)
    killed = []

    def kill():
        while not list((tmp_path / "features").glob("*.parquet")) and time.time() < began + 120:
            time.sleep(0.2)
            if time.time() > began + 12:
                break
        two_machines.remove_node(dying, allow_graceful=False)
        killed.append(time.time() - began)

    began, killer = time.time(), threading.Thread(target=kill)
    killer.start()
    done = cluster.extract_features(photos, tmp_path / "features", batch_size=8)
    killer.join()
    assert killed and killed[0] < time.time() - began, "it died before the end"
    assert (done.photos, done.computed, done.problems) == (321, 321, 1)
    table, expected = cluster.read_features(tmp_path / "features"), alone(photos)
    assert list(map(str, table.paths)) == sorted(expected)
    assert max(np.abs(row - expected[str(path)]).max() for row, path in zip(table.x, table.paths, strict=True)) < 1e-4


def test_real_photos_by_the_command(shared, tmp_path):
    photos, to = shared / "data/cats_vs_dogs/PetImages", tmp_path / "features"
    done = subprocess.run([sys.executable, "-m", "tllib", "features", str(photos), "--to", str(to), "--cluster",
                           "local"], text=True, capture_output=True, cwd=Path(__file__).parents[2],
                          env=os.environ | {"TLLIB_PROGRESS": "0"})
    assert done.returncode == 0 and "500 photos, 500 of them looked at now; 0 could not be read." in done.stdout, (
        done.stdout + done.stderr)
