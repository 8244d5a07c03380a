"""The steps of the Oxford-IIIT Pets lab -> right, or what is off."""

from collections.abc import Iterator

from tllib import backbones
from tllib.classroom.checks.checking import check, hints
from tllib.datasets import PhotoSet, load
from tllib.transfer import FeatureTable, Report

import keras
import numpy as np

ALIKE = 0.6  # cosine of a learner's features and the library's, at least: other ways to shrink a photo stay above it
WANTED = 0.95  # share of the confident answers that has to be right


@check("Step 1")
def split(train: PhotoSet, test: PhotoSet) -> Iterator[str]:
    """Two parts, by breed, those that everybody uses."""
    given = [set(part.paths) for part in (train, test)]
    if 2 in (len(train.class_names), len(test.class_names)):
        yield "these are labelled cat or dog. The shelter asks for breeds: which argument of datasets.load says so?"
    if given[0] & given[1]:
        yield f"{len(given[0] & given[1])} photos are in both parts. Each belongs to one only."
    official = [set(load("oxford_pets", split=part, fallback="pets").paths) for part in ("trainval", "test")]
    if given != official:
        yield "these are swapped: learn from trainval, be judged on test." if given == official[::-1] else \
            "these are not the official parts, so nobody could compare your result with theirs. See split=."


@check("Step 2")
def five_each(few: PhotoSet, train: PhotoSet) -> Iterator[str]:
    """Any five photos of each breed, all of them to learn from."""
    breed = dict(zip(train.paths, (train.class_names[label] for label in train.labels), strict=True))
    outside = [path for path in few.paths if path not in breed]
    if outside:
        yield f"{len(outside)} of these photos are not in train, such as {outside[0].name}. Take from train only."
    if len(set(few.paths)) < len(few):
        yield "a photo is in it twice: that is no fifth photo."
    if [few.class_names[label] for label in few.labels] != [breed[path] for path in few.paths]:
        yield "photos and labels no longer belong together. few = train.take(rows) takes both."
    counts = few.counts()
    name = max(counts, key=lambda name: abs(counts[name] - 5))
    if len(counts) != len(train.class_names) or counts[name] != 5:
        yield f"five of each breed are asked for; {name} has {counts[name]}."


@check("Step 3")
def arrays(features: np.ndarray, test_features: np.ndarray, few: PhotoSet, test: PhotoSet,
           backbone: keras.Model) -> Iterator[str]:
    """Features by hand, a row for each photo, of pixels as the backbone wants them."""
    for name, rows, photos in (("features", features, few), ("test_features", test_features, test)):
        if np.ndim(rows) != 2 or len(rows) != len(photos):
            yield f"{name} should be (photos, features), with {len(photos)} rows; it is {np.shape(rows)}."
        if np.shape(rows)[1] == 1000:
            yield "these are the 1000 ImageNet answers. Load the backbone without its top."
        size = backbones.input_size(backbone)
        own = backbone.predict(np.stack([photos.read(row, size=size) for row in (0, len(photos) - 1)]), verbose=0)
        ends = np.asarray(rows)[[0, -1]]
        if ends.shape != own.shape:
            yield f"{name} has {ends.shape[1]} columns; the backbone gives {own.shape[1]}."
        alike = (ends * own).sum(axis=1) / np.linalg.norm(ends, axis=1) / np.linalg.norm(own, axis=1)
        if not alike.min() >= ALIKE:
            yield (f"{name} are far from what the backbone says of these photos. Do the pixels go from 0 to 255, "
                   "and are the photos in the order of .paths?")


@check("Step 3")
def by_hand(answers: np.ndarray, accuracy: float, test: PhotoSet) -> Iterator[str]:
    """The breed that a model of the learner's own says each test photo shows, and how often it is right."""
    if np.shape(answers) == (len(test), len(test.class_names)):
        yield "these are a number for each breed. Which is largest? That is the answer (argmax)."
    if np.shape(answers) != (len(test),):
        yield f"answers should hold one breed for each of the {len(test)} photos of the test part."
    answers = np.asarray(answers)
    truth = np.array(test.class_names)[test.labels] if answers.dtype.kind == "U" else test.labels
    right = answers == truth
    yield from _share(accuracy, right.sum(), len(test), "Which share of the answers is equal to test.labels?")
    if right.all():
        yield "all are right? No network here does that. Do the answers come from the photos, not from test.labels?"
    if right.mean() < 0.65:
        yield ("that works, but not well: two in three should be right. Did the loss still fall when training ended? "
               "More epochs help, or a higher learning rate.")


@check("Step 4")
def standard_error(error: float, accuracy: float, test: PhotoSet) -> Iterator[str]:
    """How far the accuracy would typically be off, had the lot chosen other photos to judge by."""
    if not np.isscalar(error):
        yield "one number is asked for."
    spread, n = np.sqrt(accuracy * (1 - accuracy)), len(test)
    if not np.isclose(error, spread / np.sqrt(n), rtol=0.01):
        yield from hints(error, (spread**2 / n, "that is the variance. Take its square root."), (
            spread, "that is the standard deviation of a single answer, right (1) or wrong (0). Of a mean of n?"), (
            spread / n, "divide by the square root of n, or divide by n before you take the root."), (
            spread / np.sqrt(185), "n is the number of photos that were judged."), (
            100 * spread / np.sqrt(n), "as a share please, between 0 and 1, not in percent."), rtol=0.01)
        yield "not yet. The accuracy p is a mean of n zeros and ones: what is the standard error of a mean?"


@check("Step 5")
def features(few_table: FeatureTable, test_table: FeatureTable, few: PhotoSet, test: PhotoSet) -> Iterator[str]:
    """One table for each part, a row for each photo."""
    for name, table, photos in (("few_table", few_table, few), ("test_table", test_table, test)):
        if table.paths != photos.paths:
            yield f"{name} holds {len(table)} rows that are not the photos of {name.removesuffix('_table')}."
    if few_table.x.shape[1] != test_table.x.shape[1] or few_table.backbone != test_table.backbone:
        yield "the two tables come from different backbones: the columns don't mean the same."
    if few_table.x.shape[1] == 1000:
        yield "these are the 1000 ImageNet answers. Load the backbone without its top."


@check("Step 5")
def head(model: keras.Model, table: FeatureTable) -> Iterator[str]:
    """A head, trained on the table."""
    if not isinstance(model, keras.Model):
        yield f"head should be the Keras model that transfer.train_head gives, it is a {type(model).__name__}."
    takes, tells = model.input_shape[-1], model.output_shape[-1]
    if (takes, tells) != (table.x.shape[1], len(table.class_names)):
        yield f"it takes {takes} features and tells {tells} classes apart. That doesn't fit the table."
    answers = keras.ops.convert_to_numpy(model(table.x))
    if (answers.argmax(axis=1) == table.y).mean() < 0.9:
        yield "it is wrong about many of the photos it was trained on. Was it trained on this table?"


@check("Step 5")
def report(report: Report, test_table: FeatureTable) -> Iterator[str]:
    """An evaluation on the photos that were held back."""
    if not isinstance(report, Report):
        yield f"report should be what transfer.evaluate gives, it is a {type(report).__name__}."
    counts = np.bincount(test_table.y, minlength=len(test_table.class_names))
    if report.class_names != test_table.class_names or not np.array_equal(report.confusion.sum(axis=1), counts):
        yield "this is not about the photos of the test part. Which photos did the head never see?"


@check("Step 6")
def worst_breeds(names: list[str], report: Report) -> Iterator[str]:
    """The three breeds that are recognised least often; ties in any order."""
    if isinstance(names, str) or len(names) != 3 or len(set(names)) != 3:
        yield "three different names are asked for, in a list."
    yield from (f"{name!r} is not a breed here." for name in names if name not in report.recall)
    shares, ranked = sorted(report.recall[name] for name in names), sorted(report.recall.values())
    if shares != ranked[:3]:
        yield "these are the three it knows best." if shares == ranked[-3:] else \
            "there is a breed that it knows worse than one of these."


@check("Step 7")
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


@check("Step 8")
def species(accuracy: float, report: Report, species_of: dict[str, str]) -> Iterator[str]:
    """Share of photos whose species is right, whatever the breed."""
    kinds = np.array([species_of[name] for name in report.class_names])
    right, total = report.confusion[kinds[:, None] == kinds].sum(), report.confusion.sum()
    breeds = report.accuracy, "that is the accuracy for breeds. A beagle called a boxer is still a dog: right here."
    yield from _share(accuracy, right, total, "Which entries have the same species in row and column?", breeds)


@check("Step 9")
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


@check("Step 10")
def same_animal(pairs: list[tuple[int, int]], table: FeatureTable) -> Iterator[str]:
    """The six pairs of different photos with the most similar features, as (row, row)."""
    if np.shape(pairs) != (6, 2):
        yield f"six pairs of row numbers are asked for, so a shape of (6, 2); this has {np.shape(pairs)}."
    rows = np.sort(np.asarray(pairs), axis=1)
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(table):
        yield f"row numbers of the table are whole, from 0 to {len(table) - 1}."
    if (rows[:, 0] == rows[:, 1]).any():
        yield "a photo is most similar to itself. Leave these pairs out: the diagonal."
    if len(np.unique(rows, axis=0)) < 6:
        yield "(3, 8) and (8, 3) are the same pair. Look on one side of the diagonal only (np.triu)."
    x = np.asarray(table.x, "float64")
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cosines = (x @ x.T)[np.triu_indices(len(x), 1)]
    least = (x[rows[:, 0]] * x[rows[:, 1]]).sum(axis=1).min()
    if least < np.partition(cosines, -6)[-6] - 1e-4:
        yield "there are pairs that are more alike than one of these, by the cosine of their features."


@check("Step 11")
def threshold(threshold: float, confidence: np.ndarray, right: np.ndarray) -> Iterator[str]:
    """The lowest confidence from which on 19 of 20 answers are right."""
    if not np.isscalar(threshold) or not 0 <= threshold <= 1:
        yield "one number is asked for, a probability between 0 and 1."
    kept = confidence >= threshold
    if not kept.any():
        yield "no answer is that confident: all would go to a human."
    if right[kept].mean() < WANTED:
        yield f"from {threshold:.3f} on, {right[kept].mean():.3f} of the answers are right. Too few."
    shares = np.cumsum(right[np.argsort(-confidence)]) / np.arange(1, len(right) + 1)  # of the most confident ones
    most = 1 + np.flatnonzero(shares >= WANTED).max()
    if kept.sum() < most - 0.02 * len(confidence):
        yield f"safe, but {len(kept) - kept.sum()} of {len(kept)} photos go to a human. A lower one would do, too."


@check("Step 12")
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
