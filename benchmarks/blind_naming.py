"""What do people see in ideal images? Draw classes by lot in several ways, let viewers name the pictures freely, score.

    python benchmarks/blind_naming.py draw build/naming --classes 24 --lot 1
    python benchmarks/blind_naming.py mark build/naming form.csv another_form.csv
    python benchmarks/blind_naming.py score build/naming

`draw` writes, for each of as many parts as there are ways, a folder of numbered pictures and a form to fill in: one
name a picture, whatever comes to mind. No viewer sees a class twice: each fills in one part. `mark` gathers filled
forms into marks.csv: 1 where the name is the class, elsewhere an empty field to fill in, without saying who drew what:
1 for an everyday name of the class, 0.5 for the right kind (a dog for a husky), 0 for anything else. `score` prints
the shares.

A folder of pictures `drawn/<way>/<class number>.png` of your own takes part as one way more. The peers come with the
extra `bench`, but for MACO: xplique asks for an older TensorFlow, so it is installed by hand, with `pip install
--no-deps xplique` and what it then misses. `--ways together alone` does without any.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tllib import backbones, images, synthesis

import keras
import numpy as np

FIELDS = ("part", "picture", "name")


def together(classes: list[int], seed: int, steps: int) -> Iterable[np.ndarray]:
    """The artists of this library in turn, by their recipe; `steps` are for the peers."""
    artists = [backbones.load(name, top=True, size=160) for name in synthesis.ARTISTS]
    return eight_at_once(artists, synthesis.TOGETHER, classes, seed)


def alone(classes: list[int], seed: int, steps: int) -> Iterable[np.ndarray]:
    """Lite0 alone, by the recipe that `ideal_images` follows unless told otherwise."""
    return eight_at_once(backbones.load("efficientnet_lite0", top=True), synthesis.FOURIER, classes, seed)


def eight_at_once(networks: keras.Model | list[keras.Model], recipe: synthesis.Recipe, classes: list[int],
                  seed: int) -> Iterator[np.ndarray]:
    """Images of classes, in order."""
    for begin in range(0, len(classes), 8):
        eight = classes[begin:begin + 8]
        drawn = synthesis.ideal_images(networks, eight, recipe=recipe, size=224, seed=seed + begin)
        yield from (each.image for each in drawn)


def one_by_one(name: str) -> Callable:
    """A peer that draws a class at a time, with Lite0."""
    def draw(classes, seed, steps):
        import drawing_peers  # the extra `bench`, only where it is asked for
        network = backbones.load("efficientnet_lite0", top=True)
        for row, number in enumerate(classes):
            yield getattr(drawing_peers, name)(network, number, steps, seed + row)
    return draw


WAYS = {"together": together, "alone": alone, "lesson": one_by_one("lesson_adam_image"),
        "tf-keras-vis": one_by_one("tf_keras_vis_image"), "maco": one_by_one("maco_image")}


def draw(folder: Path, count: int, lot: int, ways: list[str], peer_steps: int) -> None:
    """Draw what is missing, and lay the pictures out for viewers."""
    random = np.random.default_rng(lot)
    classes = [int(number) for number in random.choice(1000, count, replace=False)]
    for way in ways:
        missing = [number for number in classes if not (folder / f"drawn/{way}/{number}.png").exists()]
        for number, image in zip(missing, WAYS[way](missing, lot, peer_steps), strict=True):
            images.save(folder / f"drawn/{way}/{number}.png", image)
    everybody = sorted(path.name for path in (folder / "drawn").iterdir())
    key = {}
    for part in range(len(everybody)):
        form = [FIELDS]
        for place, row in enumerate(random.permutation(count), start=1):
            way, name = everybody[(row + part) % len(everybody)], f"{place:02d}.png"
            picture = images.load(folder / f"drawn/{way}/{classes[row]}.png", size=224)
            images.save(folder / f"part_{part + 1}" / name, picture)
            key[f"{part + 1}/{name}"] = [way, classes[row]]
            form.append((part + 1, name, ""))
        with open(folder / f"part_{part + 1}/form.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(form)
    (folder / "key.json").write_text(json.dumps(key), encoding="utf-8")
    print(f"{count} classes, {len(everybody)} ways: part_1 to part_{len(everybody)} of {folder}. Answers: key.json.")


def answers(folder: Path, forms: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    """What filled forms say: who drew a picture, its class, and the name somebody gave it."""
    key, names = json.loads((folder / "key.json").read_text(encoding="utf-8")), backbones.class_names()
    for form in forms:
        with open(form, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                way, number = key[f"{row['part']}/{row['picture']}"]
                yield way, names[number], row["name"].strip().lower()


def mark(folder: Path, forms: list[Path]) -> None:
    """Gather forms into marks.csv, names and classes in order, so that nobody can tell who drew a picture."""
    rows = sorted({(truth, name) for _, truth, name in answers(folder, forms)})
    with open(folder / "marks.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("class", "name", "mark"))
        writer.writerows((truth, name, 1 if name == truth.lower() else "") for truth, name in rows)
    (folder / "forms.json").write_text(json.dumps([str(form.resolve()) for form in forms]), encoding="utf-8")
    print(f"Fill in the empty marks in {folder / 'marks.csv'}.")


def score(folder: Path) -> None:
    """Print what share of its pictures each way had named, and how many by most of who saw them."""
    with open(folder / "marks.csv", encoding="utf-8", newline="") as file:
        marks = {(row["class"], row["name"]): float(row["mark"]) for row in csv.DictReader(file)}
    found, pictures = defaultdict(list), defaultdict(list)
    for way, truth, name in answers(folder, json.loads((folder / "forms.json").read_text(encoding="utf-8"))):
        found[way].append(marks[truth, name])
        pictures[way, truth].append(marks[truth, name])
    print(f"{'':16s}{'named':>8s}{'+-':>6s}{'by a majority':>16s}")
    for way, worth in sorted(found.items(), key=lambda item: -np.mean(item[1])):
        each = [values for (who, _), values in pictures.items() if who == way]
        error = np.std([np.mean(values) for values in each], ddof=1) / len(each) ** 0.5
        most = sum(np.mean(np.array(values) >= 1) > 0.5 for values in each)
        print(f"{way:16s}{np.mean(worth):8.2f}{error:6.2f}{most:9d} of {len(each)}")
    print("+-: standard error of the mean over classes.")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("draw", "mark", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("forms", type=Path, nargs="*")
    parser.add_argument("--classes", type=int, default=24)
    parser.add_argument("--lot", type=int, default=1)
    parser.add_argument("--peer-steps", type=int, default=256)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    wanted = parser.parse_args()
    if wanted.what == "draw":
        draw(wanted.folder, wanted.classes, wanted.lot, wanted.ways, wanted.peer_steps)
    elif wanted.what == "mark":
        mark(wanted.folder, wanted.forms)
    else:
        score(wanted.folder)


if __name__ == "__main__":
    main()
