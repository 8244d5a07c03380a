"""The steps of the Oxford-IIIT Pets lab -> right, or what is off."""

from collections.abc import Iterator

from tllib import datasets
from tllib.classroom.checks.checking import check, hints
from tllib.transfer import FeatureTable, Report

import keras
import numpy as np


@check("Step 1")
def split(train: datasets.PhotoSet, test: datasets.PhotoSet) -> Iterator[str]:
    """Two parts, by breed, the official ones."""
    if not isinstance(train, datasets.PhotoSet) or not isinstance(test, datasets.PhotoSet):
        yield "train and test should both be what datasets.load gives."
    if len(train.class_names) == 2:
        yield "these are labelled cat or dog. The shelter asks for breeds: which argument of datasets.load says so?"
    if set(train.paths) & set(test.paths):
        yield f"{len(set(train.paths) & set(test.paths))} photos are in both parts. Each belongs to one only."
    if train.class_names != test.class_names:
        yield "the two parts have different classes."
    official = [datasets.load("oxford_pets", split=part, fallback="cartoon_pets") for part in ("trainval", "test")]
    if set(train.paths) == set(official[1].paths):
        yield "these are swapped: learn from trainval, be judged on test."
    if [set(part.paths) for part in (train, test)] != [set(part.paths) for part in official]:
        yield "these are not the official parts, so nobody could compare your result with theirs. See split=."


@check("Step 2")
def features(train_table: FeatureTable, test_table: FeatureTable, train: datasets.PhotoSet,
             test: datasets.PhotoSet) -> Iterator[str]:
    """One table for each part, a row for each photo."""
    for name, table, photos in (("train_table", train_table, train), ("test_table", test_table, test)):
        if not isinstance(table, FeatureTable):
            yield f"{name} should be what transfer.extract_features gives, it is a {type(table).__name__}."
        if table.paths != photos.paths:
            yield f"{name} holds {len(table)} rows that are not the photos of {name.removesuffix('_table')}."
    if train_table.x.shape[1] != test_table.x.shape[1]:
        yield "the two tables come from different backbones: the columns don't mean the same."
    if train_table.x.shape[1] == 1000:
        yield "these are the 1000 ImageNet answers. Load the backbone without its top."


@check("Step 3")
def head(model: keras.Model, train_table: FeatureTable) -> Iterator[str]:
    """A head, trained on the table."""
    if not isinstance(model, keras.Model):
        yield f"head should be the Keras model that transfer.train_head gives, it is a {type(model).__name__}."
    if model.input_shape[-1] != train_table.x.shape[1]:
        yield f"it takes {model.input_shape[-1]} features, the table has {train_table.x.shape[1]}."
    if model.output_shape[-1] != len(train_table.class_names):
        yield f"it tells {model.output_shape[-1]} classes apart, there are {len(train_table.class_names)} breeds."
    answers = keras.ops.convert_to_numpy(model(train_table.x))
    if (answers.argmax(axis=1) == train_table.y).mean() < 0.9:
        yield "it is wrong about many of the photos it was trained on. Was it trained on this table?"


@check("Step 4")
def report(report: Report, test_table: FeatureTable) -> Iterator[str]:
    """An evaluation on the photos that were held back."""
    if not isinstance(report, Report):
        yield f"report should be what transfer.evaluate gives, it is a {type(report).__name__}."
    counts = np.bincount(test_table.y, minlength=len(test_table.class_names))
    if not np.array_equal(report.confusion.sum(axis=1), counts):
        yield "this is not about the photos of the test part. Which photos did the head never see?"


@check("Step 5")
def worst_breeds(names: list[str], report: Report) -> Iterator[str]:
    """The three breeds that are recognised least often; ties in any order."""
    if isinstance(names, str) or len(names) != 3 or len(set(names)) != 3:
        yield "three different names are asked for, in a list."
    unknown = [name for name in names if name not in report.per_class]
    if unknown:
        yield f"{unknown[0]!r} is not a breed here."
    shares = sorted(report.per_class[name] for name in names)
    lowest = sorted(report.per_class.values())[:3]
    if shares == sorted(report.per_class.values())[-3:] and shares != lowest:
        yield "these are the three it knows best."
    if shares != lowest:
        yield "there is a breed that it knows worse than one of these."


@check("Step 6")
def most_confused(pair: tuple[str, str], report: Report) -> Iterator[str]:
    """(truth, answer) of the most frequent mistake; any one of them, if there are several."""
    if isinstance(pair, str) or len(pair) != 2:
        yield "two names are asked for: (truth, answer)."
    if not all(name in report.class_names for name in pair):
        yield f"{pair} are not two breeds. Rows and columns of report.confusion are in the order of report.class_names."
    truth, answer = (report.class_names.index(name) for name in pair)
    if truth == answer:
        yield "that is no mistake: the diagonal holds what it got right. Leave it out."
    mistakes = report.confusion * (1 - np.eye(len(report.class_names), dtype=int))
    if mistakes[truth, answer] != mistakes.max():
        swapped = mistakes[answer, truth] == mistakes.max()
        yield "the other way round: rows are the truth, columns the answer." if swapped else \
            f"that mistake was made {mistakes[truth, answer]} times; another one was made more often."


@check("Step 7")
def species(accuracy: float, report: Report, species_of: dict[str, str]) -> Iterator[str]:
    """Share of photos whose species is right, whatever the breed."""
    if not np.isscalar(accuracy):
        yield "one number is asked for, between 0 and 1."
    same = np.array([[species_of[one] == species_of[other] for other in report.class_names]
                     for one in report.class_names])
    expected = report.confusion[same].sum() / report.confusion.sum()
    if not np.isclose(accuracy, expected, atol=1e-4):
        yield from hints(accuracy, (report.accuracy, "that is the accuracy for breeds. A beagle called a boxer is "
                                                     "still a dog: it counts as right here."),
                         (1 - expected, "that is the share it gets wrong."),
                         (100 * expected, "as a share please, between 0 and 1, not in percent."),
                         (report.confusion[same].sum(), "that is a number of photos. Divide by how many there are."))
        yield "not yet. In report.confusion, which entries are of the same species in row and column?"


@check("Step 8")
def better(report: Report, first: Report) -> Iterator[str]:
    """A second report, on the same photos, at least as good."""
    if not isinstance(report, Report):
        yield f"better should be what transfer.evaluate gives, it is a {type(report).__name__}."
    if not np.array_equal(report.confusion.sum(axis=1), first.confusion.sum(axis=1)):
        yield "it has to be judged on the same test photos as before."
    if report is first:
        yield "that is the first report once more."
    if report.accuracy < first.accuracy:
        yield f"{report.accuracy:.3f} is less than the {first.accuracy:.3f} you had. Change one thing at a time."
