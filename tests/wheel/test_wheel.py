"""The wheel, built from this tree and installed into an empty environment, in an empty folder, with an empty PATH."""

import os
import runpy
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tllib.command.environment import python_of

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Python of an environment with the wheel, and an empty folder to work in."""
    place = tmp_path_factory.mktemp("wheel")
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, *pip, "wheel", "--no-deps", "-w", place, ROOT], check=True)
    (wheel,) = place.glob("tllib-*.whl")
    subprocess.run([sys.executable, "-m", "venv", place / "environment"], check=True)
    python = python_of(place / "environment")
    subprocess.run([python, *pip, "install", f"{wheel}[lessons]"], check=True)
    (place / "empty").mkdir()
    yield python, place / "empty"
    shutil.rmtree(place)


def variables(folder):
    """No make and no shell to be found, no folder of whoever runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TLLIB", "PYTHON", "KERAS"))}
    return kept | {"PATH": "", "TLLIB_CACHE": str(folder.parent / "cache"), "JUPYTER_CONFIG_DIR": str(folder.parent),
                   "JUPYTER_DATA_DIR": str(folder.parent / "jupyter")}


def tllib(installed, *arguments):
    python, folder = installed
    return subprocess.run([python, "-m", "tllib", *arguments], cwd=folder, env=variables(folder), text=True,
                          encoding="utf-8", capture_output=True, timeout=600)


def test_check_says_that_it_is_ready(installed):
    done = tllib(installed, "check")
    assert done.returncode == 0 and "Ready: every lesson runs here." in done.stdout, done.stdout + done.stderr


def test_run_copies_the_lessons_and_runs_one(installed):
    done = tllib(installed, "run", "00")
    home = installed[1] / "tllib-lessons"
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (home / "notebooks").glob("*.ipynb")) == LESSONS
    assert (home / "data/photos/dog.png").read_bytes() == (ROOT / "data/photos/dog.png").read_bytes()
    assert "ImageNet" in (home / "build/lessons/00_start_here.html").read_text(encoding="utf-8")
    assert [path.name for path in installed[1].iterdir()] == ["tllib-lessons"], "all of it in one folder"


def test_the_photos_of_pets_come_along(installed):
    python, folder = installed
    code = "from tllib import datasets; print(datasets.load('pets').report)"
    done = subprocess.run([python, "-c", code], cwd=folder, env=variables(folder), text=True, capture_output=True)
    assert done.stdout.strip() == "Pets: 418 photos, 2 classes (Cat 170, Dog 248)", done.stderr


def test_the_lessons_in_arabic_come_along(installed):
    done = tllib(installed, "lessons", "--language", "ar", "00")
    home = installed[1] / "tllib-lessons"
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (home / "lessons-ar").glob("*.ipynb")) == LESSONS
    assert 'lang="ar"' in (home / "build/lessons-ar/00_start_here.html").read_text(encoding="utf-8")


def test_what_a_reader_changed_stays(installed):
    lesson = installed[1] / "tllib-lessons/notebooks/01_pretrained_networks.ipynb"
    lesson.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("mine = 1")]), lesson)
    assert tllib(installed, "slides", "00").returncode == 0
    assert "mine = 1" in lesson.read_text(encoding="utf-8")


def test_lab_opens_the_copy(installed):
    python, folder = installed
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder.parent / "jupyter_server_config.py").write_text(
        f"c.ServerApp.port = {port}\nc.ServerApp.open_browser = False\nc.IdentityProvider.token = ''\n"
        "c.ServerApp.allow_root = True\n")
    with subprocess.Popen([python, "-m", "tllib", "lab"], cwd=folder, env=variables(folder)) as process:
        try:
            for _ in range(120):
                time.sleep(0.5)
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents") as answer:
                        found = answer.read().decode()
                    break
                except OSError:
                    assert process.poll() is None
        finally:
            process.terminate()
    assert "00_start_here.ipynb" in found


def test_the_first_cell_makes_colab_ready(installed):
    python, folder = installed
    cell = runpy.run_path(ROOT / ".ci/colab.py")["CELL"].format(address=ROOT.as_uri())
    work = folder.parent / "content"
    work.mkdir()
    code = f"import os, sys\nsys.modules['google.colab'] = sys\n{cell}\nprint(os.getcwd(), os.listdir())"
    path = os.path.dirname(shutil.which("git"))
    done = subprocess.run([python, "-c", code], cwd=work, env=variables(folder) | {"PATH": path}, text=True,
                          capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert str(work / "tllib-lessons" / "notebooks") in done.stdout and "00_start_here.ipynb" in done.stdout
    assert (work / "tllib-lessons/data/photos/dog.png").exists()


def test_what_needs_the_repository_says_so(installed):
    for arguments in (("test",), ("bench",), ("translations",)):
        done = tllib(installed, *arguments)
        assert done.returncode == 1 and "clone it" in done.stderr and "Traceback" not in done.stderr
