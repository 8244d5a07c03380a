"""The rules of the house: who may import whom, what a notebook may look like."""

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tllib.datasets import SOURCES

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {"checking": set(), "files": set(), "images": {"checking", "files"}, "progress": set(), "suggest": set(),
              "download": {"files", "progress"}, "unpack": {"files", "progress"},
              "__init__": set(), "__main__": {"command"}}
below = {"checking", "download", "files", "images", "progress", "suggest", "unpack"}
for floor in (("datasets", "backbones"), ("transfer", "synthesis"), ("show", "cluster", "languages"),
              ("widgets", "classroom"), ("command",)):  # a floor imports those below
    MAY_IMPORT |= dict.fromkeys(floor, frozenset(below))
    below.update(floor)
MODULES = sorted((ROOT / "tllib").rglob("*.py"))
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def room_of(path):
    return path.relative_to(ROOT / "tllib").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_rooms_import_only_what_they_may(path):
    room = room_of(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"tllib.{alias.name}" for alias in node.names] if node.module == "tllib" else [node.module]
        for name in names:
            assert name.split(".")[0] not in ("tensorflow", "torch", "jax") or path.name == "engine.py", \
                f"{path.name} imports an engine: {name}"
            if name.startswith("tllib."):
                assert name.split(".")[1] in {room, *MAY_IMPORT[room]}, f"{room} may not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


READER = ("images", "datasets", "backbones", "transfer", "synthesis")
ADDRESSES = ("sources.py", "archives.py", "weights.py")  # where files come from


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) in READER and path.name not in ADDRESSES],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_who_reads_about_transfer_meets_no_download(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|httpx|urllib|filelock|tarfile|[0-9a-f]{32}", text)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_benchmarks_use_what_the_library_has(path):
    tree, known = ast.parse(path.read_text(encoding="utf-8")), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tllib":
            module = importlib.import_module(node.module)
            for alias in node.names:
                known[alias.asname or alias.name] = getattr(module, alias.name, None) or importlib.import_module(
                    f"{node.module}.{alias.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            assert hasattr(known[node.value.id], node.attr), f"{path.name}: {node.value.id}.{node.attr} is gone"


def test_importing_the_library_starts_nothing():
    code = ("import sys, tllib, tllib.datasets; "
            "print([name for name in ('tensorflow', 'keras', 'matplotlib', 'pillow_heif') if name in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_short_calm_and_stored_clean(path):
    text = path.read_text(encoding="utf-8")
    lesson = json.loads(text)
    assert len(text) < 2_000_000 and "widgets" not in lesson["metadata"]
    kinds = "".join(cell["cell_type"][0] for cell in lesson["cells"])
    assert "ccc" not in kinds and kinds[0] == "m", "never three code cells without prose, and a title first"
    defined = 0
    for cell in lesson["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "colab" not in cell["metadata"].get("tags", []):
            taught = bool(re.search(r"^(def|class) ", source, re.M))  # what the lesson is about
            assert len(source.splitlines()) <= 22, source
            assert not re.search(r"https?://|^[!%]", source, re.M), source
            defined += taught
            assert cell["outputs"] or cell["execution_count"], "a stored lesson has been run"
            assert not [out for out in cell["outputs"] if out["output_type"] == "error" or out.get("name") == "stderr"]
            assert "WARNING" not in json.dumps(cell["outputs"])
    assert defined <= 2
    printed = [line for cell in lesson["cells"] for out in cell.get("outputs", []) if out["output_type"] == "stream"
               for line in "".join(out["text"]).splitlines()]
    bare = [line for line in printed if re.search(r"\b(True|False)\b", line)]
    assert len(bare) <= 0.2 * len(printed), f"numbers, please: {bare}"
    prose = "".join("".join(cell["source"]) for cell in lesson["cells"] if cell["cell_type"] == "markdown")
    assert len(prose.split()) <= 2200
    assert all(part in prose for part in ("*Time:", "**Predict", "## Try it", "## What to take home"))


def test_lessons_hold_pictures():
    for path in LESSONS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = [out for cell in cells for out in cell.get("outputs", [])]
        least = 1 if path.stem == "lab_oxford_pets" else 3  # the lab's own pictures come once it is filled in
        assert sum(bool({"image/png", "image/jpeg"} & set(out.get("data", {}))) for out in outputs) >= least


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_picture_of_a_lesson_has_words_for_who_cannot_see_it(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for out in cell.get("outputs", []):
            for kind in {"image/png", "image/jpeg", "image/svg+xml"} & set(out.get("data", {})):
                words = out["metadata"].get(kind, {}).get("alt", "").strip()
                assert words, f"{cell['id']}: a {kind} without alt text"
                assert not re.match(r"\d+ pictures?\b|The picture as", words), f"{cell['id']}: what is there to see?"
                assert words == cell["metadata"].get("tllib", {}).get("alt", words), f"{cell['id']}: tllib run --store"
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            images = re.findall(r"!\[([^\]]*)\]\(|<img\b([^>]*)>", source)
            assert all(words.strip() or re.search(r"alt=[\"']\s*[^\s\"']", tag) for words, tag in images), source


def test_environment_file_pins_what_lessons_and_app_need_and_says_what_each_is_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {new.name: new.specifier for new in map(Requirement, (
        *project["dependencies"], *extras["lessons"], *extras["torch"], *extras["app"]))}
    lines = re.findall(r"^ +- (\S+) *(#.*)?$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.M)
    pinned = dict(name.split("==") for name, _ in lines if "==" in name)
    assert pinned.keys() == wanted.keys(), "no test tools, nothing forgotten"
    assert all(version in wanted[name] for name, version in pinned.items())
    for name, comment in lines:
        assert comment or name in ("conda-forge", "pip:"), f"{name} has no comment"


def test_the_project_names_no_machine_and_no_index():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split()
    for name in listed:
        if not name.endswith((".png", ".jpg", ".webp", ".npz", "test_rules.py")):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"/work/|/root/|/tmp/|/home/|pypi\.org|pythonhosted", text), name


def prose(path):
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".md" else "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


@pytest.mark.parametrize("name", ["notebooks/lab_oxford_pets.ipynb", "data/README.md"])
def test_numbers_in_prose_are_those_of_the_registry(name):
    pets, cats = SOURCES["oxford_pets"], SOURCES["cats_vs_dogs"]
    facts = {"photos of pets": f"{sum(pets.photos.values()):,}", "breeds": str(pets.classes["breed"]),
             "megabytes of pets": f"{sum(archive.size for archive in pets.archives) / 1e6:.0f} MB"}
    facts |= {part: f"{count:,}" for part, count in pets.photos.items()} if name.endswith("ipynb") else {
        "photos of cats": f"{cats.photos['all']:,}", "licence": cats.licence, "licence of pets": pets.licence,
        "megabytes": f"{cats.archives[0].size / 1e6:.0f} MB"}
    for what, fact in facts.items():
        assert fact in prose(ROOT / name), f"{what}: {fact}"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lessons_hold_no_data_address(path):
    for source in SOURCES.values():
        for archive in source.archives:
            assert not any(url in prose(path) for url in archive.urls)
