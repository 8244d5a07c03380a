"""The thousand ImageNet classes -> a small picture of each, drawn by networks, and one page to look through them.

FOLDER/pictures/0000-tench.webp, … and FOLDER/index.html, which needs nothing else, neither a network nor a server. The
picture of a class begins with the noise of its number, whatever else is drawn in the same run.
"""

import json
import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tllib import backbones, images, synthesis
from tllib.backbones.class_words import everyday_words
from tllib.command.environment import CHECKOUT, is_checkout
from tllib.files import full_disk_explained, replacing
from tllib.progress import progress
from tllib.synthesis.loop import stoppable

import keras
import numpy as np
from PIL import Image

PAGE = Path(__file__).with_name("thousand.html")
DATA = "PICTURES_AS_JSON"  # where they go in it
SEEN = 160  # pixels across that the artists see: half the time of 224
SIDE = 224  # pixels across of a picture
QUALITY = 70  # of its WebP file, 0 to 100: 5 KB each
AT_ONCE = 8  # pictures drawn together
# Half the steps of TOGETHER, at a higher rate: of 48 classes by lot viewers named 0.84 so, and 0.85 with all steps.
RECIPE = replace(synthesis.TOGETHER, steps=128, learning_rate=0.08)
JUDGE = ("efficientnet_lite1", "EfficientNet-Lite1")  # takes no part in drawing; its name for readers


@dataclass(frozen=True)
class Judgement:
    """What a network that drew no picture says of one.

    Attributes:
        number: of the class that the picture was drawn as.
        choices: the numbers of the network's five first choices, and their probabilities, 0 to 1.
        probability: of the class itself, 0 to 1.
        rank: of the class itself, 1 being the first choice.
    """

    number: int
    choices: tuple[tuple[int, float], ...]
    probability: float
    rank: int


def thousand(options: Namespace) -> None:
    """Draw the classes whose pictures are missing, ask the judge about all that are there, write the page."""
    names = options.classes or range(len(backbones.class_names()))
    numbers = sorted({backbones.class_index(name) for name in names})
    home = CHECKOUT if is_checkout() else Path("tllib-lessons")  # where the lessons are
    folder = Path(options.to or home / "notebooks" / "thousand").expanduser()
    with full_disk_explained(folder):
        missing = sorted({*numbers} - {*finished(folder)})
        print(f"Pictures there: {len(numbers) - len(missing)} of {len(numbers)}; missing: {len(missing)}.", flush=True)
        if missing:
            print("Ctrl-C ends the drawing and keeps what is finished; the same command goes on.", flush=True)
            artists = [backbones.load(name, top=True, size=SEEN) for name in synthesis.ARTISTS]
            draw(artists, missing, folder, recipe=RECIPE)
        there = finished(folder)
        if not there:
            print("No picture is finished yet, so there is no page.")
            return
        judgements = judge(backbones.load(JUDGE[0], top=True), there, folder)
        write_page(judgements, folder)
    first = sum(judgement.rank == 1 for judgement in judgements)
    print(f"{JUDGE[1]}, which drew none of them, sees at first glance what was meant in {first} of {len(judgements)}.\n"
          f"To look at them: {folder / 'index.html'}")


def place(number: int, folder: Path) -> Path:
    """Where the picture of a class is kept."""
    return folder / "pictures" / f"{number:04d}-{slug(backbones.class_names()[number])}.webp"


def slug(name: str) -> str:
    """Turn the name of a class into letters for a file's name and a page's address: "jack-o-lantern"."""
    return re.sub("[^a-z0-9]+", "-", name.casefold()).strip("-")


def finished(folder: Path) -> list[int]:
    """Numbers of the classes whose picture is there and can be read."""
    return [number for number in range(len(backbones.class_names())) if _is_whole(place(number, folder))]


def _is_whole(path: Path) -> bool:
    try:
        return images.load(path).shape == (SIDE, SIDE, 3)
    except (OSError, ValueError):  # there is none, or it is cut short
        return False


def draw(artists: Sequence[keras.Model], numbers: Sequence[int], folder: Path, *, recipe: synthesis.Recipe) -> None:
    """Draw classes, at most eight at a time, and keep each eight as soon as they are finished; Ctrl-C ends it."""
    left = len(numbers)
    with stoppable(), progress(what="drawing", total=left * recipe.steps) as bar:
        for group in _neighbours(numbers):
            drawing, clock = None, [0.0]
            for drawing in synthesis.draw(artists, group, recipe=recipe, size=SIDE, seed=group[0]):
                clock.append(drawing.seconds)
                bar.update(len(group))
            if drawing is None or drawing.step < recipe.steps:
                return  # Ctrl-C, within a step
            for number, image in zip(group, drawing.images, strict=True):
                keep(image, place(number, folder))
            first = left == len(numbers)
            left -= len(group)
            if first and left:  # by the median step: the first steps wait for compiling
                seconds = np.median(np.diff(clock)) * recipe.steps * left / len(group)
                bar.write(f"The remaining {left}: about {_readable(seconds)}.")


def _neighbours(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Classes that are drawn together: their numbers follow each other, as their seeds do."""
    group = []
    for number in numbers:
        if group and (len(group) == AT_ONCE or number != group[-1] + 1):
            yield group
            group = []
        group.append(number)
    yield group


def _readable(seconds: float) -> str:
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def keep(image: np.ndarray, path: Path) -> None:
    """Write a picture, uint8 `(h, w, 3)`, as a small file."""
    with replacing(path) as partial:
        Image.fromarray(image).save(partial, "WEBP", quality=QUALITY, method=6)


def judge(network: keras.Model, numbers: Sequence[int], folder: Path) -> list[Judgement]:
    """Ask a network about the pictures of these classes, each as its small file shows it."""
    judgements = []
    with progress(what="judging", total=len(numbers), unit="picture") as bar:
        for first in range(0, len(numbers), 32):
            batch = numbers[first:first + 32]
            found = backbones.predict_proba(network, [images.load(place(number, folder)) for number in batch])
            judgements += [judged(number, row) for number, row in zip(batch, found, strict=True)]
            bar.update(len(batch))
    return judgements


def judged(number: int, found: np.ndarray) -> Judgement:
    """Sum up the probabilities of all classes, `(1000,)`, that a network gave the picture of one."""
    best = np.argsort(-found, kind="stable")[:5]
    rank = int((found > found[number]).sum()) + 1
    return Judgement(number, tuple((int(each), float(found[each])) for each in best), float(found[number]), rank)


def write_page(judgements: Sequence[Judgement], folder: Path, *, names: Sequence[str] | None = None) -> None:
    """Write the page of the pictures that were judged; `names` are those of all classes, by default ImageNet's."""
    names = names or backbones.class_names()
    also = [[] for _ in names]
    for word, meant in everyday_words().items():
        for number in meant:
            also[number].append(word)
    pictures = [{"number": each.number, "file": place(each.number, folder).name, "also": " ".join(also[each.number]),
                 "choices": [[number, round(probability, 4)] for number, probability in each.choices],
                 "probability": round(each.probability, 4), "rank": each.rank} for each in judgements]
    data = json.dumps({"judge": JUDGE[1], "names": names, "pictures": pictures}, separators=(",", ":"))
    page = PAGE.read_text(encoding="utf-8").replace(DATA, data.replace("<", r"\u003c"))  # no tag begins or ends in it
    with replacing(folder / "index.html") as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
