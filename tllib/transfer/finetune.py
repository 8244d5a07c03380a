"""A classifier with a trained head -> the same classifier, its network adapted to the photos.

The head comes first and is trained already: `train_head` did that, in seconds. Now the layers behind it are unfrozen,
early ones at a lower rate, on randomly cropped and mirrored photos. BatchNorm layers stay frozen for ever: `fit` would
replace their statistics, of a million photos, by those of a few, in any trainable layer.

Source: Howard and Ruder, arXiv:1801.06146, for lower rates in earlier layers; Wortsman et al., arXiv:2109.01903, for
weights between the old and the new.
"""

from collections.abc import Sequence

from tllib import backbones, datasets
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.reader import Batches
from tllib.progress import progress
from tllib.suggest import other_classes
from tllib.transfer.classifier import Classifier
from tllib.transfer.features import even_size

import keras
import numpy as np

BATCH = 16  # photos a step
PATIENCE = 3  # epochs without a better validation loss after which it stops
RATES = {"head": 1.0, "last block": 0.3, "before": 0.1}  # fractions of the learning rate


def fine_tune(classifier: Classifier, train: datasets.PhotoSet, validation: datasets.PhotoSet | None = None, *,
              layers: str = "all", epochs: int = 8, learning_rate: float = 1e-4,
              augment: Augmentation | None = datasets.random_crop_flip,
              callbacks: Sequence[keras.callbacks.Callback] = (), seed: int = 0,
              ) -> tuple[Classifier, dict[str, list[float]]]:
    """Adapt the network itself, after its head, and keep the best weights; Ctrl-C or Stop ends it early.

    Args:
        classifier: from `assemble`, its head trained. It is changed, and returned.
        train: photos to learn from.
        validation: photos to choose the best epoch by; the classifier as it came counts too, so it never gets worse on
            them, and it stops after three epochs without a lower loss. Without validation, the weights become
            old + n / (n + 10) (new - old), for n photos a class: few photos can't tell whether they helped.
        layers: "last block" (quicker) or "all".
        epochs: passes over `train`, at most.
        learning_rate: of Adam for the head, at the start; the last block gets 0.3 of it, what lies before 0.1. It falls
            along half a cosine. `find_learning_rate` helps to choose.
        augment: (batch of pixels, random generator) -> pixels, both 0 to 255; None shows the photos as they are.
        callbacks: Keras callbacks that `fit` is given as well, to watch or to stop: `keras.callbacks.CSVLogger`, say.
        seed: for the order of the photos and their augmentation; in one session, the same seed takes the same steps.

    Returns:
        The classifier, and its history: "loss" and "accuracy", with a `validation` also "val_loss" and "val_accuracy",
        one value per epoch.

    Raises:
        ValueError: other classes, or unknown `layers`.
    """
    for photos in (train, validation):
        if photos is not None and photos.class_names != classifier.class_names:
            raise other_classes("The classifier", classifier.class_names, photos.class_names)
    model, start = classifier.model, classifier.model.get_weights()
    batches, devices = training_batches(model, train, augment, seed), backbones.device_count(model)
    unfreeze(model, classifier.backbone, layers,
             keras.optimizers.schedules.CosineDecay(learning_rate, len(batches) * epochs))
    watch = _Epochs(batches, epochs)
    judged, stop, watching = None, None, [watch, *callbacks]
    if validation is not None:
        judged = Batches(validation, batches.size, even_size(len(validation), BATCH, devices), fill=devices > 1)
        before = model.evaluate(judged, verbose=0, return_dict=True)["loss"]
        stop = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, mode="min", baseline=before,
                                             restore_best_weights=True)
        watching = [stop, *watching]
    try:
        with watch.bar:
            model.fit(batches, validation_data=judged, epochs=epochs, shuffle=False, verbose=0, callbacks=watching)
    except KeyboardInterrupt:
        print(f"Stopped after {len(watch.history)} epochs; this is the best until then.")
    history = {name: [logs[name] for logs in watch.history] for name in
               ("loss", "accuracy", *(("val_loss", "val_accuracy") if stop else ()))}
    if validation is None:
        step = len(train) / (len(train) + 10 * len(train.class_names))
        best = [old + step * (new - old) for old, new in zip(start, watch.latest, strict=True)]
    else:
        best = stop.best_weights if min(history["val_loss"], default=before) < before else start
    model.set_weights(best)
    model.trainable = False
    model.compile(jit_compile=backbones.jit_compile())
    return classifier, history


def unfreeze(model: keras.Model, backbone: str, layers: str, learning_rate) -> None:
    """Make "all" layers trainable, or the "last block", BatchNorm never, and compile; see `RATES`."""
    if layers not in ("last block", "all"):
        raise ValueError(f"layers is 'last block' or 'all', got {layers!r}.")
    first = model.layers.index(model.get_layer(backbones.last_block(backbone)))
    head = model.layers.index(model.get_layer("class_logits"))
    rates, model.trainable = {}, True
    for number, layer in enumerate(model.layers):
        for part in layer._flatten_layers():
            normalises = isinstance(part, keras.layers.BatchNormalization)
            part.trainable = not normalises and (layers == "all" or number >= first)
        place = "head" if number >= head else "last block" if number >= first else "before"
        rates |= {weight.path: RATES[place] for weight in layer.trainable_variables}
    optimizer = _LayerwiseAdam(learning_rate, rates)
    if any(layer.dtype_policy.name == "mixed_float16" for layer in model.layers):  # small gradients would round to 0
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=backbones.jit_compile())
    model.optimizer.build(model.trainable_variables)


def training_batches(model: keras.Model, photos: datasets.PhotoSet, augment: Augmentation | None, seed: int) -> Batches:
    """Shuffled, augmented batches for a model, all full, so that its devices can share each."""
    size = even_size(len(photos), BATCH, backbones.device_count(model))
    return Batches(photos, backbones.input_size(model), size, shuffle=True, seed=seed, augment=augment, fill=True)


class _LayerwiseAdam(keras.optimizers.Adam):
    """Adam with a learning rate for each weight: a fraction of the common one."""

    def __init__(self, learning_rate, rates: dict[str, float]):
        super().__init__(learning_rate, name="layerwise_adam")
        self.rates, self.rate_of = rates, []

    def build(self, variables):
        super().build(variables)
        self.rate_of = [self.rates[variable.path] for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        # Engines hand over Keras's variable, their own inside it, or one device's copy of that: all have one index.
        super().update_step(gradient, variable, learning_rate * self.rate_of[self._get_variable_index(variable)])


class _Epochs(keras.callbacks.Callback):
    """Make each epoch a function of (seed, epoch): order, augmentation, dropout; note how it went."""

    def __init__(self, batches: Batches, epochs: int):
        super().__init__()
        self.batches, self.history = batches, []
        self.bar = progress(what="fine-tuning", total=len(batches) * epochs)

    def on_train_begin(self, logs=None):
        """Begin with the weights as they are."""
        self.latest = self.model.get_weights()

    def on_epoch_begin(self, epoch, logs=None):
        """Choose what is random in it."""
        self.batches.epoch = epoch
        backbones.sync(self.model)
        for number, layer in enumerate(self.model.layers):  # some families drop parts at random while they learn
            if isinstance(layer, keras.layers.Dropout) and layer.rate:
                random = np.random.default_rng([self.batches.seed, epoch, number])
                layer.seed_generator.state.assign(random.integers(2**31, size=2))

    def on_train_batch_end(self, batch, logs=None):
        """Count."""
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        """Note what came out; the weights too, for the next step may be broken off."""
        backbones.sync(self.model)
        self.history.append(dict(logs))
        self.latest = self.model.get_weights()
