"""Lesson 03's plain PyTorch, run on few photos: it says what the library says, on whatever engine that runs."""

import ast

from tests.notebooks.plain import code_of
from tllib import backbones, datasets, transfer

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("efficientnet_lite_pytorch")
IMPORTS, PLAIN = code_of("03_transfer_learning_pytorch")


@pytest.fixture(scope="module")
def made():
    """Names that the plain cells make, of 64 photos to learn from and 32 to judge by."""
    train, test = datasets.load("pets").subset(96, seed=0).split(test=1 / 3, seed=0)
    imports = [node for node in ast.parse(IMPORTS).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {"SEED": 0, "train": train, "test": test}
    for source in (ast.unparse(ast.Module(imports, [])), *PLAIN):
        exec(source, names)
    return names


@pytest.fixture(scope="module")
def tables(made):
    backbone = backbones.load("efficientnet_lite0")
    return [transfer.extract_features(backbone, made[part]) for part in ("train", "test")]


def test_features_are_the_librarys_but_for_how_pillow_resizes(made, tables):
    for x, y, table in ((made["x"].numpy(), made["y"], tables[0]), (made["seen"].numpy(), made["truth"], tables[1])):
        cosines = np.sum(x * table.x, axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(table.x, axis=1)
        assert cosines.min() >= 0.9 and np.median(cosines) >= 0.97, np.sort(cosines)[:5]
        np.testing.assert_array_equal(y.numpy(), table.y)


def test_the_network_is_the_librarys(made):
    pixels = [made["test"].read(row, size=224) for row in range(4)]
    batch = made["torch"].from_numpy((np.stack(pixels).astype("float32") - 127) / 128).permute(0, 3, 1, 2)
    with made["torch"].no_grad():
        found = made["network"](batch).numpy()
    library = backbones.load("efficientnet_lite0").predict(np.stack(pixels), verbose=0)
    np.testing.assert_allclose(found, library, atol=1e-3)


def test_the_head_is_as_right_as_the_librarys(made, tables):
    other = transfer.evaluate(transfer.train_head(tables[0]), tables[1]).accuracy
    assert abs(made["accuracy"] - other) <= 1 / len(tables[1]) + 1e-6


def test_it_is_short_and_without_the_library():
    used = {node.id for source in PLAIN for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    library = {name.asname or name.name for node in ast.walk(ast.parse(IMPORTS))
               if isinstance(node, ast.ImportFrom) and node.module.startswith("tllib") for name in node.names}
    assert not used & library and len(library) == 6
    loop = [source for source in PLAIN if "optimizer.step()" in source]
    assert len(loop) == 1 and len(loop[0].splitlines()) <= 12
