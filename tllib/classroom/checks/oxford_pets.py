"""The steps of the Oxford-IIIT Pets lab -> right, or what is off."""

from collections.abc import Iterator

from tllib import backbones
from tllib.classroom.checks.checking import check, hints
from tllib.datasets import PhotoSet, load
from tllib.transfer import FeatureTable, Report

import keras
import numpy as np


@check("Step 1")
def split(train: PhotoSet, test: PhotoSet) -> Iterator[str]:
    """Two parts, by breed, the official ones."""
    given = [set(part.paths) for part in (train, test)]
    if 2 in (len(train.class_names), len(test.class_names)):
        yield "these are labelled cat or dog. The shelter asks for breeds: which argument of datasets.load says so?"
    if given[0] & given[1]:
        yield f"{len(given[0] & given[1])} photos are in both parts. Each belongs to one only."
    official = [set(load("oxford_pets", split=part, fallback="cartoon_pets").paths) for part in ("trainval", "test")]
    if given != official:
        yield "these are swapped: learn from trainval, be judged on test." if given == official[::-1] else \
            "these are not the official parts, so nobody could compare your result with theirs. See split=."


@check("Step 2")
def features(train_table: FeatureTable, test_table: FeatureTable, train: PhotoSet, test: PhotoSet) -> Iterator[str]:
    """One table for each part, a row for each photo."""
    for name, table, photos in (("train_table", train_table, train), ("test_table", test_table, test)):
        if table.paths != photos.paths:
            yield f"{name} holds {len(table)} rows that are not the photos of {name.removesuffix('_table')}."
    if train_table.x.shape[1] != test_table.x.shape[1] or train_table.backbone != test_table.backbone:
        yield "the two tables come from different backbones: the columns don't mean the same."
    if train_table.x.shape[1] == 1000:
        yield "these are the 1000 ImageNet answers. Load the backbone without its top."


@check("Step 3")
def head(model: keras.Model, train_table: FeatureTable) -> Iterator[str]:
    """A head, trained on the table."""
    if not isinstance(model, keras.Model):
        yield f"head should be the Keras model that transfer.train_head gives, it is a {type(model).__name__}."
    takes, tells = model.input_shape[-1], model.output_shape[-1]
    if (takes, tells) != (train_table.x.shape[1], len(train_table.class_names)):
        yield f"it takes {takes} features and tells {tells} classes apart. That doesn't fit the table."
    answers = keras.ops.convert_to_numpy(model(train_table.x))
    if (answers.argmax(axis=1) == train_table.y).mean() < 0.9:
        yield "it is wrong about many of the photos it was trained on. Was it trained on this table?"


@check("Step 4")
def report(report: Report, test_table: FeatureTable) -> Iterator[str]:
    """An evaluation on the photos that were held back."""
    if not isinstance(report, Report):
        yield f"report should be what transfer.evaluate gives, it is a {type(report).__name__}."
    counts = np.bincount(test_table.y, minlength=len(test_table.class_names))
    if report.class_names != test_table.class_names or not np.array_equal(report.confusion.sum(axis=1), counts):
        yield "this is not about the photos of the test part. Which photos did the head never see?"


@check("Step 5")
def worst_breeds(names: list[str], report: Report) -> Iterator[str]:
    """The three breeds that are recognised least often; ties in any order."""
    if isinstance(names, str) or len(names) != 3 or len(set(names)) != 3:
        yield "three different names are asked for, in a list."
    yield from (f"{name!r} is not a breed here." for name in names if name not in report.per_class)
    shares, ranked = sorted(report.per_class[name] for name in names), sorted(report.per_class.values())
    if shares != ranked[:3]:
        yield "these are the three it knows best." if shares == ranked[-3:] else \
            "there is a breed that it knows worse than one of these."


@check("Step 6")
def most_confused(pair: tuple[str, str], report: Report) -> Iterator[str]:
    """(truth, answer) of the most frequent mistake; any one of them, if there are several."""
    if isinstance(pair, str) or len(pair) != 2 or not all(name in report.class_names for name in pair):
        yield f"{pair} is not two breeds, (truth, answer). Rows and columns are in the order of report.class_names."
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
    kinds = np.array([species_of[name] for name in report.class_names])
    right, total = report.confusion[kinds[:, None] == kinds].sum(), report.confusion.sum()
    breeds = report.accuracy, "that is the accuracy for breeds. A beagle called a boxer is still a dog: right here."
    yield from _share(accuracy, right, total, "Which entries have the same species in row and column?", breeds)


@check("Step 8")
def siamese(scores: np.ndarray, ahead: float, table: FeatureTable, backbone: keras.Model) -> Iterator[str]:
    """What ImageNet's own row says of each photo, and how often it puts a Siamese ahead of another breed."""
    if np.shape(scores) != (len(table),):
        yield f"scores should hold a number for each of the {len(table)} photos of the test part."
    weights = backbones.load(backbone.name, top=True).layers[-1].get_weights()[0]
    row = table.x @ weights[:, backbones.class_index("Siamese cat")]
    places = [np.argsort(np.argsort(each)) for each in (scores, row)]  # a bias, or any other scale, keeps the order
    if np.corrcoef(*places)[0, 1] < 0.999:
        yield 'that is not what the weights of "Siamese cat" alone make of these features. Which column is it?'
    true = table.y == table.class_names.index("Siamese")
    pairs = np.asarray(scores)[true][:, None] > np.asarray(scores)[~true]
    yield from _share(ahead, pairs.sum(), pairs.size, "Compare each Siamese with each picture of another breed.")


@check("Step 9")
def better(report: Report, first: Report) -> Iterator[str]:
    """A second report, on the same photos, at least as good."""
    if not isinstance(report, Report):
        yield f"better should be what transfer.evaluate gives, it is a {type(report).__name__}."
    same = report.class_names == first.class_names
    if not same or not np.array_equal(report.confusion.sum(axis=1), first.confusion.sum(axis=1)):
        yield "it has to be judged on the same test photos as before."
    if report is first or report.accuracy < first.accuracy:
        yield "that is the first report once more." if report is first else \
            f"{report.accuracy:.3f} is less than the {first.accuracy:.3f} you had. Change one thing at a time."


def _share(given: float, right: int, total: int, ask: str, *known: tuple[float, str]) -> Iterator[str]:
    if not np.isscalar(given):
        yield "one number is asked for, between 0 and 1."
    if not np.isclose(given, right / total, atol=1e-4):
        yield from hints(given, *known, (1 - right / total, "that is the share it gets wrong."), (
            100 * right / total, "as a share please, between 0 and 1, not in percent."), (
            right, "that is how many. Divide by how many there are in all."))
        yield f"not yet. {ask}"
