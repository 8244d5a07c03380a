"""What tests share: folders of their own, the network blocked, reference photos, real networks loaded once."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config):
    """Before Keras is imported: no test reads or writes the folders and settings of whoever runs it."""
    if not hasattr(config, "workerinput"):  # the workers of pytest-xdist share the folder of who started them
        config.own_folder = Path(tempfile.mkdtemp(prefix="tllib-tests-"))
        for variable, name in (("TLLIB_CACHE", "cache"), ("TLLIB_DATA", "data"), ("KERAS_HOME", "keras"),
                               ("IPYTHONDIR", "ipython"), ("JUPYTER_CONFIG_DIR", "jupyter"),
                               ("JUPYTER_DATA_DIR", "jupyter-data")):
            os.environ[variable] = str(config.own_folder / name)
        for variable in ("TLLIB_OFFLINE", "TLLIB_PROGRESS"):
            os.environ.pop(variable, None)
        if workers := len(config.getoption("tx", None) or []):  # each takes its part of the cores
            cores = str(max(os.cpu_count() // workers, 1))
            for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
                os.environ.setdefault(variable, cores)


def pytest_unconfigure(config):
    """Take the folder away."""
    if hasattr(config, "own_folder"):
        shutil.rmtree(config.own_folder, ignore_errors=True)


# Folders of tests that take minutes or a network: each has its mark, and is skipped unless that is asked for.
ON_DEMAND = {"engines": "takes minutes", "wheel": "installs the wheel", "cluster": "starts a cluster"}


def pytest_collection_modifyitems(config, items):
    """Skip what nobody asked for; the long ones first, so that two workers end together."""
    for item in items:
        for folder in ON_DEMAND.keys() & set(item.path.parts):
            item.add_marker(getattr(pytest.mark, folder))
            if folder not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason=f"{ON_DEMAND[folder]}: python -m tllib test {folder}"))
    long = {"transfer": 0, "synthesis": 1, "backbones": 2}
    items.sort(key=lambda item: long.get(item.path.parent.name, 3))


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Let sockets reach this machine only."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def local(host):
        return host is None or str(host) in ("localhost", "::1", "") or str(host).startswith("127.")

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not local(address[0]):
            raise RuntimeError(f"a test reached for the network: {address}")
        return connect(self, address)

    def guarded_lookup(host, *args, **kwargs):
        if not local(host):
            raise RuntimeError(f"a test looked up {host!r}")
        return lookup(host, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_lookup)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared():
    """Folder of reference photos, weights and answers, beside the project; tests that need it skip without it."""
    folder = Path(os.environ.get("TLLIB_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("needs the reference photos and weights in ../shared (or TLLIB_SHARED), not on this machine")
    return folder


@pytest.fixture(scope="session")
def lite0():
    from tllib import backbones
    return backbones.load("efficientnet_lite0", top=True)


@pytest.fixture(scope="session")
def lite1():
    from tllib import backbones
    return backbones.load("efficientnet_lite1", top=True)


@pytest.fixture(scope="session")
def squeezenet():
    from tllib import backbones
    return backbones.load("squeezenet", top=True)


@pytest.fixture(scope="session")
def lite0_exact():
    """Lite0 in float64: there no rounding puts a unit on the other side of its kink, and two ways come to the same."""
    from tllib import backbones

    import keras
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        return backbones.load("efficientnet_lite0", top=True)
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="session")
def red_or_blue():
    """A classifier that tells red from blue, made in an instant."""
    from tllib.transfer import Classifier

    import keras
    import numpy as np
    pixel = keras.Input((32, 32, 3))
    scores = keras.layers.Dense(2, use_bias=False)(keras.layers.GlobalAveragePooling2D()(pixel))
    model = keras.Model(pixel, keras.layers.Softmax()(scores))
    model.layers[-2].set_weights([np.array([[0.1, 0], [0, 0], [0, 0.1]], "float32")])
    return Classifier(model, ("red", "blue"), "none")


@pytest.fixture
def dog():
    from tllib import images
    return images.load(ROOT / "data/photos/dog.png")


@pytest.fixture
def cat():
    from tllib import images
    return images.load(ROOT / "data/photos/cat.png")
