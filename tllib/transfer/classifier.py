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
from tllib.transfer.features import FeatureTable, even_size

import keras
import numpy as np
from keras import layers

_ABOUT = "tllib.json"  # beside Keras's own entries in the .keras archive


def train_head(table: FeatureTable, *, validation: FeatureTable | None = None, epochs: int = 30,
               learning_rate: float = 1e-3, weight_decay: float = 1e-2, seed: int = 0) -> keras.Model:
    """Train softmax regression on standardised features: one dense layer, from 5 photos a class upwards.

    The loss has one minimum, and the learning rate falls along half a cosine, so that the end lies close to it
    whatever the seed. It stops early when the loss no longer falls: that of `validation` if given, else the training
    loss; the best weights are kept.

    Args:
        table: from `extract_features`.
        validation: a second table, for early stopping.
        epochs: at most so many passes over the table.
        learning_rate: of Adam, at the start; it ends at 0.
        weight_decay: factor of the sum of squared weights in the loss; what keeps few photos from being memorised.
        seed: of the order in which rows are shown.

    Returns:
        A model: features `(n, d)` -> probabilities `(n, classes)`.

    Raises:
        ValueError: fewer than two classes in the table, or `validation` has other classes.
    """
    if len(np.unique(table.y)) < 2:
        raise ValueError(f"To tell classes apart takes photos of two at least, got {len(np.unique(table.y))}.")
    if validation is not None and validation.class_names != table.class_names:
        raise ValueError(f"Validation classes {validation.class_names} are not those of the table, "
                         f"{table.class_names}.")
    features = keras.Input((table.x.shape[1],), name="features")
    mean, variance = table.x.mean(axis=0), table.x.var(axis=0)
    # A feature that hardly ever answered here would otherwise outshout all others on a photo of another kind.
    variance = np.maximum(variance, 0.01 * np.median(variance))
    standard = layers.Normalization(mean=mean, variance=variance, name="standardise", dtype="float32")(features)
    logits = layers.Dense(len(table.class_names), kernel_initializer="zeros", name="class_logits", dtype="float32",
                          kernel_regularizer=keras.regularizers.L2(weight_decay))(standard)
    model = keras.Model(features, logits)
    devices = backbones.device_count(model)
    batch_size = even_size(64, 64, devices)
    falling = keras.optimizers.schedules.CosineDecay(learning_rate, -(-len(table) // batch_size) * epochs)
    model.compile(keras.optimizers.Adam(falling), jit_compile=backbones.jit_compile(),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    stop = keras.callbacks.EarlyStopping("loss" if validation is None else "val_loss", min_delta=1e-4, patience=5,
                                         restore_best_weights=True)
    x, y, counts = _shareable(table, np.random.default_rng(seed).permutation(len(table)), devices)
    model.fit(x, y, batch_size=batch_size, sample_weight=counts, epochs=epochs, shuffle=False, verbose=0,
              callbacks=[stop], validation_data=None if validation is None else
              _shareable(validation, np.arange(len(validation)), devices))
    head = keras.Model(features, layers.Softmax(name="probabilities", dtype="float32")(logits), name="head")
    head.compile(jit_compile=backbones.jit_compile())
    return head


def _shareable(table: FeatureTable, order: np.ndarray, devices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows in this order, filled up until devices can share the last batch; what fills up counts 0."""
    rows = np.resize(order, -(-len(order) // devices) * devices)
    return table.x[rows], table.y[rows], (np.arange(len(rows)) < len(order)).astype("float32")


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
        return engine.predict(self.model, fit_batch(images, self.model.input_shape[1]))

    def save(self, path: str | os.PathLike) -> Path:
        """Write network, class names and preprocessing as one `.keras` file, whole or not at all.

        Raises:
            ValueError: `path` does not end in .keras.
        """
        path = Path(path)
        if path.suffix != ".keras":
            raise ValueError(f"{path.name}: save as .keras, Keras's own format.")
        about = json.dumps({"class_names": self.class_names, "backbone": self.backbone})
        with full_disk_explained(path.parent), replacing(path) as temporary:
            self.model.save(temporary)
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.writestr(_ABOUT, about)
        return path


def load_classifier(path: str | os.PathLike) -> Classifier:
    """Read what `Classifier.save` wrote, on any engine. Nothing in the file is executed.

    Raises:
        FileNotFoundError: no such file.
        ValueError: damaged, or not written by `Classifier.save`.
    """
    path = Path(path)
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
