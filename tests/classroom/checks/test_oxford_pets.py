import dataclasses
import json
import re
from pathlib import Path

from tests.classroom.checks.saying import says
from tllib import backbones, datasets, images, transfer
from tllib.classroom.checks import oxford_pets as lab

import keras
import numpy as np
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
NAMES = ("Siamese", "Persian", "beagle", "boxer")
SPECIES = {"Siamese": "Cat", "Persian": "Cat", "beagle": "Dog", "boxer": "Dog"}
CONFUSION = np.array([[5, 3, 0, 0], [1, 6, 1, 0], [0, 0, 4, 4], [0, 0, 2, 6]])
REPORT = transfer.Report(21 / 32, dict(zip(NAMES, CONFUSION.diagonal() / 8, strict=True)), CONFUSION, (), NAMES)


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # the photos that ship, whatever lies on this machine
        patch.setenv("TLLIB_DATA", str(tmp_path_factory.mktemp("no data")))
        yield


@pytest.fixture(scope="module")
def parts():
    train, test = (datasets.load("oxford_pets", split=part, fallback="pets") for part in ("trainval", "test"))
    return train, five_of_each(train), test


def five_of_each(train, first=0):
    return train.take(np.concatenate([np.flatnonzero(train.labels == breed)[first:first + 5] for breed in range(37)]))


@pytest.fixture(scope="module")
def backbone():
    return backbones.load("efficientnet_lite0")


@pytest.fixture(scope="module")
def solved(parts, backbone):
    few_table, test_table = (transfer.extract_features(backbone, part) for part in parts[1:])
    head = transfer.train_head(few_table)
    return few_table, test_table, head, transfer.evaluate(head, test_table)


def code_of(name):
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_solution_fills_in_every_step_of_the_lab_and_nothing_is_given_there_alone():
    steps, solved = (re.findall(r"^lab\..*$", "\n".join(code_of(name)), re.M)
                     for name in ("lab_oxford_pets", "lab_oxford_pets_solution"))
    checks = [name for name in vars(lab) if hasattr(getattr(lab, name), "__wrapped__")]
    assert steps == solved and sorted(re.findall(r"lab\.(\w+)", " ".join(steps))) == sorted(checks)
    dots = re.findall(r"^(\w+) = \.\.\.$", "\n".join(code_of("lab_oxford_pets")), re.M)
    filled = "\n".join(code_of("lab_oxford_pets_solution"))
    assert dots and all(re.search(rf"^{name}\b.* = (?!\.\.\.)|^\w.*, {name}\b.* = ", filled, re.M) for name in dots)


def test_step_1(capsys, parts):
    train, _, test = parts
    again = datasets.load("oxford_pets", split="test", labels="breed", fallback="pets")
    assert "right." in says(capsys, lab.split, train, test) and "right." in says(capsys, lab.split, train, again)
    whole = datasets.load("oxford_pets", fallback="pets")
    species = [datasets.load("oxford_pets", split=part, labels="species", fallback="pets")
               for part in ("trainval", "test")]
    for wrong, hint in (((..., ...), "dots"), ((test, train), "swapped"), ((whole, test), "in both parts"),
                        (species, "breeds"), ((train, species[1]), "breeds"), ((3, "x"), "can't be checked"),
                        (whole.split(seed=5), "not the official"), ((train.subset(100), test), "not the official")):
        assert hint in says(capsys, lab.split, *wrong)


def test_step_2(capsys, parts):
    train, few, test = parts
    rows = np.random.default_rng(0).permutation(len(train))
    others = [row for breed in range(37) for row in rows[train.labels[rows] == breed][:5]]
    for right in (few, train.take(np.random.default_rng(1).permutation(others))):
        assert "right." in says(capsys, lab.five_each, right, train)
    twice = few.take(np.r_[0, np.arange(len(few) - 1)])
    moved = dataclasses.replace(few, labels=np.roll(few.labels, 5))
    for wrong, hint in ((..., "dots"), (five_of_each(test), "are not in train"), (twice, "twice"),
                        (moved, "no longer belong"), (train, "five of each breed"), (5, "can't be checked"),
                        (train.subset(5 * 37), "five of each breed"), (few.take(np.arange(100)), "five of each")):
        assert hint in says(capsys, lab.five_each, wrong, train)


def pixels(part, size=224):
    return np.stack([part.read(row, size=size) for row in range(len(part))])


def squeezed(part):
    """Another sound way to read: Keras's own, which keeps what is at the edges and changes the proportions."""
    return np.stack([keras.utils.img_to_array(keras.utils.load_img(path, target_size=(224, 224)))
                     for path in part.paths])


def test_step_3_features(capsys, parts, backbone, solved):
    few, test = (part.take([0, 50, len(part) - 1]) for part in parts[1:])
    one, two = (np.asarray(table.x)[[0, 50, len(table) - 1]] for table in solved[:2])
    by_hand = [backbone.predict(pixels(part), verbose=0) for part in (few, test)]
    otherwise = [backbone.predict(squeezed(part), verbose=0) for part in (few, test)]
    for right in ((one, two), by_hand, otherwise, (one.tolist(), keras.ops.convert_to_tensor(two))):
        assert "right." in says(capsys, lab.arrays, *right, few, test, backbone)
    divided = [backbone.predict(pixels(part) / 255, verbose=0) for part in (few, test)]
    logits = np.ones((3, 1000))
    for wrong, hint in (((..., two), "dots"), ((one[:2], two), "with 3 rows"), ((one, two[0]), "with 3 rows"),
                        ((logits, logits), "top"), ((one[:, :9], two), "9 columns"), (divided, "0 to 255"),
                        ((one[::-1], two), "order"), ((one, one), "order"), ((one * np.nan, two), "NaN"),
                        ((None, two), "(photos, features)")):
        assert hint in says(capsys, lab.arrays, *wrong, few, test, backbone)


def test_step_3_answers(capsys, parts, solved):
    _, few, test = parts
    few_table, test_table, head, report = solved
    given = head.predict(test_table.x, verbose=0)
    answers = given.argmax(axis=1)
    model = keras.Sequential([keras.layers.Input((1280,)), keras.layers.Dense(37)])
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(np.asarray(few_table.x), few.labels, epochs=30, verbose=0)
    own = model.predict(np.asarray(test_table.x), verbose=0).argmax(axis=1)
    for right in ((answers, report.accuracy), (own, np.mean(own == test.labels)),
                  (answers.tolist(), np.float32(report.accuracy)),
                  (np.array(test.class_names)[answers], report.accuracy)):
        assert "right." in says(capsys, lab.by_hand, *right, test)
    poor = np.where(np.arange(len(test)) % 2, answers, 0)
    for wrong, hint in (((..., 0.8), "dots"), ((given, report.accuracy), "argmax"),
                        ((answers[:9], 0.8), "one breed for"), ((answers, 1 - report.accuracy), "gets wrong"),
                        ((answers, 0.5), "equal to test.labels"), ((answers, 100 * report.accuracy), "percent"),
                        ((answers, answers == test.labels), "one number"),
                        ((test.labels, 1.0), "not from test.labels"), ((None, 0.8), "one breed for each"),
                        ((poor, np.mean(poor == test.labels)), "not well")):
        assert hint in says(capsys, lab.by_hand, *wrong, test)


def test_step_4(capsys, parts):
    test, p = parts[2], 0.8
    one_each = np.random.default_rng(0).permutation(np.arange(len(test)) < p * len(test))
    for right in (np.sqrt(p * (1 - p) / 166), one_each.std() / np.sqrt(166), one_each.std() / 165**0.5, 0.031):
        assert "right." in says(capsys, lab.standard_error, right, p, test)
    for wrong, hint in ((..., "dots"), (p * (1 - p) / 166, "variance"), (np.sqrt(p * (1 - p)), "single answer"),
                        (np.sqrt(p * (1 - p)) / 166, "root of n"), (np.sqrt(p * (1 - p) / 185), "were judged"),
                        (3.1, "percent"), (0.2, "a mean of n"), (None, "one number"), ([0.031], "one number")):
        assert hint in says(capsys, lab.standard_error, wrong, p, test)


def test_step_5_tables(capsys, parts, solved):
    _, few, test = parts
    one, two = solved[:2]
    narrow = dataclasses.replace(two, x=two.x[:, :99])
    assert "right." in says(capsys, lab.features, one, two, few, test)
    assert "right." in says(capsys, lab.features, dataclasses.replace(one, x=one.x[:, :99]), narrow, few, test)
    for wrong, hint in (((two, one), "not the photos of few"), ((one, one), "not the photos of test"),
                        ((one, ...), "dots"), ((one.x, two.x), "Got: memmap"),
                        ((one, narrow), "different backbones"),
                        ([dataclasses.replace(t, x=t.x[:, :1000]) for t in (one, two)], "top")):
        assert hint in says(capsys, lab.features, *wrong, few, test)


def test_step_5_head(capsys, solved):
    table, _, head, _ = solved
    assert "right." in says(capsys, lab.head, head, table)
    assert "right." in says(capsys, lab.head, transfer.train_head(table, weight_decay=0.02), table)
    shuffled = dataclasses.replace(table, y=np.roll(table.y, 35))
    two_classes = dataclasses.replace(table, y=table.y % 2, class_names=("a", "b"))
    narrow = dataclasses.replace(table, x=table.x[:, :9])
    for wrong, hint in ((..., "dots"), (table, "Keras model"),
                        (transfer.train_head(shuffled), "wrong about many"),
                        (transfer.train_head(two_classes), "tells 2 classes apart"),
                        (transfer.train_head(narrow), "takes 9 features")):
        assert hint in says(capsys, lab.head, wrong, table)


def test_steps_5_and_12_reports(capsys, solved):
    table, other, head, report = solved
    assert report.accuracy >= 0.77, "five photos of each breed: 0.82"
    assert "right." in says(capsys, lab.report, report, other)
    for wrong, hint in ((..., "dots"), (transfer.evaluate(head, table), "not about the photos of the test part"),
                        (report.accuracy, "transfer.evaluate"), (head, "transfer.evaluate")):
        assert hint in says(capsys, lab.report, wrong, other)
    same = dataclasses.replace(report)
    assert "right." in says(capsys, lab.better, same, report)
    assert "right." in says(capsys, lab.better, dataclasses.replace(report, accuracy=1.0), report)
    for wrong, hint in ((..., "dots"), (report, "once more"), (0.99, "transfer.evaluate"),
                        (transfer.evaluate(head, table), "same test photos"),
                        (dataclasses.replace(report, accuracy=0.1), "is less than")):
        assert hint in says(capsys, lab.better, wrong, report)


def test_step_6(capsys):
    assert "right." in says(capsys, lab.worst_breeds, ["beagle", "Siamese", "Persian"], REPORT)
    assert "right." in says(capsys, lab.worst_breeds, ("boxer", "Siamese", "beagle"), REPORT), "a tie: 6 of 8 twice"
    for wrong, hint in ((..., "dots"), ("beagle", "in a list"), (["beagle", "boxer"], "three"),
                        (["beagle", "beagle", "boxer"], "three different"),
                        (["beagle", "boxer", "pug"], "'pug' is not"),
                        (["Siamese", "Persian", "boxer"], "three it knows best"), (None, "can't be checked")):
        assert hint in says(capsys, lab.worst_breeds, wrong, REPORT)


def test_step_7(capsys):
    assert "right." in says(capsys, lab.most_confused, ("beagle", "boxer"), REPORT)
    assert "right." in says(capsys, lab.most_confused, ["beagle", "boxer"], REPORT)
    for wrong, hint in ((..., "dots"), (("boxer", "beagle"), "other way round"), (("beagle", "beagle"), "no mistake"),
                        (("Siamese", "Persian"), "was made 3 times"), ((2, 3), "not two breeds"),
                        ("beagle", "not two breeds"), (("beagle",), "not two breeds")):
        assert hint in says(capsys, lab.most_confused, wrong, REPORT)


def test_step_8(capsys):
    assert "right." in says(capsys, lab.species, 31 / 32, REPORT, SPECIES)
    assert "right." in says(capsys, lab.species, np.float32(0.96875), REPORT, SPECIES)
    for wrong, hint in ((..., "dots"), (21 / 32, "accuracy for breeds"), (1 / 32, "it gets wrong"), (96.875, "percent"),
                        (31, "Divide"), (0.5, "row and column"), ([31 / 32], "one number"), (None, "one number")):
        assert hint in says(capsys, lab.species, wrong, REPORT, SPECIES)


def test_step_9(capsys, backbone, solved):
    table, network = solved[1], backbones.load("efficientnet_lite0", top=True)
    weights, bias = network.layers[-1].get_weights()
    column, true = backbones.class_index("Siamese cat"), table.y == table.class_names.index("Siamese")
    row = table.x @ weights[:, column]
    pairs = [one > other for one in row[true] for other in row[~true]]
    ahead = sum(pairs) / len(pairs)
    for right in ((row, ahead), (row + bias[column], np.float32(ahead)), ((row / 9).tolist(), ahead)):
        assert "right." in says(capsys, lab.siamese, *right, table, backbone)
    every = table.x @ weights + bias
    logits = network.predict(images.load(table.paths[0], size=224)[None], verbose=0)
    assert np.allclose(every[:1], logits, atol=0.01), "a column is the network's own say"
    for wrong, hint in (((..., ahead), "dots"), ((every, ahead), "a number for each of the 166"),
                        ((row[true], ahead), "a number for each of the 166"), ((-row, 1 - ahead), "Which column"),
                        ((every[:, column - 1], ahead), "Which column"), ((row, 1 - ahead), "it gets wrong"),
                        ((every[:, column] - np.log(np.exp(every).sum(axis=1)), ahead), "alone"),
                        ((solved[2].predict(table.x, verbose=0)[:, 6], 1.0), "alone"),
                        ((row, 100 * ahead), "percent"), ((row, sum(pairs)), "Divide"), ((row, pairs), "one number"),
                        ((row, 0.5), "each Siamese"), ((None, ahead), "a number for each")):
        assert hint in says(capsys, lab.siamese, *wrong, table, backbone)
    for answers in ((row, 0.5), (row, 1 - ahead)):
        assert f"{ahead:.3f}" not in says(capsys, lab.siamese, *answers, table, backbone)


def test_step_10(capsys, solved):
    table = dataclasses.replace(solved[0], x=solved[0].x[:60], y=solved[0].y[:60], paths=solved[0].paths[:60])
    x = np.asarray(table.x)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = unit @ unit.T
    ranked = sorted(((cosines[i, j], i, j) for i in range(60) for j in range(i)), reverse=True)
    best = [(i, j) for _, i, j in ranked[:6]]
    by_argsort = np.argsort(np.triu(cosines, 1).ravel())[-6:]
    for right in (best, [(j, i) for i, j in best], np.array(best), np.stack(np.unravel_index(by_argsort, (60, 60)), 1)):
        assert "right." in says(capsys, lab.same_animal, right, table)
    for wrong, hint in ((..., "dots"), (best[:5], "six pairs"), ([(3, 3), *best[:5]], "similar to itself"),
                        ([best[0], best[0][::-1], *best[1:5]], "same pair"), (np.transpose(best), "(6, 2)"),
                        ([*best[:5], ranked[40][1:]], "more alike"), ([*best[:5], (0, 60)], "from 0 to 59"),
                        (np.array(best) + 0.5, "whole"), (None, "six pairs")):
        assert hint in says(capsys, lab.same_animal, wrong, table)


def test_step_11(capsys):
    random = np.random.default_rng(0)
    confidence = random.uniform(size=200)
    right = random.uniform(size=200) < 0.5 + confidence / 2
    grid = np.arange(0, 1, 0.01)
    safe = [one for one in grid if right[confidence >= one].mean() >= 0.95]
    exact = min(one for one in confidence if right[confidence >= one].mean() >= 0.95)
    for answer in (safe[0], exact, np.float32(safe[0]), min(exact, safe[0])):
        assert "right." in says(capsys, lab.threshold, answer, confidence, right)
    for wrong, hint in ((..., "dots"), (0.1, "Too few"), (0.99, "A lower one"), (1.0, "no answer is that"),
                        (95, "between 0 and 1"), (None, "one number"), (confidence, "one number")):
        assert hint in says(capsys, lab.threshold, wrong, confidence, right)
    assert str(exact)[:4] not in says(capsys, lab.threshold, 0.99, confidence, right)


def test_hints_never_give_the_answer_away(capsys):
    lab.worst_breeds(["Siamese", "Persian", "boxer"], REPORT)
    lab.most_confused(("boxer", "Siamese"), REPORT)
    lab.species(0.5, REPORT, SPECIES)
    shown = capsys.readouterr().out
    assert not any(answer in shown for answer in ("beagle", "0.96", "31"))
