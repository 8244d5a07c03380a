import dataclasses

from tests.classroom.checks.saying import says
from tllib import backbones, datasets, images, transfer
from tllib.classroom.checks import oxford_pets as lab

import numpy as np
import pytest

NAMES = ("Siamese", "Tuxedo", "beagle", "boxer")
SPECIES = {"Siamese": "Cat", "Tuxedo": "Cat", "beagle": "Dog", "boxer": "Dog"}
CONFUSION = np.array([[5, 3, 0, 0], [1, 6, 1, 0], [0, 0, 4, 4], [0, 0, 2, 6]])
REPORT = transfer.Report(21 / 32, dict(zip(NAMES, CONFUSION.diagonal() / 8, strict=True)), CONFUSION, (), NAMES)


@pytest.fixture(scope="module", autouse=True)
def drawn(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # the built-in pictures, whatever lies on this machine
        patch.setenv("TLLIB_DATA", str(tmp_path_factory.mktemp("no data")))
        yield


@pytest.fixture(scope="module")
def solved():
    train, test = (datasets.load("oxford_pets", split=part, fallback="cartoon_pets") for part in ("trainval", "test"))
    backbone = backbones.load("efficientnet_lite0")
    train_table, test_table = (transfer.extract_features(backbone, part) for part in (train, test))
    head = transfer.train_head(train_table)
    return train, test, train_table, test_table, head, transfer.evaluate(head, test_table)


def test_step_1(capsys, solved):
    train, test = solved[:2]
    again = datasets.load("oxford_pets", split="test", labels="breed", fallback="cartoon_pets")
    assert "right." in says(capsys, lab.split, train, test) and "right." in says(capsys, lab.split, train, again)
    whole = datasets.load("oxford_pets", fallback="cartoon_pets")
    species = [datasets.load("oxford_pets", split=part, labels="species", fallback="cartoon_pets")
               for part in ("trainval", "test")]
    for wrong, hint in (((..., ...), "dots"), ((test, train), "swapped"), ((whole, test), "in both parts"),
                        (species, "breeds"), ((train, species[1]), "breeds"), ((3, "x"), "can't be checked"),
                        (whole.split(seed=5), "not the official"), ((train.subset(100), test), "not the official")):
        assert hint in says(capsys, lab.split, *wrong)


def test_step_2(capsys, solved):
    train, test, one, two, *_ = solved
    narrow = dataclasses.replace(two, x=two.x[:, :99])
    assert "right." in says(capsys, lab.features, one, two, train, test)
    assert "right." in says(capsys, lab.features, dataclasses.replace(one, x=one.x[:, :99]), narrow, train, test)
    for wrong, hint in (((two, one), "not the photos of train"), ((one, one), "not the photos of test"),
                        ((one, ...), "dots"), ((one.x, two.x), "Got: memmap"),
                        ((one, narrow), "different backbones"),
                        ([dataclasses.replace(t, x=t.x[:, :1000]) for t in (one, two)], "top")):
        assert hint in says(capsys, lab.features, *wrong, train, test)


def test_step_3(capsys, solved):
    _, _, table, _, head, _ = solved
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


def test_step_4_and_9(capsys, solved):
    _, _, table, other, head, report = solved
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


def test_step_5(capsys):
    assert "right." in says(capsys, lab.worst_breeds, ["beagle", "Siamese", "Tuxedo"], REPORT)
    assert "right." in says(capsys, lab.worst_breeds, ("boxer", "Siamese", "beagle"), REPORT), "a tie: 6 of 8 twice"
    for wrong, hint in ((..., "dots"), ("beagle", "in a list"), (["beagle", "boxer"], "three"),
                        (["beagle", "beagle", "boxer"], "three different"),
                        (["beagle", "boxer", "pug"], "'pug' is not"),
                        (["Siamese", "Tuxedo", "boxer"], "three it knows best"), (None, "can't be checked")):
        assert hint in says(capsys, lab.worst_breeds, wrong, REPORT)


def test_step_6(capsys):
    assert "right." in says(capsys, lab.most_confused, ("beagle", "boxer"), REPORT)
    assert "right." in says(capsys, lab.most_confused, ["beagle", "boxer"], REPORT)
    for wrong, hint in ((..., "dots"), (("boxer", "beagle"), "other way round"), (("beagle", "beagle"), "no mistake"),
                        (("Siamese", "Tuxedo"), "was made 3 times"), ((2, 3), "not two breeds"),
                        ("beagle", "not two breeds"), (("beagle",), "not two breeds")):
        assert hint in says(capsys, lab.most_confused, wrong, REPORT)


def test_step_7(capsys):
    assert "right." in says(capsys, lab.species, 31 / 32, REPORT, SPECIES)
    assert "right." in says(capsys, lab.species, np.float32(0.96875), REPORT, SPECIES)
    for wrong, hint in ((..., "dots"), (21 / 32, "accuracy for breeds"), (1 / 32, "it gets wrong"), (96.875, "percent"),
                        (31, "Divide"), (0.5, "row and column"), ([31 / 32], "one number"), (None, "one number")):
        assert hint in says(capsys, lab.species, wrong, REPORT, SPECIES)


def test_step_8(capsys, solved):
    table = solved[3]
    backbone, network = (backbones.load("efficientnet_lite0", top=top) for top in (False, True))
    weights, bias = network.layers[-1].get_weights()
    column, true = backbones.class_index("Siamese cat"), table.y == table.class_names.index("Siamese")
    row = table.x @ weights[:, column]
    pairs = [one > other for one in row[true] for other in row[~true]]
    ahead = sum(pairs) / len(pairs)
    for right in ((row, ahead), (row + bias[column], np.float32(ahead)), ((row / 9).tolist(), ahead),
                  (1 / (1 + np.exp(-row - bias[column])), ahead)):
        assert "right." in says(capsys, lab.siamese, *right, table, backbone)
    every = table.x @ weights + bias
    logits = network.predict(images.fit_batch(images.load(table.paths[0]), 224), verbose=0)
    assert np.allclose(every[:1], logits, atol=0.01), "a column is the network's own say"
    for wrong, hint in (((..., ahead), "dots"), ((every, ahead), "a number for each of the 80"),
                        ((row[true], ahead), "a number for each of the 80"), ((-row, 1 - ahead), "Which column"),
                        ((every[:, column - 1], ahead), "Which column"), ((row, 1 - ahead), "it gets wrong"),
                        ((every[:, column] - np.log(np.exp(every).sum(axis=1)), ahead), "alone"),
                        ((solved[4].predict(table.x, verbose=0)[:, 6], 1.0), "alone"),
                        ((row, 100 * ahead), "percent"), ((row, sum(pairs)), "Divide"), ((row, pairs), "one number"),
                        ((row, 0.5), "each Siamese"), ((None, ahead), "a number for each")):
        assert hint in says(capsys, lab.siamese, *wrong, table, backbone)
    for answers in ((row, 0.5), (row, 1 - ahead)):
        assert f"{ahead:.2f}" not in says(capsys, lab.siamese, *answers, table, backbone)


def test_hints_never_give_the_answer_away(capsys):
    lab.worst_breeds(["Siamese", "Tuxedo", "boxer"], REPORT)
    lab.most_confused(("boxer", "Siamese"), REPORT)
    lab.species(0.5, REPORT, SPECIES)
    shown = capsys.readouterr().out
    assert not any(answer in shown for answer in ("beagle", "0.96", "31"))
