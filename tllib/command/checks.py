"""A checkout -> what its tests say: style, unit tests, stored lessons, other engines, a browser; and its timings."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from tllib.command.environment import CHECKOUT, python_of

_BUILD = CHECKOUT / "build" / "nbval"
_NBVAL = ("-m pytest -p no:cacheprovider -p no:randomly -o testpaths= -o filterwarnings= --nbval --nbval-current-env "
          "--nbval-cell-timeout 900 --nbval-sanitize-with tests/notebooks/sanitize.cfg -n 2 --dist loadscope "
          "--durations 5 notebooks")
_ALONE = {"TLLIB_OFFLINE": "1", **{f"TLLIB_{name.upper()}": str(_BUILD / name) for name in ("data", "cache")},
          "IPYTHONDIR": str(_BUILD / "ipython")}  # the built-in data, and nothing left from earlier runs
_CORE = "-m pytest -m core -n 2 --dist worksteal --durations 3 tests"
# What each part runs: (what it is, arguments of Python, variables), and what it means that one fails.
_STEPS = {
    "lint": ([("lint", "-m ruff check .", {})], "ruff found the problems above."),
    "unit": ([("unit tests and doctests (some minutes)", "-m pytest -n 2 --dist worksteal --durations 5", {})],
             "a unit test failed."),
    "lessons": ([("the lessons, against their stored outputs (some minutes)", _NBVAL, _ALONE)],
                "a lesson no longer gives its stored output. If that is meant, run: python -m tllib run --store"),
    "engines": ([("other engines, several devices (some minutes)",
                  "-m pytest -m engines -n 2 --dist loadgroup --durations 3 tests/engines", {}),
                 *((f"core tests, Keras on {engine} (some minutes)", _CORE, {"KERAS_BACKEND": engine})
                   for engine in ("torch", "jax"))], "a test of several engines failed."),
    "browser": ([("every lesson, exercise and widget in JupyterLab (some minutes); screenshots in build/screenshots/",
                  "-m pytest -o testpaths= -n 2 --dist loadgroup --durations 5 tests/browser", {})],
                "a lesson or widget failed in the browser."),
    "wheel": ([("the wheel in an empty environment", "-m pytest -m wheel --durations 3 tests/wheel", {})],
              "the wheel does not work."),
    "systems": ([("what every system would install", ".ci/resolve.py", {})], "a system gets no packages."),
    "cluster": ([("two machines of a Ray cluster, here (some minutes)", "-m pytest -m cluster tests/cluster", {})],
                "a test of the cluster failed."),
    "colab": ([("controls with ipywidgets 7.7.1, which Colab has",
                "-m pytest tests/widgets tests/classroom/test_quiz.py", {})],
              "a control does not work with ipywidgets 7."),
    "lowest": ([("the lessons, with the lowest TensorFlow and Keras that are supported", _NBVAL, _ALONE)],
               "a lesson no longer gives its stored output with them."),
}


def run(parts: Sequence[str]) -> int:
    """Run parts of the checks, one after the other, up to the first that fails; say what each took."""
    for part in parts:
        began, (steps, failed) = time.perf_counter(), _STEPS[part]
        python = _lowest() if part == "lowest" else sys.executable
        variables = os.environ | {"browser": _chromium, "colab": _older_widgets}.get(part, dict)()
        for words, command, more in steps:
            print(f"== {words}", flush=True)
            shutil.rmtree(_BUILD, ignore_errors=True) if more is _ALONE else None
            if subprocess.run([python, *command.split()], cwd=CHECKOUT, env=variables | more).returncode:
                print(f"python -m tllib test {part}: {failed}", file=sys.stderr)
                return 1
        print(f"== {part} took {time.perf_counter() - began:.0f} s", flush=True)
    return 0


def bench(peers: bool) -> int:
    """Run the benchmarks of a checkout."""
    names = ("synthesis",) if peers else ("image_loop", "data_pipeline", "transfer", "onednn")
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
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--target", place, "ipywidgets==7.7.1", "ipython_genutils"], check=True)
    return {"PYTHONPATH": str(place)}


def _lowest() -> str:
    """Python of an environment with the oldest engine."""
    place = CHECKOUT / ".venv-lowest"
    python = str(python_of(place))
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[lessons,test]",
                    "tensorflow==2.20.*", "keras==3.12.*"], cwd=CHECKOUT, check=True)
    return python
