"""What the texts say: links that lead somewhere, numbers that are those of the code."""

import json
import re
from pathlib import Path

from tllib import backbones
from tllib.backbones.families import FAMILIES
from tllib.datasets import SOURCES

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("data/**/*.md"), *ROOT.glob("notebooks/*.md"),
                *ROOT.glob("notebooks/*.ipynb")])


def prose(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_are_well_formed(path):
    for target in re.findall(r"\]\(([^)\s]*)\)", re.sub(r"```.*?```", "", prose(path), flags=re.S)):
        if target.startswith("http"):
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./%~?=#&-]*)?", target), target
            if "arxiv.org" in target:
                assert re.fullmatch(r"https://arxiv\.org/abs/\d{4}\.\d{4,5}", target), target
        elif not target.startswith("#"):
            assert (path.parent / target.split("#")[0]).exists(), f"{path.name} links to {target}"
    assert not re.search(r"\]\s+\(http", prose(path)), "a space tears a link apart"


def ratio(a, b, what):
    return getattr(FAMILIES[a], what) / getattr(FAMILIES[b], what)


def test_numbers_in_the_lessons_are_those_of_the_code():
    first, second, fourth = (prose(ROOT / "notebooks" / f"{name}.ipynb") for name in (
        "01_pretrained_networks", "02_transfer_learning", "04_ideal_images"))
    names = backbones.class_names()
    assert f"{names.index('Mexican hairless') - names.index('Chihuahua') + 1} breeds of dogs" in first
    assert len(names) == 1000 and "1000 classes" in first
    assert ratio("vgg16", "mobilenet", "parameters") > 30
    assert "VGG-16 has more than thirty times as many weights as MobileNet" in first.replace("\n", " ")
    assert f"{FAMILIES['efficientnet_lite0'].features} **features**" in second.replace("\n", " ")
    assert f"{224 * 224 * 3:,}" in fourth


def test_numbers_of_breeds_and_photos_are_the_registrys_wherever_they_stand():
    pets, cats = SOURCES["oxford_pets"], SOURCES["cats_vs_dogs"]
    right = {"breeds": {str(pets.classes["breed"]), "12", "25", "118"}}
    for path in TEXTS:
        for number, noun in re.findall(r"\b(\d{2,3}) (breeds)\b", prose(path)):
            assert number in right[noun], f"{path.name}: {number} {noun}"
        for number in re.findall(r"Cats vs Dogs, (\d[\d,]+) photos", prose(path)):
            assert int(number.replace(",", "")) == cats.photos["all"], path.name
        for number in re.findall(r"Oxford-IIIT Pet, (\d[\d,]+) photos", prose(path)):
            assert int(number.replace(",", "")) == sum(pets.photos.values()), path.name


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/0*.ipynb")), ids=lambda path: path.stem)
def test_exercises_have_hints_and_folded_solutions(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    exercises = [number for number, cell in enumerate(cells) if "exercise" in cell["metadata"].get("tags", [])]
    assert len(exercises) >= 3
    for number in exercises:
        assert "..." in "".join(cells[number]["source"]), "dots to be replaced"
        before, after = "".join(cells[number - 1]["source"]), cells[number + 1]
        assert "<summary>Hint</summary>" in before, before[:60]
        assert after["metadata"].get("tags") == ["solution"], "the solution comes right after"
        assert "<summary>Solution</summary>" in "".join(after["source"])
        code = re.search(r"```python\n(.*?)\n```", "".join(after["source"]), re.S)[1]
        compile(code, "solution", "exec")
        assert len(code.splitlines()) <= (20 if re.search(r"^def ", code, re.M) else 12)
