"""A classifier and photos it never saw -> how often it is right, where, and its worst mistakes."""

from dataclasses import dataclass, field
from pathlib import Path

from tllib import datasets, images
from tllib.transfer.classifier import ROWS, Classifier, check_probabilities
from tllib.transfer.features import FeatureTable, predict
from tllib.transfer.provenance import check_same_backbone, check_same_classes

import keras
import numpy as np


@dataclass(frozen=True)
class Mistake:
    """One photo, its label, what the classifier said instead and how sure it was.

    Attributes:
        path: of the photo; None if it is not known, as of a table without paths.
        truth: name of its class.
        predicted: name of the class that the classifier chose.
        probability: of that class, 0 to 1.
        row: number of the photo in what was given to `evaluate`. Defaults to None, not known.
        white: the value that is white in it if it has more than 8 bits, as of `PhotoSet`.
    """

    path: Path | None
    truth: str
    predicted: str
    probability: float
    row: int | None = None
    white: float | None = None

    def read(self, *, size: int | None = None) -> np.ndarray:
        """Pixels of the photo, uint8 `(h, w, 3)`, or `(size, size, 3)` of its middle square; see `images.load`."""
        return images.load(self.path, size=size, white=self.white)


@dataclass(frozen=True)
class Report:
    """How a classifier did.

    Attributes:
        accuracy: share of photos it got right, 0 to 1.
        balanced_accuracy: mean of `recall`, 0 to 1: what always naming the most frequent class can't raise.
        recall: class name -> share of that class it got right; classes without a photo are left out.
        confusion: int `(classes, classes)`; row = truth, column = prediction.
        mistakes: what it got wrong, surest first.
        class_names: name of each row and column.
    """

    accuracy: float
    recall: dict[str, float]
    confusion: np.ndarray = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)
    class_names: tuple[str, ...]

    @property
    def balanced_accuracy(self) -> float:  # noqa: D102
        return float(np.mean(list(self.recall.values())))


def evaluate(model: Classifier | keras.Model, test: datasets.PhotoSet | FeatureTable) -> Report:
    """Compare predictions with labels.

    Args:
        model: a `Classifier` for a `PhotoSet`; a head from `train_head` for a `FeatureTable`.
        test: photos, or features already extracted from them (then nothing is computed twice).

    A head that `train_head` did not make is taken to give its probabilities in the order of the table's class names.

    Raises:
        ValueError: class names, their order or the backbone of `model` and `test` differ, or the answers are NaN or no
            probabilities; TypeError: the two do not go together.
    """
    if isinstance(model, Classifier) and isinstance(test, datasets.PhotoSet):
        check_same_classes("The classifier", model.class_names, "the photos", test.class_names)
        return _report(predict(model.model, test), test.labels, test)
    if isinstance(model, keras.Model) and isinstance(test, FeatureTable):
        _check_head(model, test)
        parts = [keras.ops.convert_to_numpy(model(test.x[start:start + ROWS])) for start in range(0, len(test), ROWS)]
        return _report(np.concatenate(parts), test.y, test)
    raise TypeError("evaluate takes a Classifier and a PhotoSet, or a head and a FeatureTable; "
                    f"got {type(model).__name__} and {type(test).__name__}.")


def check_paths(report: Report) -> None:
    """Refuse a report whose mistakes are to be shown, if photos of them are not known.

    Raises:
        ValueError: the message names the rows.
    """
    rows = [str(mistake.row) for mistake in report.mistakes if mistake.path is None]
    if rows:
        more = ", …" if len(rows) > 8 else ""
        raise ValueError(f"The photos of these mistakes are not known, only their rows: {', '.join(rows[:8])}{more}. "
                         "Give evaluate a table that has the paths of its photos, or read report.mistakes.")


def _check_head(head: keras.Model, table: FeatureTable) -> None:
    """Refuse a head that was not trained for this table's features and classes."""
    check_same_classes("The head", getattr(head, "class_names", None), "the rows of the table", table.class_names)
    check_same_backbone(head, table.backbone, "this table")
    if head.output_shape[-1] != len(table.class_names):
        raise ValueError(f"The head tells {head.output_shape[-1]} classes apart, the table has "
                         f"{len(table.class_names)}.")
    if head.input_shape[-1] != table.x.shape[1]:
        raise ValueError(f"The head was trained on {head.input_shape[-1]} features, the table has "
                         f"{table.x.shape[1]} per photo.")


def _report(probabilities: np.ndarray, truth: np.ndarray, test: datasets.PhotoSet | FeatureTable) -> Report:
    check_probabilities(probabilities, "The classifier")
    class_names, paths = test.class_names, test.paths if len(test.paths) else [None] * len(truth)
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(class_names), len(class_names)), int)
    np.add.at(confusion, (truth, predicted), 1)
    totals = confusion.sum(axis=1)
    recall = {name: float(confusion[i, i] / totals[i]) for i, name in enumerate(class_names) if totals[i]}
    wrong = np.flatnonzero(predicted != truth)
    wrong = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")]
    mistakes = tuple(Mistake(paths[i], class_names[truth[i]], class_names[predicted[i]],
                             float(probabilities[i, predicted[i]]), row=int(i), white=test.white) for i in wrong)
    return Report(float((predicted == truth).mean()), recall, confusion, mistakes, tuple(class_names))
