import collections
import io
import pickle
import struct

from tllib.backbones import pytorch_file

import numpy as np
import pytest


class Storage:
    """Stands for PyTorch's storage when the test writes the old format itself."""

    def __init__(self, key, kind):
        self.key, self.kind = key, kind


class Call:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Writer(pickle._Pickler):
    def persistent_id(self, thing):
        return ("storage", Name("torch", thing.kind), thing.key, "cpu", 0, None) if isinstance(thing, Storage) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Name):
            self.write(f"c{thing.module}\n{thing.name}\n".encode())
        else:
            super().save(thing, save_persistent_id)


class Name(collections.namedtuple("Name", "module name")):
    """A global that need not exist on this machine."""

    def __call__(self):
        raise NotImplementedError


def file_with(table_bytes, storages):
    file = io.BytesIO()
    for part in (pytorch_file.MAGIC, 1001, {"little_endian": True}):
        pickle.dump(part, file, 2)
    file.write(table_bytes)
    pickle.dump(list(storages), file, 2)
    for values in storages.values():
        file.write(struct.pack("<q", values.size) + values.tobytes())
    return file.getvalue()


def table(**tensors):
    """Pickle name -> (storage key, offset, size, stride) as PyTorch does."""
    file = io.BytesIO()
    writer = Writer(file, 2)
    rebuilt = collections.OrderedDict()
    for name, (key, offset, size, stride) in tensors.items():
        rebuilt[name] = Call(Name("torch._utils", "_rebuild_tensor_v2"), Storage(key, "FloatStorage"), offset, size,
                             stride, False, collections.OrderedDict())
    writer.dump(rebuilt)
    return file.getvalue()


VALUES = np.arange(12, dtype="<f4")


def test_reads_values_with_offset_and_stride():
    data = file_with(table(plain=("0", 0, (3, 4), (4, 1)), turned=("0", 0, (4, 3), (1, 4)), part=("0", 5, (2,), (1,))),
                     {"0": VALUES})
    tensors = pytorch_file.read_tensors(data)
    np.testing.assert_array_equal(tensors["plain"], VALUES.reshape(3, 4))
    np.testing.assert_array_equal(tensors["turned"], VALUES.reshape(3, 4).T)
    np.testing.assert_array_equal(tensors["part"], [5, 6])


@pytest.mark.parametrize("size, stride, offset", [
    ((13,), (1,), 0), ((2,), (1,), 11), ((2,), (-1,), 3), ((2, 2), (9, 9), 0)])
def test_refuses_tensors_that_reach_outside_their_storage(size, stride, offset):
    with pytest.raises(ValueError, match="outside its storage"):
        pytorch_file.read_tensors(file_with(table(bad=("0", offset, size, stride)), {"0": VALUES}))


@pytest.mark.parametrize("function, arguments", [
    (Name("os", "system"), ("touch HARMED",)),
    (Name("builtins", "eval"), ("open('HARMED', 'w')",)),
    (Name("builtins", "getattr"), (1, "real")),
    (Name("torch", "load"), ("x",)),
])
def test_a_malicious_file_runs_nothing(function, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = io.BytesIO()
    Writer(file, 2).dump({"weight": Call(function, *arguments)})
    with pytest.raises(ValueError, match=f"asks for {function.module}.{function.name}.*refused"):
        pytorch_file.read_tensors(file_with(file.getvalue(), {}))
    assert not list(tmp_path.iterdir())


def test_every_cut_and_nonsense_gives_one_kind_of_error():
    whole = file_with(table(plain=("0", 0, (3, 4), (4, 1))), {"0": VALUES})
    for data in (b"", b"GIF89a", b"PK\x03\x04", bytes(100), *(whole[:cut] for cut in range(0, len(whole), 7))):
        with pytest.raises(ValueError, match="no PyTorch weight file"):
            pytorch_file.read_tensors(data)
