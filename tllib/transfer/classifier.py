"""A table of features -> a trained head; a backbone and a head -> one classifier."""

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tllib import backbones
from tllib.backbones import engine
from tllib.checking import check_finite, check_kind, check_list, check_number, check_path
from tllib.files import full_disk_explained, replacing
from tllib.images import crop_resize_batch
from tllib.transfer.features import FeatureTable
from tllib.transfer.provenance import backbone_id, check_same_backbone, check_same_classes

import keras
import numpy as np
from keras import layers
from scipy import linalg, optimize, special

ROWS = 8192  # of features, at a time
HEAD = "head"  # name of the layer that a head of the reader's own becomes
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
        A model: features `(n, d)` -> probabilities `(n, classes)`. Its attributes `class_names` and `backbone` are the
        table's: `evaluate` and `assemble` refuse what doesn't belong to them.

    Raises:
        ValueError: fewer than two classes in the table, or a weight_decay that is no number from 0 on.
        TypeError: `table` is no FeatureTable.

    Source: Nocedal, "Updating quasi-Newton matrices with limited storage", 1980, as SciPy has it.
    """
    check_kind("table", table, FeatureTable, "transfer.extract_features(backbone, photos) gives one.")
    check_number("weight_decay", weight_decay, least=0)
    counts = np.bincount(table.y, minlength=len(table.class_names))
    if np.count_nonzero(counts) < 2:
        raise ValueError(f"To tell classes apart takes photos of two at least, got {np.count_nonzero(counts)}.")
    chunks = [slice(start, start + ROWS) for start in range(0, len(table), ROWS)]
    mean, deviation = _mean_and_deviation(table.x, chunks)
    shares = 1 / np.count_nonzero(counts) / counts[table.y] if balanced else np.full(len(table), 1 / len(table))
    weights = _softmax_regression(table.x, chunks, mean, deviation, table.y, shares, weight_decay, len(counts))

    # Keras's Normalization takes no deviation below 1e-7 for what it is: a power of two, which rounds nothing, brings
    # the features near 1 first.
    unit = 2.0 ** np.rint(np.log2(np.median(deviation)))
    features = keras.Input((table.x.shape[1],), name="features")
    scaled = layers.Rescaling(float(1 / unit), name="unit", dtype="float32")(features)
    standard = layers.Normalization(mean=mean / unit, variance=np.square(deviation / unit), name="standardise",
                                    dtype="float32")(scaled)
    dense = layers.Dense(len(counts), name="class_logits", dtype="float32")
    head = keras.Model(features, layers.Softmax(name="probabilities", dtype="float32")(dense(standard)), name="head")
    dense.set_weights(weights)
    head.class_names = tuple(table.class_names)
    head.backbone = table.backbone
    return head


def _mean_and_deviation(x: np.ndarray, chunks: list[slice]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature, float32 `(d,)`.

    A feature that hardly varies would dominate once standardised: no deviation is below a tenth of the median one.
    """
    total = sum(x[rows].sum(axis=0, dtype="float64") for rows in chunks)
    mean = (total / len(x)).astype("float32")
    squares = sum(np.square(x[rows] - mean, dtype="float64").sum(axis=0) for rows in chunks)
    variance = squares / len(x)
    typical = np.median(variance)
    if typical == 0 and variance.any():  # most features are constant
        typical = np.median(variance[variance > 0])
    if typical == 0:  # all are
        typical = 1.0
    return mean, np.sqrt(np.maximum(variance, 0.01 * typical)).astype("float32")


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
        model: pixels -> probabilities, in the order of `class_names`, which it gets as an attribute of that name.
        class_names: name of each output.
        backbone: name of the backbone in it.

    Raises:
        ValueError: the number of names is not the number of outputs, or the network takes no pictures.
    """

    model: keras.Model
    class_names: tuple[str, ...]
    backbone: str

    def __post_init__(self):
        backbones.input_size(self.model)
        _check_count(self.class_names, self.model, "the network")
        self.model.class_names = tuple(self.class_names)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities, float32 `(n, classes)`, for one image `(h, w, 3)` or a batch, 0 to 255, of any size.

        Raises:
            ValueError: the network answers NaN, or numbers that are no probabilities.
        """
        probabilities = engine.predict(self.model, crop_resize_batch(images, backbones.input_size(self.model)))
        check_probabilities(probabilities, "The classifier")
        return probabilities

    def save(self, path: str | os.PathLike) -> Path:
        """Write network, class names and preprocessing as one `.keras` file, whole or not at all.

        Raises:
            ValueError: `path` does not end in .keras.
        """
        check_path("path", path)
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
    check_path("path", path)
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
    model.trainable = False
    return classifier


def assemble(backbone: keras.Model, head: keras.Model, class_names: Sequence[str] | None = None) -> Classifier:
    """Join a backbone, whose weights it shares, and a copy of a head into one model, pixels -> probabilities.

    Args:
        backbone: from `backbones.load(name)`; the one whose features the head was trained on.
        head: from `train_head`; or your own functional or Sequential model, features `(n, d)` -> probabilities
            `(n, classes)`. The layers of the former go by name in the whole; your own becomes one layer, "head".
        class_names: name of each output of the head. Defaults to the names that `train_head` noted.

    Raises:
        ValueError: the head expects other features, was trained on those of another backbone, knows other class names,
            gives no probabilities, or can't be copied.
        TypeError: `backbone` or `head` is no Keras network.
    """
    backbones.input_size(backbone)  # else refused
    check_kind("head", head, keras.Model, "transfer.train_head(table) gives one.")
    if class_names is not None:
        check_list("class_names", class_names)
    given = getattr(head, "class_names", None) if class_names is None else class_names
    if given is None:
        raise ValueError("Nothing is known of this head's classes: give class_names, in the order of its outputs.")
    if not hasattr(head, "input_shape"):
        raise ValueError("What this head takes is not known: build it as a functional or Sequential Keras model that "
                         "begins with keras.Input((features,)).")
    if backbone.output_shape[1:] != head.input_shape[1:]:
        raise ValueError(f"The head was trained on {head.input_shape[1]} features, this backbone gives "
                         f"{backbone.output_shape[1:]}. Use the backbone the table came from.")
    _check_count(given, head, "the head")
    check_same_classes("The head", getattr(head, "class_names", None), "class_names", given)
    if getattr(head, "backbone", None) is not None:
        check_same_backbone(head, backbone_id(backbone), "this backbone")
    output = _through_layers(head, backbone.output) if hasattr(head, "backbone") else _whole(head)(backbone.output)
    model = keras.Model(backbone.input, output, name=f"{backbone.name}_classifier")
    return Classifier(model, tuple(given), backbone.name)


def copied(model: keras.Model) -> keras.Model:
    """A copy of a functional or Sequential model, with weights of its own."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy._flatten_layers():
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()  # what it adapted to is among the weights, but not yet what it computes with
    return copy


def first_layer_of_head(model: keras.Model) -> str:
    """Name of the layer of an assembled model at which its head begins to learn.

    Raises:
        ValueError: `assemble` did not make this model.
    """
    for name in ("class_logits", HEAD):
        if any(layer.name == name for layer in model.layers):
            return name
    raise ValueError("Where this network's head begins is not known: join a backbone and a head with "
                     "transfer.assemble.")


def check_probabilities(answers: np.ndarray, who: str) -> None:
    """Refuse answers `(n, classes)` that are not finite, or no probabilities.

    Raises:
        ValueError: the message says how many are NaN, or what a row adds up to.
    """
    answers = np.asarray(answers, "float32")
    check_finite(who, answers)
    sums = answers.sum(axis=1)
    if (answers < 0).any() or (np.abs(sums - 1) > 0.01).any():
        raise ValueError(f"{who} gives numbers from {answers.min():.2g} to {answers.max():.2g} that add up to "
                         f"{sums[0]:.2g}, where probabilities are needed: let it end in a softmax.")


def _check_count(class_names: Sequence[str], model: keras.Model, what: str) -> None:
    outputs = model.output_shape[-1]
    if len(class_names) != outputs:
        advice = " Two classes need two outputs and a softmax, not one sigmoid." if outputs == 1 else ""
        raise ValueError(f"{len(class_names)} class names for {outputs} outputs of {what}.{advice}")


def _through_layers(head: keras.Model, output: keras.KerasTensor) -> keras.KerasTensor:
    """What copies of the layers of a head from `train_head`, a chain behind its input, make of a backbone's output."""
    for layer in head.layers[1:]:  # copies: a layer in two models would have two outputs, and no single name for either
        copy = type(layer).from_config(layer.get_config())
        output = copy(output)
        copy.set_weights(layer.get_weights())
    return output


def _whole(head: keras.Model) -> keras.Model:
    """A copy of a head of the reader's own, which is checked to give probabilities."""
    try:
        copy = copied(head)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise ValueError(f"This head can't be copied ({' '.join(str(error).split())[:200]}). Build it of layers that "
                         "Keras can save.") from error
    examples = np.random.default_rng(0).normal(size=(8, *head.input_shape[1:])).astype("float32")
    check_probabilities(keras.ops.convert_to_numpy(copy(examples, training=False)), "The head")
    copy.name = HEAD
    return copy
