"""Three hundred wrong calls of public functions, seeded: each is refused by tllib itself, in a sentence or two.

A table gives each function a right call, and to each argument the values that are wrong for it. An argument that is not
in the table, or has no wrong values there, may be anything, or is left to Python.
"""

import traceback
from dataclasses import replace

from tllib import backbones, datasets, images, show, synthesis, transfer, widgets
from tllib.classroom import quiz, tricks

import keras
import numpy as np
import pytest
from keras import layers

CALLS = 300
LONGEST = 700  # letters of a message

NO_NUMBER = [None, "3", [3], (1, 2), {}, object(), 1j, float("nan"), float("inf"), np.array([1, 2])]
COUNT = [*NO_NUMBER, 0, -1, 2.5, True]
SEED = [*NO_NUMBER, -1, 0.5]
POSITIVE = [*NO_NUMBER, 0, -1]
FROM_0 = [*NO_NUMBER, -1]  # numbers from 0 on
FRACTION = [*FROM_0, 1.5]
NAME = [None, 5.5, "nonsense", "", ["zebra"], {}, object(), b"zebra"]
CLASS = [*NAME, -1, 1000]
NAMES = [None, 5, "zebra", {}, object(), [None], [["zebra"]]]
KNOWN_NAMES = [*NAMES, ["nonsense"]]
PATH = [None, 5, [], {}, object(), np.zeros(3)]
OBJECT = [None, 5, "nonsense", [], (), {}, object(), np.zeros((2, 2)), keras.Model]  # where tllib's own is expected
LIST = [5, "nonsense", object(), [None], [5], ["nonsense"]]  # … a list of tllib's own
MAPPING = [None, 5, "nonsense", ["a"], object()]
JUDGES = [*MAPPING, {"a": None}, {"a": 5}, {"a": "nonsense"}]
FUNCTION = [5, "nonsense", [], object()]


PHOTO = np.random.default_rng(0).integers(60, 200, (40, 40, 3)).astype("uint8")
GREY, BROKEN = PHOTO[..., 0], np.where(PHOTO.max() == PHOTO, np.nan, PHOTO)
NO_LEVELS = [None, "photo.jpg", {}, object(), np.zeros((0, 4, 3)), BROKEN, PHOTO / 255.0, PHOTO.astype("uint16"),
             PHOTO.astype(complex), PHOTO.astype(str), PHOTO.astype(object), PHOTO > 128, [PHOTO, None]]
NOT_SHOWN = [*NO_LEVELS, 5, GREY, PHOTO[..., :2], PHOTO[None, None], np.dstack([PHOTO, GREY]),
             np.moveaxis(PHOTO, -1, 0), [PHOTO, GREY[:9]]]
PICTURE = [*NOT_SHOWN, [], np.full((40, 40, 3), -1), np.full((40, 40, 3), 256)]


def networks_that_are_none():
    """What does not take one square RGB picture, or gives no logits."""
    pixels, grey, row = keras.Input((32, 32, 3)), keras.Input((32, 32, 1)), keras.Input((5,))
    flat = layers.Flatten()(pixels)
    return [None, 5, "mobilenet_025", [], {}, object(), np.zeros(3), layers.Dense(2), keras.Model,
            keras.Sequential([layers.Dense(2)]), keras.Model([pixels, row], layers.Concatenate()([flat, row])),
            keras.Model(grey, layers.Dense(2)(layers.Flatten()(grey))), keras.Model(row, layers.Dense(2)(row))]


def maps_for_logits():
    pixels = keras.Input((32, 32, 3))
    return keras.Model(pixels, layers.Conv2D(2, 3)(pixels))


NETWORK = networks_that_are_none()
WITH_TOP = [*NETWORK, maps_for_logits()]


def but(pool, *right):
    """The pool without what is right for an argument after all."""
    return [value for value in pool if not any(value is each for each in right)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name in ("cat", "dog"):
        for number in range(4):
            images.save(folder / name / f"{number}.png", random.integers(0, 256, (40, 40, 3)))
    return datasets.load(folder)


@pytest.fixture(scope="module")
def table(photos, tmp_path_factory):
    """Of each function: the arguments of a right call, each with the values that are wrong for it."""
    folder = tmp_path_factory.mktemp("files")
    photo = images.load(photos.paths[0])
    pixels = keras.Input((32, 32, 3))
    mean = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="maps")(pixels))
    network = keras.Model(pixels, layers.Dense(1000)(mean))
    network.class_names = backbones.class_names()
    backbone = backbones.load("mobilenet_025", weights=None)
    features = transfer.extract_features(backbone, photos, cache=False)
    head = transfer.train_head(features)
    own = transfer.assemble(backbone, head)
    report = transfer.evaluate(own, photos)
    target = "zebra" if backbones.top_k(network, photo, k=1)[0][0][0] != "zebra" else "lion"
    fooled = synthesis.adversarial_image(network, photo, steps=1)
    aimed = synthesis.adversarial_image(network, photo, target=target, steps=1)
    recipe = replace(synthesis.FOURIER, steps=1)
    history = {"loss": [1, 0.5], "accuracy": [0, 1]}
    points, labels = tricks.spirals(20)
    small = tricks.network(depth=1, width=4)
    search = transfer.RateSearch(np.array([1e-3, 1e-2]), np.array([1.0, 2.0]), 1e-4)
    attack = {"network": (network, WITH_TOP), "target": (target, but(CLASS, None)), "source": (None, but(CLASS, None)),
              "epsilon": (1, but(COUNT, None)), "steps": (1, but(COUNT, None)), "also": ((), LIST),
              "seed": (0, SEED)}
    drawing = {"recipe": (recipe, OBJECT), "start": (photo, but(PICTURE, None)), "size": (32, but(COUNT, None)),
               "seed": (0, SEED)}
    tuning = {"classifier": (own, OBJECT), "train": (photos, OBJECT), "layers": ("last block", NAME),
              "augment": (None, FUNCTION), "seed": (0, SEED)}
    return [
        (backbones.class_index, {"name": ("zebra", CLASS)}),
        (backbones.compare, {"wanted": (["mobilenet_025"], but(KNOWN_NAMES, None)), "measure": (False, ()),
                             "batch_size": (1, COUNT)}),
        (backbones.describe, {"name": ("mobilenet_025", NAME)}),
        (backbones.first_trainable_layer, {"name": ("mobilenet_025", NAME)}),
        (backbones.last_conv_layer, {"name": ("mobilenet_025", NAME)}),
        (backbones.input_size, {"network": (network, NETWORK)}),
        (backbones.logits_of, {"network": (network, WITH_TOP)}),
        (backbones.load, {"name": ("mobilenet_025", NAME), "weights": (None, [5, "nonsense", [], {}, object()]),
                          "precision": (None, but(NAME, None)), "seed": (0, SEED)}),
        (backbones.top_k, {"network": (network, WITH_TOP), "images": (photo, PICTURE), "k": (1, COUNT)}),
        (backbones.predict_proba, {"network": (network, WITH_TOP), "images": (photo, PICTURE)}),
        (backbones.predict_proba, {"network": (network, WITH_TOP), "images": (photo, PICTURE)}),
        (datasets.load, {"name": (photos.paths[0].parents[1], NAME), "root": (None, but(PATH, None)),
                         "white": (None, but(POSITIVE, None))}),
        (datasets.batches, {"photos": (photos, OBJECT), "size": (32, COUNT), "batch_size": (2, COUNT),
                            "seed": (0, SEED), "augment": (None, FUNCTION)}),
        (datasets.near_duplicates, {"first": (photos, OBJECT), "second": (photos, OBJECT), "bits": (6, SEED)}),
        (datasets.random_crop_flip, {"images": (photo[None], [None, 5, "photo.jpg", {}, [], photo, GREY]),
                                     "crop": (0.4, [*FRACTION, 1]),
                                     "random": (np.random.default_rng(0), [None, 5, "nonsense", object()])}),
        (photos.subset, {"n": (4, COUNT), "seed": (0, SEED)}),
        (photos.split, {"test": (0.5, [*FRACTION, 0, 1]), "seed": (0, SEED)}),
        (images.as_jpeg, {"image": (photo, PICTURE), "quality": (75, [*COUNT, 96])}),
        (images.check, {"images": (photo, PICTURE)}),
        (images.crop_resize, {"image": (photo, PICTURE), "size": (16, COUNT)}),
        (images.crop_resize_batch, {"images": (photo, PICTURE), "size": (16, COUNT)}),
        (images.load, {"photo": (photos.paths[0], [*PATH, "", "nonsense", b"nonsense", photo]),
                       "size": (None, but(COUNT, None)), "white": (None, but(POSITIVE, None))}),
        (images.save, {"path": (folder / "a.png", [*PATH, "a.jpg"]), "image": (photo, PICTURE)}),
        (images.save_animation, {"path": (folder / "a.gif", [*PATH, "a.png"]), "frames": ([photo, photo], PICTURE),
                                 "frames_per_second": (12, [*POSITIVE, 51])}),
        (images.to_uint8, {"images": (photo, [*NO_LEVELS, []])}),
        (own.predict, {"images": (photo, PICTURE)}),
        (own.save, {"path": (folder / "a.keras", [*PATH, "a.h5"])}),
        (transfer.load_classifier, {"path": (own.save(folder / "own.keras"), [*PATH, "", "nonsense", folder])}),
        (transfer.activations, {"model": (network, NETWORK), "image": (photo, PICTURE),
                                "layers": (["maps"], KNOWN_NAMES)}),
        (transfer.assemble, {"backbone": (backbone, NETWORK), "head": (head, OBJECT),
                             "class_names": (None, [5, "nonsense", {}, object(), [1, 2], ["cat"]])}),
        (transfer.evaluate, {"model": (own, OBJECT), "test": (photos, OBJECT)}),
        (transfer.extract_features, {"backbone": (backbone, WITH_TOP), "photos": (photos, OBJECT),
                                     "batch_size": (8, COUNT), "cache": (False, ())}),
        (transfer.train_head, {"table": (features, OBJECT), "weight_decay": (0.01, FROM_0)}),
        (transfer.grad_cam, {"classifier": (own, OBJECT), "image": (photo, PICTURE),
                             "class_name": ("cat", but(CLASS, None))}),
        (transfer.fine_tune, {**tuning, "validation": (None, but(OBJECT, None)), "epochs": (1, COUNT),
                              "learning_rate": (1e-6, FROM_0), "callbacks": ((), LIST)}),
        (transfer.find_learning_rate, {**tuning, "lowest": (1e-3, POSITIVE), "highest": (1e6, POSITIVE),
                                       "steps": (16, COUNT)}),
        (transfer.FeatureTable, {"x": (features.x, [np.zeros(3), features.x[1:], features.x * np.nan]),
                                 "y": (features.y, [np.zeros((2, 2)), features.y + 9, features.y - 9]),
                                 "paths": ((), [["a"]]), "class_names": (("cat", "dog"), [(), ("cat",)])}),
        (synthesis.adversarial_image, {**attack, "photo": (photo, PICTURE)}),
        (synthesis.adversarial_images, {**attack, "photos": ([photo], PICTURE)}),
        (synthesis.ideal_image, {"networks": (network, WITH_TOP), "target": ("zebra", CLASS), **drawing}),
        (synthesis.ideal_images, {"networks": ([network], WITH_TOP), "targets": (["zebra"], KNOWN_NAMES), **drawing}),
        (synthesis.draw, {"networks": (network, WITH_TOP), "targets": (["zebra"], KNOWN_NAMES), **drawing}),
        (synthesis.results, {"networks": (network, WITH_TOP), "targets": (["zebra"], KNOWN_NAMES),
                             "drawing": (next(synthesis.draw(network, ["zebra"], recipe=recipe)), OBJECT)}),
        (synthesis.layer_image, {"network": (network, NETWORK), "layer": ("maps", NAME),
                                 "channel": (0, [*but(SEED, None), 4]), **drawing}),
        (synthesis.Recipe, {"parametrization": ("fourier", NAME), "total_variation": (1, FROM_0),
                            "colour": (1, FRACTION), "logsumexp_weight": (1, FRACTION), "crop": (0, FRACTION),
                            "noise": (0, FROM_0), "solo": (0, FRACTION), "steps": (1, COUNT),
                            "learning_rate": (1, POSITIVE)}),
        (synthesis.total_variation, {"images": (photo[None].astype("float32"), [])}),
        (synthesis.second_opinion, {"network": (network, WITH_TOP), "image": (photo, PICTURE),
                                    "target": ("zebra", CLASS)}),
        (synthesis.second_opinions, {"judges": ({"one": network}, JUDGES), "results": ([aimed], [*LIST, [], fooled])}),
        (synthesis.robustness, {"network": (network, WITH_TOP), "results": ([fooled], [*LIST, [], fooled]),
                              "also": (None, but(JUDGES, None)), "distortions": (synthesis.DISTORTIONS[:1], LIST)}),
        (show.images, {"pictures": ([photo], NOT_SHOWN),
                       "titles": (["a"], NAMES), "columns": (4, COUNT), "inches": (2, POSITIVE)}),
        (show.heat_maps, {"pictures": ([photo], NOT_SHOWN), "titles": ((), NAMES),
                          "maps": ([np.ones((40, 40))], [None, 5, "nonsense", object(), [], [np.zeros(3)],
                                                         [np.full((40, 40), 2)], [None]])}),
        (show.photos, {"photo_set": (photos, OBJECT), "n": (2, COUNT), "seed": (0, SEED)}),
        (show.history, {"terms": (fooled.history, MAPPING)}),
        (show.curves, {"history": (history, MAPPING)}),
        (show.lines, {"panels": ({"loss": {"one": [1, 2]}}, MAPPING), "x": ([1, 2], ()), "xlabel": ("epoch", ())}),
        (show.bars, {"scores": ({"one": {"cats": 0.5}}, [*MAPPING, {}]), "line": (None, ())}),
        (show.feature_maps, {"activations": ({"maps": np.ones((4, 4, 2))}, MAPPING),
                             "channels": (2, COUNT)}),
        (show.learning_rates, {"search": (search, OBJECT)}),
        (show.confusion, {"report": (report, OBJECT)}),
        (show.mistakes, {"report": (report, OBJECT), "n": (1, COUNT)}),
        (show.guesses, {"picture": (photo, NOT_SHOWN), "answers": ([("zebra", 0.5)], [None, *LIST[:3]])}),
        (show.regions, {"models": ({"one": small}, MAPPING), "points": (points, ()), "labels": (labels, ())}),
        (show.flow, {"places": ({"one": (0, 0), "two": (1, 0)}, MAPPING), "arrows": ([("one", "two")], ())}),
        (widgets.adversarial_explorer, {"network": (network, WITH_TOP), "photo": (photo, PICTURE),
                                        "target": (target, but(CLASS, None)), "judges": (None, but(JUDGES, None)),
                                        "epsilon": (1, [*COUNT, 3])}),
        (widgets.LiveView, {"drawings": ([], [None, 5, object()])}),
        (widgets.class_picker, {"network": (None, but(NETWORK, None)), "value": ("zebra", CLASS),
                                "steps": (1, COUNT), "seed": (0, SEED)}),
        (widgets.mistakes_browser, {"report": (report, OBJECT), "file": (folder / "a.json", PATH)}),
        (widgets.try_photo, {"classifier": (own, OBJECT), "photo": (photo, but(PICTURE, None))}),
        (quiz, {"name": ("before", NAME)}),
        (tricks.spirals, {"n": (20, COUNT), "turns": (1.5, FROM_0), "noise": (0.1, FROM_0), "flipped": (0, FRACTION),
                          "seed": (0, SEED)}),
        (tricks.network, {"depth": (1, COUNT), "width": (4, COUNT), "dropout": (0, [*FRACTION, 1]), "seed": (0, SEED)}),
        (tricks.train, {"model": (small, OBJECT), "learn": ((points, labels), ()),
                        "check": ((points, labels), ()), "steps": (1, COUNT),
                        "batch": (5, COUNT), "every": (1, COUNT), "seed": (0, SEED)}),
        (tricks.measure, {"model": (small, OBJECT), "data": ((points, labels), ())}),
        (tricks.activation_spread, {"model": (small, OBJECT), "points": (points, [None, 5, "nonsense", []])}),
        (tricks.gradient_norms, {"model": (small, OBJECT), "data": ((points, labels), ())}),
    ]


def complaint(function, arguments):
    """Call, and say what is wrong with how the call was refused; None if nothing is."""
    try:
        answer = function(**arguments)
    except (ValueError, TypeError, FileNotFoundError) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        if "tllib" not in place.filename or not place.line.startswith("raise "):
            return f"raised at {place.filename}:{place.lineno}: {error}"
        if not 0 < len(str(error)) < LONGEST:
            return f"a message of {len(str(error))} letters: {error}"
        return None
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return f"was accepted: {type(answer).__name__}"


@pytest.mark.filterwarnings("ignore")
def test_no_nonsense_is_taken_for_sense(table):
    wrong = []
    for function, arguments in table:
        right = {name: value for name, (value, _) in arguments.items()}
        function(**right)
        for name, (_, pool) in arguments.items():
            wrong += [(function, right, name, value) for value in pool]
    chosen = np.random.default_rng(0).permutation(len(wrong))[:CALLS]
    complaints = []
    for function, right, name, value in (wrong[number] for number in chosen):
        if found := complaint(function, {**right, name: value}):
            shown = " ".join(repr(value).split())[:60]
            complaints.append(f"{function.__module__}.{function.__qualname__}({name}={shown}) {found[:200]}")
    assert not complaints, "\n".join([f"{len(complaints)} of {len(chosen)}:", *sorted(complaints)])
