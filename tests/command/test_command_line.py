"""The command line: other Pythons refused, environments made, consoles of any kind, a machine looked at."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from tllib.command import environment, lessons, machine, main

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "tllib" / "__main__.py"


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 14, 0), (4, 0, 0)])
def test_another_python_is_refused_in_a_sentence_before_anything_is_made(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(MAIN), run_name="__main__")
    assert f"needs Python 3.11, 3.12 or 3.13, and this is Python {version[0]}.{version[1]}. Install" in end.value.code


@pytest.mark.parametrize("path", [MAIN, ROOT / "tllib" / "__init__.py"], ids=lambda path: path.name)
def test_what_refuses_can_be_read_by_any_python_3(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 4))


def test_the_lowest_and_highest_python_are_the_same_everywhere():
    said = runpy.run_path(str(MAIN), run_name="read")["__doc__"] and MAIN.read_text(encoding="utf-8")
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in said
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "Python 3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_of_the_documents_exists(capsys):
    texts = [path.read_text(encoding="utf-8") for path in (
        ROOT / "README.md", ROOT / "Makefile", ROOT / ".ci/run", *ROOT.glob("notebooks/*.md"), *ROOT.glob("data/*.md"))]
    command = r"(?:python3?|py) -m tllib (--help|[a-z]+(?: (?:engines|browser|wheel|systems|--[a-z-]+))?)"
    named = {words for text in texts for words in re.findall(command, text)}
    assert {"run", "test", "lab", "check", "test engines", "run --without-torch"} <= named
    for words in named:
        with pytest.raises(SystemExit) as end:
            main([*words.split(), *["ar"] * words.endswith("--language"), "--help"])
        assert end.value.code == 0, words
    assert "usage: python -m tllib" in capsys.readouterr().out


# A project that builds itself, so that it can be installed without a network: it lacks nothing but itself.
BACKEND = '''
import os, tomllib, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "tllib-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("tllib.pth", os.getcwd())
        about = "Metadata-Version: 2.1\\nName: tllib\\nVersion: 1\\nProvides-Extra: lessons"
        for needed in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]:
            about += "\\nRequires-Dist: " + needed
        wheel.writestr("tllib-1.dist-info/METADATA", about)
        wheel.writestr("tllib-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any")
        wheel.writestr("tllib-1.dist-info/RECORD", "")
    return name
'''
PROJECT = '''
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tllib"
requires-python = ">=3"
dependencies = [{}]
[project.optional-dependencies]
lessons = []
'''


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that needs a package which this Python lacks; whose tllib says where it runs."""
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "tllib").mkdir()
    (tmp_path / "tllib/__main__.py").write_text("import sys; print(sys.prefix, sys.argv[1:]); sys.exit(7)")
    (tmp_path / "pyproject.toml").write_text(PROJECT.format('"tllib-is-not-there"'))
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PYTHONPATH"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_an_environment_is_made_and_the_command_runs_in_it(checkout, capfd):
    asked = (["lessons"], ["run", "00"])
    assert environment.enter(*asked, torch=False) == 1, "the package can't be had"
    assert "Installing failed, see above: pip ended with 1" in capfd.readouterr().err
    monkey = checkout / "pyproject.toml"
    monkey.write_text(PROJECT.format(""))
    assert environment.enter(*asked, torch=False) is None, "this Python lacks nothing, so no other is needed"
    monkey.write_text(PROJECT.format('"tllib-is-not-there; python_version < \'3\'"'))
    assert environment.enter(*asked, torch=False) == 7
    said = capfd.readouterr().out
    assert "Installing what is new" in said and f"{checkout / '.venv'} ['run', '00']" in said
    assert environment.enter(*asked, torch=False) == 7 and "Installing" not in capfd.readouterr().out, "once is enough"


def test_whoever_has_all_of_it_stays_where_he_is(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "VENV", tmp_path)
    assert environment.enter([], ["check"]) is None


def test_a_wheel_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setattr(environment.metadata, "requires", lambda name: ["numpy", 'not-there>=1; extra == "lessons"'])
    assert environment.enter([], ["check"]) is None
    with pytest.raises(RuntimeError, match=r"^not-there is not installed here\. Run: .+ pip install 'tllib\[lessons"):
        environment.enter(["lessons"], ["run"])


def test_lessons_are_copied_beside_who_asks_and_nothing_is_replaced(tmp_path, monkeypatch):
    packed = tmp_path / "packed" / "notebooks"
    packed.mkdir(parents=True)
    for name in ("00_one.ipynb", "01_two.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(), packed / name)
    monkeypatch.setattr(lessons, "PACKED", packed.parent)
    monkeypatch.setattr(lessons, "is_checkout", lambda: False)
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "tllib-lessons/notebooks/00_one.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert lessons.chosen(["01"]) == [tmp_path / "tllib-lessons/notebooks/01_two.ipynb"]
    assert mine.read_text() == "mine" and sorted(path.name for path in mine.parent.iterdir()) == [
        "00_one.ipynb", "01_two.ipynb"]
    with pytest.raises(ValueError, match=r"No lesson begins with 9\. There are: 00_one, 01_two"):
        lessons.chosen(["9"])


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-8"])
def test_any_console_will_do(encoding):
    code = ("import sys; from tllib.command import lessons, main; lessons.show_progress('00', 3, 9, 5.0, end='!\\n'); "
            "sys.exit(main(['fetch', 'nothing…█']) - 1)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=os.environ | {
        "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode(encoding)
    bar = "██████··············" if encoding == "utf-8" else "######.............."
    assert bar in done.stdout.decode(encoding) and "nothing" in done.stderr.decode(encoding)


@pytest.fixture
def bare(tmp_path):
    """Variables of someone who has neither make nor a shell, nor anything of tllib's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TLLIB")} | {
        "PATH": "", "TLLIB_CACHE": str(tmp_path / "cache"), "TLLIB_DATA": str(tmp_path)}


# In this environment, whatever it is: a test installs nothing.
HERE = ("import sys; from tllib.command import environment, main; environment.VENV /= 'none'; "
        "sys.exit(main())")


def test_check_looks_at_this_machine(bare):
    done = subprocess.run([sys.executable, "-c", HERE, "check"], cwd=ROOT, env=bare, capture_output=True, text=True)
    assert done.returncode == 0 and "Ready: every lesson runs here." in done.stdout, done.stdout + done.stderr
    assert "Pets" in done.stdout and not done.stderr


def test_check_says_when_the_engine_does_not_start(bare):
    done = subprocess.run([sys.executable, "-c", HERE, "check"], cwd=ROOT, env=bare | {"KERAS_BACKEND": "abacus"},
                          capture_output=True, text=True)
    assert done.returncode == 1 and "The engine does not start (1: " in done.stderr and "abacus" in done.stderr


def test_check_says_what_to_mend(tmp_path, monkeypatch, capsys):
    psutil = pytest.importorskip("psutil")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5e8))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1e9))
    said = "\n".join(machine._wrong())
    assert "0.5 GB are free where" in said and "set TLLIB_DATA" in said and "set TLLIB_CACHE" in said
    assert "1.0 GB of memory are free" in said


def test_lint_needs_no_path(bare):
    done = subprocess.run([sys.executable, "-c", HERE, "test", "lint"], cwd=ROOT, env=bare, capture_output=True,
                          text=True)
    assert done.returncode == 0 and "== lint took" in done.stdout, done.stdout + done.stderr
