"""A table of features -> a trained head; a backbone and a head -> one classifier."""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tllib import backbones
from tllib.backbones import engine
from tllib.files import full_disk_explained, replacing
from tllib.images import fit_batch
from tllib.transfer.features import FeatureTable

import keras
import numpy as np
from keras import layers
from scipy import linalg, optimize, special

ROWS = 8192  # of features, at a time
_ABOUT = "tllib.json"  # beside Keras's own entries in the .keras archive


def train_head(table: FeatureTable, *, weight_decay: float = 1e-2, balanced: bool = False) -> keras.Model:
    """Train softmax regression on standardised features: one dense layer, from 5 photos a class upwards.

    The loss, mean cross-entropy + weight_decay * sum(weights^2), is convex. L-BFGS goes to its one minimum, in seconds
    on any engine; there is no seed and no learning rate.

    Args:
        table: from `extract_features`.
        weight_decay: what keeps few photos from being memorised. The bias is free.
        balanced: let each class count the same in the loss, however many photos it has: the rare classes are recognised
            more often, at some cost to the frequent ones. By default each photo counts the same, which gives
            probabilities that hold for photos in the same proportion.

    Returns:
        A model: features `(n, d)` -> probabilities `(n, classes)`.

    Raises:
        ValueError: fewer than two classes in the table.

    Source: Nocedal, "Updating quasi-Newton matrices with limited storage", 1980, as SciPy has it.
    """
    counts = np.bincount(table.y, minlength=len(table.class_names))
    if np.count_nonzero(counts) < 2:
        raise ValueError(f"To tell classes apart takes photos of two at least, got {np.count_nonzero(counts)}.")
    features = keras.Input((table.x.shape[1],), name="features")
    chunks = [slice(start, start + ROWS) for start in range(0, len(table), ROWS)]
    mean = (sum(table.x[rows].sum(axis=0, dtype="float64") for rows in chunks) / len(table)).astype("float32")
    variance = (sum(np.square(table.x[rows] - mean).sum(axis=0) for rows in chunks) / len(table)).astype("float32")
    variance = np.maximum(variance, 0.01 * np.median(variance))  # else a near-constant feature would dominate
    shares = 1 / np.count_nonzero(counts) / counts[table.y] if balanced else np.full(len(table), 1 / len(table))
    standard = layers.Normalization(mean=mean, variance=variance, name="standardise", dtype="float32")(features)
    dense = layers.Dense(len(counts), name="class_logits", dtype="float32")
    head = keras.Model(features, layers.Softmax(name="probabilities", dtype="float32")(dense(standard)), name="head")
    dense.set_weights(_softmax_regression(table.x, chunks, mean, np.sqrt(np.maximum(variance, 1e-14)), table.y,
                                          shares, weight_decay, len(counts)))
    head.compile(jit_compile=backbones.jit_compile())
    return head


def _softmax_regression(x: np.ndarray, chunks: list[slice], mean: np.ndarray, deviation: np.ndarray, y: np.ndarray,
                        shares: np.ndarray, weight_decay: float, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights `(d, classes)` and bias at the minimum of the loss; a chunk of rows at a time, as `x` may be on disk."""
    kernel_size = x.shape[1] * classes

    def loss(parameters):
        kernel, bias = parameters[:kernel_size].reshape(-1, classes), parameters[kernel_size:]
        value, to_kernel, to_bias = weight_decay * np.sum(kernel**2), 2 * weight_decay * kernel, np.zeros(classes)
        for rows in chunks:
            standard = (x[rows] - mean) / deviation
            scores = linalg.blas.sgemm(1, kernel.T, standard.T).T  # not `@`: NumPy's BLAS threads would fight SciPy's
            logs = special.log_softmax(scores + bias.astype("float32"), axis=1)
            value -= shares[rows] @ logs[np.arange(len(logs)), y[rows]]
            slopes = (np.exp(logs) - np.eye(classes)[y[rows]]) * shares[rows, None]
            to_kernel += linalg.blas.sgemm(1, slopes.T, standard.T, trans_b=True).T
            to_bias += slopes.sum(axis=0)
        return value, np.concatenate([to_kernel.ravel(), to_bias])

    best = optimize.minimize(loss, np.zeros(kernel_size + classes), jac=True, method="L-BFGS-B",
                             options={"maxiter": 500, "ftol": 1e-9, "gtol": 1e-5})
    return best.x[:kernel_size].reshape(-1, classes), best.x[kernel_size:]


@dataclass(frozen=True)
class Classifier:
    """A network for your own classes.

    Attributes:
        model: pixels -> probabilities, in the order of `class_names`.
        class_names: name of each output.
        backbone: name of the backbone in it.
    """

    model: keras.Model
    class_names: tuple[str, ...]
    backbone: str

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities, float32 `(n, classes)`, for one image `(h, w, 3)` or a batch, 0 to 255, of any size."""
        return engine.predict(self.model, fit_batch(images, backbones.input_size(self.model)))

    def save(self, path: str | os.PathLike) -> Path:
        """Write network, class names and preprocessing as one `.keras` file, whole or not at all.

        Raises:
            ValueError: `path` does not end in .keras.
        """
        path = Path(path).expanduser()
        if path.suffix != ".keras":
            raise ValueError(f"{path.name}: save as .keras, Keras's own format.")
        with full_disk_explained(path.parent), replacing(path) as temporary:
            self.model.save(temporary)
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.writestr(_ABOUT, json.dumps({"class_names": self.class_names, "backbone": self.backbone}))
        return path


def load_classifier(path: str | os.PathLike) -> Classifier:
    """Read what `Classifier.save` wrote, on any engine. Nothing in the file is executed.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, or not written by `Classifier.save`.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No classifier at {path}. Classifier.save(path) writes one.")
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(_ABOUT))
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        classifier = Classifier(model, tuple(about["class_names"]), about["backbone"])
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path.name} is damaged, or not written by Classifier.save: {reason}") from error
    if model.output_shape[-1] != len(classifier.class_names):
        raise ValueError(f"{path.name} names {len(classifier.class_names)} classes, its network tells "
                         f"{model.output_shape[-1]} apart.")
    model.trainable = False
    model.compile(jit_compile=backbones.jit_compile())
    return classifier


def assemble(backbone: keras.Model, head: keras.Model, class_names: tuple[str, ...]) -> Classifier:
    """Join a backbone, whose weights it shares, and a copy of the head into one flat model, pixels -> probabilities.

    Raises:
        ValueError: the head expects other features, or the number of names is not the number of its outputs.
    """
    if backbone.output_shape[1:] != head.input_shape[1:]:
        raise ValueError(f"The head was trained on {head.input_shape[1]} features, this backbone gives "
                         f"{backbone.output_shape[1:]}. Use the backbone the table came from.")
    if len(class_names) != head.output_shape[-1]:
        raise ValueError(f"{len(class_names)} class names for {head.output_shape[-1]} outputs of the head.")
    output = backbone.output
    for layer in head.layers[1:]:  # copies: a layer in two models would have two outputs, and no single name for either
        copy = type(layer).from_config(layer.get_config())
        output = copy(output)
        copy.set_weights(layer.get_weights())
    model = keras.Model(backbone.input, output, name=f"{backbone.name}_classifier")
    model.compile(jit_compile=backbones.jit_compile())
    return Classifier(model, tuple(class_names), backbone.name)
