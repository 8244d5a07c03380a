"""A checkout -> what its tests say: style, unit tests, stored lessons, other engines, a browser; and its timings."""

import os
import shutil
import subprocess
import sys
import time
from argparse import Namespace

from tllib.command import environment
from tllib.command.environment import CHECKOUT

_BUILD = CHECKOUT / "build" / "nbval"
_NBVAL = ("-m pytest -p no:cacheprovider -p no:randomly -o testpaths= -o filterwarnings= --nbval --nbval-current-env "
          "--nbval-cell-timeout 900 --nbval-sanitize-with tests/notebooks/sanitize.cfg -n 2 --dist loadscope "
          "--durations 5")
# Lessons whose claims rest on rounding more than others': a long chain of steps in networks full of kinks.
_DELICATE = "notebooks/05_adversarial_images.ipynb notebooks/06_training_tricks.ipynb"
_ALONE = {"TLLIB_OFFLINE": "1", **{f"TLLIB_{name.upper()}": str(_BUILD / name) for name in ("data", "cache")},
          "IPYTHONDIR": str(_BUILD / "ipython")}  # the built-in data, and nothing left from earlier runs
_CORE = "-m pytest -m core -n 2 --dist worksteal --durations 3 tests"
_ENGINES = "-m pytest -m engines -n 2 --dist loadgroup --durations 3 tests/engines"
_BROWSER = "-m pytest -o testpaths= -n 2 --dist loadgroup --durations 5 tests/browser"
# The parts: what each needs beside the library; its steps (what it is, arguments of Python, variables); what it means
# that one fails.
PARTS = {
    "lint": ("test", [("lint", "-m ruff check .", {})], "ruff found the problems above."),
    "unit": ("lessons app test", [("unit tests and doctests (some minutes)",
                               "-m pytest -n 2 --dist worksteal --durations 5", {})], "a unit test failed."),
    "lessons": ("lessons test", [("the lessons, against their stored outputs (some minutes)",
                                  f"{_NBVAL} notebooks", _ALONE)],
                "a lesson no longer gives its stored output. If that is meant, run: python -m tllib run --store"),
    "engines": ("lessons app test torch jax", [
        ("other engines, several devices (some minutes)", _ENGINES, {}),
        *((f"core tests, Keras on {engine} (some minutes)", _CORE, {"KERAS_BACKEND": engine})
          for engine in ("torch", "jax"))], "a test of several engines failed."),
    "browser": ("lessons app test browser", [
        ("lessons, exercises, widgets in JupyterLab, the pages of the thousand and of the app (some minutes); "
         "screenshots in build/screenshots/", _BROWSER, {})], "a lesson, widget or page failed in the browser."),
    "wheel": ("lessons test", [("the wheel in an empty environment",
                                "-m pytest -m wheel --durations 3 tests/wheel", {})],
              "the wheel does not work."),
    "systems": ("test systems", [("what every system would install", ".ci/resolve.py", {})],
                "a system gets no packages."),
    "colab": ("lessons test", [("controls with ipywidgets 7.7.1, which Colab has",
                                "-m pytest tests/widgets tests/classroom/test_quiz.py", {})],
              "a control does not work with ipywidgets 7."),
    "cluster": ("lessons test cluster", [("two machines of a Ray cluster, here (some minutes)",
                                          "-m pytest -m cluster tests/cluster", {})], "a test of the cluster failed."),
    "processors": ("lessons test", [("lessons 05 and 06, as on processors without AVX-512", f"{_NBVAL} {_DELICATE}",
                                     _ALONE | {"ONEDNN_MAX_CPU_ISA": "AVX2"})],
                   "a claim rests on how one processor rounds: see notebooks/README.md, on claims."),
    "lowest": ("", [("the lessons, with the lowest TensorFlow and Keras that are supported",
                     f"{_NBVAL} notebooks", _ALONE)], "a lesson no longer gives its stored output with them."),
}
USUAL = ("lint", "unit", "lessons")


def run(options: Namespace) -> int:
    """Run parts of the checks, one after the other, up to the first that fails; say what each took."""
    for part in options.parts or USUAL:
        began, (_, steps, failed) = time.perf_counter(), PARTS[part]
        python = _lowest() if part == "lowest" else sys.executable
        variables = os.environ | {"browser": _chromium, "colab": _older_widgets}.get(part, dict)()
        for words, command, more in steps:
            print(f"== {words}", flush=True)
            if more.keys() >= _ALONE.keys():
                shutil.rmtree(_BUILD, ignore_errors=True)
            if subprocess.run([python, *command.split()], cwd=CHECKOUT, env=variables | more).returncode:
                print(f"python -m tllib test {part}: {failed}", file=sys.stderr)
                return 1
        print(f"== {part} took {time.perf_counter() - began:.0f} s", flush=True)
    return 0


def bench(options: Namespace) -> int:
    """Run the benchmarks of a checkout."""
    names = ("synthesis",) if options.peers else ("image_loop", "data_pipeline", "transfer", "onednn")
    return max(subprocess.run([sys.executable, CHECKOUT / "benchmarks" / f"{name}.py"]).returncode for name in names)


def _chromium() -> dict[str, str]:
    known = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    found = os.environ.get("TLLIB_CHROMIUM") or next(filter(None, map(shutil.which, known)), None)
    if not found:
        raise RuntimeError("There is no Chromium here. Install it (Debian: apt install chromium), or set "
                           "TLLIB_CHROMIUM to the path of a Chromium or Chrome.")
    return {"TLLIB_CHROMIUM": found}


def _older_widgets() -> dict[str, str]:
    """Have an older ipywidgets found first."""
    place = CHECKOUT / "build" / "ipywidgets-7.7.1"
    if not place.exists():
        environment.pip(sys.executable, "--no-deps", "--target", place, "ipywidgets==7.7.1", "ipython_genutils")
    return {"PYTHONPATH": str(place)}


def _lowest() -> str:
    """Python of an environment with the oldest engine."""
    place = CHECKOUT / ".venv-lowest"
    python = environment.python_of(place)
    environment.run(sys.executable, "venv", place)
    environment.pip(python, "-e", ".[lessons,test]", "tensorflow==2.20.*", "keras==3.12.*")
    return str(python)
