"""A classifier with a trained head -> the same classifier, its network adapted to the photos.

The head comes first and is trained already: `train_head` did that, in seconds. Now the layers behind it are unfrozen,
early ones at a lower rate, on photos that look a little different each time. BatchNorm layers stay frozen for ever:
their statistics come from a million photos and would be ruined by a few; `fit` would update them in any trainable
layer, whatever `training=False` was recorded.

Source: Howard and Ruder, arXiv:1801.06146, for lower rates in earlier layers; Wortsman et al., arXiv:2109.01903, for
weights between the old and the new; Smith, arXiv:1506.01186, for the rate finder.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tllib import backbones, datasets
from tllib.files import full_disk_explained, replacing
from tllib.progress import progress
from tllib.transfer.classifier import Classifier
from tllib.transfer.features import even_size, predict

import keras
import numpy as np

BATCH = 16  # photos a step
PATIENCE = 3  # epochs without a better validation loss after which it stops
SHARES = {"head": 1.0, "last block": 0.3, "before": 0.1}  # of the learning rate

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def fine_tune(classifier: Classifier, train: datasets.PhotoSet, validation: datasets.PhotoSet | None = None, *,
              layers: str = "all", epochs: int = 8, learning_rate: float = 1e-4,
              augment: Augmentation | None = datasets.random_crop_flip, resume: str | os.PathLike | None = None,
              seed: int = 0) -> tuple[Classifier, dict[str, list[float]]]:
    """Adapt the network itself, after its head, and keep the best weights.

    Ctrl-C, or Stop in a notebook, ends it early: it returns the best weights until then.

    Args:
        classifier: from `assemble`, its head trained. It is changed, and returned.
        train: photos to learn from.
        validation: photos to choose the best epoch by; what it was before counts too, so it never gets worse on them,
            and it stops when three epochs brought nothing. Without it, the weights end between where they were and
            where the last epoch left them: n / (n + 10) of the way for n photos a class. Few photos can't tell whether
            they taught the network something or led it astray; half a step is seldom worse than none.
        layers: "last block" (quicker) or "all".
        epochs: at most so many passes over `train`.
        learning_rate: of Adam for the head, at the start; the last block gets 0.3 of it, what lies before 0.1. It falls
            along half a cosine. `find_learning_rate` helps to choose.
        augment: (batch of pixels, random generator) -> pixels, both 0 to 255; None shows the photos as they are.
        resume: a folder to keep the state in, after every epoch. Interrupted (killed, a restart of the kernel), the
            same call goes on after the last whole epoch and ends with the same weights; at the end the folder is
            removed.
        seed: of order and augmentation; the same seed takes the same steps.

    Returns:
        The classifier, and its history: "loss" and "accuracy", with a `validation` also "val_loss" and "val_accuracy",
        one value an epoch.

    Raises:
        ValueError: other classes, unknown `layers`, or a `resume` folder that belongs to another run.
    """
    for photos in (train, validation):
        if photos is not None and photos.class_names != classifier.class_names:
            raise ValueError(f"The classifier knows {classifier.class_names}, the photos are of {photos.class_names}.")
    steps = len(_AugmentedBatches(classifier.model, train, augment, [seed, 0]))
    _prepare(classifier, layers, keras.optimizers.schedules.CosineDecay(learning_rate, steps * epochs))
    task = [layers, epochs, learning_rate, seed, *(
        [[str(path) for path in photos.paths], photos.labels.tolist()] for photos in (train, validation) if photos)]
    run = _Run(classifier.model, None if resume is None else Path(resume), task)
    if validation is not None and not run.history:
        run.history = {f"start_{name}": [value] for name, value in _judge(classifier.model, validation).items()}
    with progress(what="fine-tuning", total=steps * epochs, done=steps * run.epochs_done) as bar:
        count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
        try:
            for epoch in range(run.epochs_done, epochs):
                if run.without_progress >= PATIENCE:
                    break
                batches = _AugmentedBatches(classifier.model, train, augment, [seed, epoch])
                found = classifier.model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0,
                                             callbacks=[count]).history
                news = {"loss": found["loss"][0], "accuracy": found["accuracy"][0]}
                run.end_epoch(news | (_judge(classifier.model, validation) if validation is not None else {}))
                bar.set_postfix({short: f"{run.history[name][-1]:.3f}" for short, name in
                                 (("acc", "accuracy"), ("val", "val_accuracy")) if name in run.history}, refresh=False)
            run.forget()
        except KeyboardInterrupt:
            print(f"Stopped after {run.epochs_done} of {epochs} epochs; this is the best until then." +
                  (f" The same call goes on from {run.folder}." if run.folder else ""))
    if validation is None:
        share = len(train) / (len(train) + 10 * len(train.class_names))
        run.best = [old + share * (new - old) for old, new in zip(run.start, run.best, strict=True)]
    classifier.model.set_weights(run.best)
    _freeze(classifier.model)
    return classifier, {name: values for name, values in run.history.items() if not name.startswith("start_")}


@dataclass(frozen=True)
class RateSearch:
    """What `find_learning_rate` found.

    Attributes:
        rates: learning rates tried, rising.
        losses: loss of the step taken at each, smoothed.
        suggestion: a tenth of the highest rate at which the loss was no worse than it had been in the first ten.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float


def find_learning_rate(classifier: Classifier, train: datasets.PhotoSet, *, layers: str = "all", lowest: float = 1e-6,
                       highest: float = 1.0, steps: int = 60, augment: Augmentation | None = datasets.random_crop_flip,
                       seed: int = 0) -> RateSearch:
    """Take a few steps of `fine_tune`, each at a higher rate, and see when the loss stops falling and explodes.

    It works on a copy: the classifier, its weights and its optimizer are as they were, even if it breaks off.

    Args:
        classifier: from `assemble`, its head trained.
        train: photos to learn from.
        layers: "last block" or "all", as for `fine_tune`.
        lowest: rate of the first step.
        highest: rate of the last step; it ends earlier, once the loss is worse by 1 than in the first ten steps.
        steps: of 16 photos each.
        augment: as for `fine_tune`.
        seed: of order and augmentation.

    Raises:
        ValueError: rates out of order, fewer than 2 steps, unknown `layers`.
    """
    if not 0 < lowest < highest or steps < 2:
        raise ValueError(f"Expected 0 < lowest < highest and 2 steps or more, got {lowest}, {highest} and {steps}.")
    model = keras.models.clone_model(classifier.model)
    model.set_weights(classifier.model.get_weights())
    copy = Classifier(model, classifier.class_names, classifier.backbone)
    growth = (highest / lowest) ** (1 / (steps - 1))
    _prepare(copy, layers, keras.optimizers.schedules.ExponentialDecay(lowest, 1, growth))
    epoch, totals = 0, [0.0]
    losses: list[float] = []

    def note(batch, logs):  # Keras tells the mean over the epoch so far
        totals.append(logs["loss"] * (batch + 1))
        losses.append(totals[-1] - totals[-2])
        bar.update()
        model.stop_training = len(losses) == steps or not _smooth(losses)[-1] < np.median(losses[:10]) + 1

    watch = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    with progress(what="learning rates, at most", total=steps) as bar:
        while not model.stop_training and len(losses) < steps:
            totals = [0.0]
            batches = _AugmentedBatches(model, train, augment, [seed, epoch])
            model.fit(batches, shuffle=False, verbose=0, callbacks=[watch])
            epoch += 1
    rates, smooth = lowest * growth ** np.arange(len(losses)), _smooth(losses)
    harmless = np.flatnonzero(smooth <= smooth[:10].max())
    return RateSearch(rates, smooth, float(rates[harmless[-1]] / 10))


def _smooth(losses: list[float], memory: float = 0.8) -> np.ndarray:
    """Average that forgets: each step counts `memory` times as much as the next."""
    weights = memory ** np.arange(len(losses))[::-1]
    return np.array([np.dot(weights[-n:], losses[:n]) / weights[-n:].sum() for n in range(1, len(losses) + 1)])


def _prepare(classifier: Classifier, layers: str, learning_rate) -> None:
    """Make layers trainable, BatchNorm never, and compile."""
    if layers not in ("last block", "all"):
        raise ValueError(f"layers is 'last block' or 'all', got {layers!r}.")
    model = classifier.model
    first = model.layers.index(model.get_layer(backbones.last_block(classifier.backbone)))
    head = model.layers.index(model.get_layer("class_logits"))
    shares, model.trainable = {}, True
    for number, layer in enumerate(model.layers):
        for part in layer._flatten_layers():
            normalises = isinstance(part, keras.layers.BatchNormalization)
            part.trainable = not normalises and (layers == "all" or number >= first)
        place = "head" if number >= head else "last block" if number >= first else "before"
        shares |= {weight.path: SHARES[place] for weight in layer.trainable_variables}
    optimizer = _LayerwiseAdam(learning_rate, shares)
    if any(layer.dtype_policy.name == "mixed_float16" for layer in model.layers):  # small gradients would round to 0
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=backbones.jit_compile())
    model.optimizer.build(model.trainable_variables)


def _freeze(model: keras.Model) -> None:
    model.trainable = False
    model.compile(jit_compile=backbones.jit_compile())


def _judge(model: keras.Model, validation: datasets.PhotoSet) -> dict[str, float]:
    found, truth = predict(model, validation), validation.labels
    losses = -np.log(np.maximum(found[np.arange(len(truth)), truth], 1e-7))
    return {"val_loss": float(losses.mean()), "val_accuracy": float((found.argmax(axis=1) == truth).mean())}


class _LayerwiseAdam(keras.optimizers.Adam):
    """Adam with its own share of the learning rate for each weight."""

    def __init__(self, learning_rate, shares: dict[str, float]):
        super().__init__(learning_rate, name="layerwise_adam")
        self.shares, self.share_of = shares, []

    def build(self, variables):
        super().build(variables)
        self.share_of = [self.shares[variable.path] for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        # Engines hand over Keras's variable, their own inside it, or one device's copy of that: all have one index.
        super().update_step(gradient, variable, learning_rate * self.share_of[self._get_variable_index(variable)])


class _AugmentedBatches(datasets.Batches):
    """One epoch, in random order, augmented: a function of the key, (seed, epoch), alone. Every batch is full."""

    def __init__(self, model: keras.Model, photos: datasets.PhotoSet, augment: Augmentation | None, key: list[int]):
        for number, layer in enumerate(model.layers):  # some families drop parts at random while they learn
            if isinstance(layer, keras.layers.Dropout) and layer.rate:
                layer.seed_generator.state.assign(np.random.default_rng([*key, number]).integers(2**31, size=2))
        size = even_size(len(photos), BATCH, backbones.device_count(model))
        super().__init__(photos, model.input_shape[1], size, fill=True)
        self.order = np.random.default_rng(key).permutation(len(photos))
        self.ahead, self.key, self.augmentation = {}, key, augment

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        pixels, labels = super().__getitem__(number)
        if self.augmentation:
            pixels = self.augmentation(pixels, np.random.default_rng([*self.key, number]))
        return pixels, labels


class _Run:
    """The best weights so far, the history, and, in a folder, all that it takes to go on after a break."""

    def __init__(self, model: keras.Model, folder: Path | None, task: list):
        self.model, self.folder = model, folder
        self.variables = [*model.weights, *model.optimizer.variables]
        self.history: dict[str, list[float]] = {}
        self.start = self.best = model.get_weights()
        shapes = [list(map(int, variable.shape)) for variable in self.variables]
        self.task = hashlib.sha256(json.dumps([task, shapes]).encode()).hexdigest()
        if folder is not None and (folder / "state.npz").is_file():
            self._restore(folder / "state.npz")

    @property
    def epochs_done(self) -> int:
        """How many epochs are over."""
        return len(self.history.get("loss", []))

    @property
    def without_progress(self) -> int:
        """Epochs since the lowest validation loss, the classifier as it came being epoch 0; 0 without validation."""
        losses = self.history.get("start_val_loss", []) + self.history.get("val_loss", [])
        return len(losses) - 1 - int(np.argmin(losses)) if losses else 0

    def end_epoch(self, news: dict[str, float]) -> None:
        """Note what came out, keep the weights if they are the best, save."""
        for name, value in news.items():
            self.history.setdefault(name, []).append(float(value))
        if not self.without_progress:
            self.best = self.model.get_weights()
        if self.folder is None:
            return
        arrays = {f"now{number}": keras.ops.convert_to_numpy(value) for number, value in enumerate(self.variables)}
        arrays |= {f"best{number}": value for number, value in enumerate(self.best)}
        arrays |= {f"start{number}": value for number, value in enumerate(self.start)}
        self.folder.mkdir(parents=True, exist_ok=True)
        with full_disk_explained(self.folder), replacing(self.folder / "state.npz") as temporary:
            np.savez(temporary, about=json.dumps({"task": self.task, "history": self.history}), **arrays)

    def forget(self) -> None:
        """Remove the state, for the run is over, and its folder if nothing else is in it."""
        if self.folder is not None:
            (self.folder / "state.npz").unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    def _restore(self, state: Path) -> None:
        try:
            with open(state, "rb") as file, np.load(file, allow_pickle=False) as stored:
                about = json.loads(str(stored["about"]))
                if about["task"] != self.task:
                    raise ValueError("it is of a run with other photos or settings")
                for number, variable in enumerate(self.variables):
                    variable.assign(stored[f"now{number}"])
                self.start, self.best = ([stored[f"{kind}{number}"] for number in range(len(self.best))]
                                         for kind in ("start", "best"))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"Can't go on from {state}: {error}. Remove {state.parent} to begin anew, or choose "
                             "another folder.") from error
        self.history = about["history"]
