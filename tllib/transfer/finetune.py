"""A classifier with a trained head -> the same classifier, its network adapted to the photos.

The head comes first and is trained already: `train_head` did that, in seconds. Now the layers behind it are unfrozen,
early ones at a lower rate, on randomly cropped and mirrored photos. BatchNorm layers stay frozen for ever: `fit` would
replace their statistics, of a million photos, by those of a few, in any trainable layer.

Source: Howard and Ruder, arXiv:1801.06146, for lower rates in earlier layers; Wortsman et al., arXiv:2109.01903, for
weights between the old and the new.
"""

from collections.abc import Callable, Sequence

from tllib import backbones, datasets
from tllib.backbones import engine
from tllib.checking import check_count, check_kind, check_list, check_number
from tllib.datasets.augmentation import Augmentation
from tllib.datasets.reader import Batches
from tllib.progress import progress
from tllib.transfer.classifier import Classifier, first_layer_of_head
from tllib.transfer.features import even_size
from tllib.transfer.provenance import check_same_classes

import keras
import numpy as np

CROSSENTROPY = "sparse_categorical_crossentropy"
BATCH = 16  # photos a step
BLOWN = 1.0  # nats by which a loss that rises tells that the learning rate is too high
PATIENCE = 3  # epochs without a better validation loss after which it stops
RATES = {"head": 1.0, "last block": 0.3, "before": 0.1}  # fractions of the learning rate


def fine_tune(classifier: Classifier, train: datasets.PhotoSet, validation: datasets.PhotoSet | None = None, *,
              layers: str = "all", epochs: int = 8, learning_rate: float = 1e-4, balanced: bool = False,
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
        balanced: let each class count the same in the loss, training and validation, however many photos of it are in
            `train`; for a head that was trained so. By default each photo counts the same.
        augment: (batch of pixels, random generator) -> pixels, both 0 to 255; None shows the photos as they are.
        callbacks: Keras callbacks that `fit` is given as well, to watch or to stop: `keras.callbacks.CSVLogger`, say.
        seed: for the order of the photos and their augmentation; in one session, the same seed takes the same steps.

    Returns:
        The classifier, and its history: "loss" and "accuracy", with a `validation` also "val_loss" and "val_accuracy",
        one value per epoch.

    Raises:
        ValueError: other classes, unknown `layers`, a learning rate or epochs out of range, or training that blew
            up before any epoch was better: the loss is not a number, or worse by 1 than at the first step. Whatever
            the error, the classifier is as it came.
        TypeError: no Classifier, no PhotoSet, or an `augment` that is no function.
    """
    check_tuning(classifier, train, augment, seed)
    check_count("epochs", epochs)
    check_number("learning_rate", learning_rate, least=0)
    check_list("callbacks", callbacks, keras.callbacks.Callback)
    if validation is not None:
        check_kind("validation", validation, datasets.PhotoSet, "datasets.load(name).split() gives two.")
    for photos in (train, validation):
        if photos is not None:
            check_same_classes("The classifier", classifier.class_names, "the photos", photos.class_names)
    model = classifier.model
    best = start = model.get_weights()
    batches = training_batches(model, train, augment, seed)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, len(batches) * epochs)
    watch = _Epochs(batches, epochs)
    try:
        unfreeze(model, classifier.backbone, layers, schedule, balanced_loss(train) if balanced else CROSSENTROPY)
        if validation is None:
            _fit(model, batches, None, epochs, watch, callbacks)
            best = _towards(start, watch, train)
        else:
            judged = _validation_batches(model, validation)
            stop = _early_stopping(model, judged)
            _fit(model, batches, judged, epochs, watch, [stop, *callbacks])
            best = _best(start, watch, stop)
    finally:
        model.set_weights(best)
        model.trainable = False
        model.compile()
    names = ("loss", "accuracy") if validation is None else ("loss", "accuracy", "val_loss", "val_accuracy")
    return classifier, {name: [logs[name] for logs in watch.history] for name in names}


def check_tuning(classifier: Classifier, train: datasets.PhotoSet, augment: Augmentation | None, seed: int) -> None:
    """Refuse what training can't begin with.

    Raises:
        TypeError, ValueError: as for `fine_tune`.
    """
    check_kind("classifier", classifier, Classifier, "transfer.assemble and load_classifier give one.")
    check_kind("train", train, datasets.PhotoSet, "datasets.load(name) gives one.")
    check_count("seed", seed, least=0)
    if augment is not None:
        check_kind("augment", augment, Callable, "Give a function (pixels, random) -> pixels.")


def _fit(model: keras.Model, batches: Batches, judged: Batches | None, epochs: int, watch: "_Epochs",
         callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Train until the end, or Ctrl-C or Stop."""
    try:
        with watch.bar:
            model.fit(batches, validation_data=judged, epochs=epochs, shuffle=False, verbose=0,
                      callbacks=[watch, *callbacks])
    except KeyboardInterrupt:
        print(f"Stopped after {len(watch.history)} epochs; this is the best until then.")


def _validation_batches(model: keras.Model, photos: datasets.PhotoSet) -> Batches:
    devices = engine.device_count(model)
    return Batches(photos, model.input_shape[1], even_size(len(photos), BATCH, devices), fill=devices > 1)


def _early_stopping(model: keras.Model, judged: Batches) -> keras.callbacks.EarlyStopping:
    """Stop when epochs no longer get better than the model as it is now, and keep the best weights."""
    before = model.evaluate(judged, verbose=0, return_dict=True)["loss"]
    return keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, mode="min", baseline=before,
                                         restore_best_weights=True)


def _towards(start: list[np.ndarray], watch: "_Epochs", train: datasets.PhotoSet) -> list[np.ndarray]:
    """Weights between the old and the latest, the nearer to the latest the more photos there are."""
    watch.refuse_what_blew_up()
    share = len(train) / (len(train) + 10 * len(train.class_names))
    return [old + share * (new - old) for old, new in zip(start, watch.latest, strict=True)]


def _best(start: list[np.ndarray], watch: "_Epochs", stop: keras.callbacks.EarlyStopping) -> list[np.ndarray]:
    """Weights of the epoch with the lowest validation loss, or those it began with, if none was better."""
    losses = [logs["val_loss"] for logs in watch.history]
    if any(loss < stop.baseline for loss in losses):
        return stop.best_weights
    watch.refuse_what_blew_up()
    return start


def balanced_loss(photos: datasets.PhotoSet) -> Callable:
    """Cross-entropy in which each class of `photos` counts the same: a photo has the weight n / (classes * count)."""
    counts = np.bincount(photos.labels, minlength=len(photos.class_names))
    weights = len(photos) / (np.count_nonzero(counts) * np.maximum(counts, 1))

    def loss(labels, probabilities):
        of_photo = keras.ops.take(keras.ops.convert_to_tensor(weights, "float32"),
                                  keras.ops.cast(keras.ops.reshape(labels, (-1,)), "int32"))
        return of_photo * keras.losses.sparse_categorical_crossentropy(labels, probabilities)

    return loss


def unfreeze(model: keras.Model, backbone: str, layers: str, learning_rate, loss: str | Callable) -> None:
    """Make "all" layers trainable, or the "last block", BatchNorm never, and compile; see `RATES`."""
    if layers not in ("last block", "all"):
        raise ValueError(f"layers is 'last block' or 'all', got {layers!r}.")
    first = model.layers.index(model.get_layer(backbones.first_trainable_layer(backbone)))
    head = model.layers.index(model.get_layer(first_layer_of_head(model)))
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
    model.compile(optimizer, loss, metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)


def training_batches(model: keras.Model, photos: datasets.PhotoSet, augment: Augmentation | None, seed: int) -> Batches:
    """Shuffled, augmented batches for a model, all full, so that its devices can share each."""
    size = even_size(len(photos), BATCH, engine.device_count(model))
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
        self.batches, self.history, self.first_loss = batches, [], None
        self.bar = progress(what="fine-tuning", total=len(batches) * epochs)

    def on_train_begin(self, logs=None):
        """Begin with the weights as they are."""
        self.latest = self.model.get_weights()

    def on_epoch_begin(self, epoch, logs=None):
        """Choose what is random in it."""
        self.batches.epoch = epoch
        engine.sync(self.model)
        parts = [part for layer in self.model.layers for part in layer._flatten_layers()]
        for number, layer in enumerate(parts):  # some families drop parts at random while they learn
            if isinstance(layer, keras.layers.Dropout) and layer.rate:
                random = np.random.default_rng([self.batches.seed, epoch, number])
                layer.seed_generator.state.assign(random.integers(2**31, size=2))

    def on_train_batch_end(self, batch, logs=None):
        """Count; a loss that is not a number never gets better."""
        self.bar.update()
        loss = float(logs["loss"])
        if self.first_loss is None:
            self.first_loss = loss
        if not np.isfinite(loss):
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Note what came out; the weights too, for the next step may be broken off."""
        engine.sync(self.model)
        self.history.append(dict(logs))
        self.latest = self.model.get_weights()

    def refuse_what_blew_up(self) -> None:
        """Raise a ValueError if the last loss or a weight is not a number, or the loss is far worse than the first."""
        if not self.history:  # stopped before the first epoch was over
            return
        last = self.history[-1]["loss"]
        finite = all(np.isfinite(weights).all() for weights in self.latest)
        if not finite or not last < self.first_loss + BLOWN:
            raise ValueError(f"Training blew up: the loss was {self.first_loss:.2g} at the first step, and {last:.2g} "
                             f"in epoch {len(self.history)}. The classifier is as it was; try a tenth of the learning "
                             "rate, or what find_learning_rate suggests.")
