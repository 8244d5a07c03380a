"""This machine -> a table of what a lesson wants to know: versions, device, room, which data and weights are here."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tllib.datasets import SOURCES, archives
from tllib.download import readable
from tllib.files import cache_root, data_root


@dataclass(frozen=True)
class Inventory:
    """Rows of (what, how it is here); `print` shows them as a table."""

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "\n".join(f"{what:20s}{found}" for what, found in self.rows)


def inventory() -> Inventory:
    """Look at this machine. Nothing is fetched, drawn or loaded; it takes a second or less.

    Returns:
        An `Inventory`: versions, the device that computes, memory, room on the disk, each data set of the registry and
        the weights that are here, with their sizes.

    Example:
        >>> from tllib import classroom
        >>> dict(classroom.inventory().rows)["Drawn Digits"]
        '320 pictures, made here when they are first used'
    """
    return Inventory(tuple(_rows()))


def device() -> str:
    """Where Keras puts a new array, and so computes: "CPU", "GPU" or "TPU"."""
    import keras  # here: quizzes and packs need no engine, which takes seconds to start

    return _kind(str(keras.ops.zeros(1).device))


def _kind(place: str) -> str:
    """TensorFlow says "…/device:GPU:0", PyTorch "cuda:0" or "mps:0", JAX "cuda:0" or "TFRT_CPU_0"."""
    if "TPU" in place.upper():
        return "TPU"
    return "GPU" if any(mark in place.upper() for mark in ("GPU", "CUDA", "ROCM", "MPS")) else "CPU"


def _rows() -> Iterator[tuple[str, str]]:
    from tllib import backbones

    import keras

    engine = keras.backend.backend()
    root = data_root()
    disk = next((folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists()), None)
    yield "Python", f"{platform.python_version()} on {platform.system()}"
    yield "Keras", f"{keras.__version__} with {engine} {importlib.metadata.version(engine)}"
    yield "device", f"{device()}; {os.cpu_count()} CPU cores"
    with suppress(ImportError):  # psutil comes with Jupyter's kernel; without it, this row is left out
        import psutil
        memory = psutil.virtual_memory()
        yield "memory", f"{readable(memory.total)}, {readable(memory.available)} free"
    yield "disk", f"{readable(shutil.disk_usage(disk).free)} free for data" if disk else f"no {root.absolute().anchor}"
    yield "data folder", _place(root)
    yield "cache folder", _place(cache_root())
    for name, source in SOURCES.items():
        yield source.title, _data(name, root)
    names, files = backbones.on_this_machine(), backbones.weight_files()
    sizes = sum(file.stat().st_size for file in files)
    yield "weights", f"{', '.join(names) or 'none'} ({readable(sizes)})"


def _data(name: str, root: Path) -> str:
    source = SOURCES[name]
    if source.shipped:
        return f"{sum(source.photos.values())} photos, which come with tllib"
    if not source.archives:
        return f"{sum(source.photos.values())} pictures, made here when they are first used"
    if not archives.missing(name, root) and (root / name).is_dir():
        sizes = [file.stat().st_size for file in (root / name).rglob("*") if file.is_file()]
        return f"here, {len(sizes):,} files ({readable(sum(sizes))})"
    large = readable(sum(archive.size for archive in source.archives))
    packed = all((root / archive.name).is_file() for archive in archives.missing(name, root))
    return f"here, still packed ({large})" if packed else f"not here ({large} to fetch)"


def _place(folder: Path) -> str:
    """A path as short as it can be said: from here, from home, or from the top."""
    whole, home = str(folder.absolute()), os.path.expanduser("~")
    forms = [whole, whole.replace(home, "~", 1) if whole.startswith(home + os.sep) else whole]
    with suppress(ValueError):  # another drive of Windows
        forms.append(os.path.relpath(folder))
    return min(forms, key=len)
