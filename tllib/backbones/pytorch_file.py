"""A PyTorch weight file (the old, non-zip format) -> a dict of numpy arrays, without PyTorch and without running it.

The file is four pickles (magic number, protocol, system information, the tensors' table), a pickled list of storage
keys, then each storage as an int64 count and little-endian values. Pickles can name any function of any module, so
the reader knows four names and refuses the rest.
"""

import collections
import io
import pickle
from typing import Any, BinaryIO

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


def _placeholder(storage, offset, size, stride, *_):
    return storage, offset, size, stride


_ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _placeholder,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no weight file needs: refused")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype]:
        kind, dtype, key = pid[:3]
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError(f"unknown kind of stored object {kind!r}")
        return str(key), dtype


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """Decode the bytes of a `.pth` file.

    Args:
        data: the whole file, already checked against its hash by the caller.

    Returns:
        Tensor name -> array in the file's own order and layout.

    Raises:
        ValueError: not such a file, cut short, or it asks for anything but tensors.
    """
    try:
        return _read(io.BytesIO(data))
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError,
            UnicodeDecodeError) as error:
        raise ValueError(f"this is no PyTorch weight file that can be read safely: {error}") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Reader(file).load() != MAGIC:
        raise ValueError("its first bytes are not those of the format")
    _Reader(file).load()  # protocol
    _Reader(file).load()  # system information
    table = _Reader(file).load()
    keys = _Reader(file).load()
    dtypes = {storage[0]: storage[1] for storage, *_ in table.values()}
    storages = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        content = file.read(count * dtypes[key].itemsize)
        storages[key] = np.frombuffer(content, dtypes[key], count)
    tensors = {}
    for name, ((key, _), offset, size, stride) in table.items():
        flat = storages[key][offset:]
        last = sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if min((offset, *size, *stride), default=0) < 0 or (0 not in size and last >= len(flat)):
            raise ValueError(f"tensor {name} reaches outside its storage")
        steps = [step * flat.itemsize for step in stride]
        tensors[name] = np.lib.stride_tricks.as_strided(flat, size, steps, writeable=False)
    return tensors
