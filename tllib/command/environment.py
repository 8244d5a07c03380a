"""A checkout -> its own environment in .venv, with what a command needs, in which the command then runs.

Whoever has all of it already, in conda say, stays there. Nothing but Python itself is needed here.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from tllib.files import replacing

CHECKOUT = Path(__file__).resolve().parents[2]  # or, of an installed wheel, the folder of all packages
VENV = CHECKOUT / ".venv"
# The PyTorch that lesson 03 was checked with. On Linux pip takes its build for GPUs, some GB.
TORCH = "torch==2.13.0"


def is_checkout() -> bool:
    """Whether tllib lies in its project's folder, with lessons and tests beside it."""
    return (CHECKOUT / "pyproject.toml").is_file()


def python_of(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(python: str | Path, module: str, *arguments: str | Path) -> None:
    """Run a module that installs something, in the checkout.

    Raises:
        RuntimeError: it failed; the message says what to do.
    """
    if code := subprocess.run([python, "-m", module, *arguments], cwd=CHECKOUT).returncode:
        raise RuntimeError(f"Installing failed, see above: {module} ended with {code}. Run the same command again: it "
                           "goes on where it stopped. On Debian and Ubuntu, apt install python3-venv may be missing; "
                           "on Windows, close JupyterLab first, and have the project in a short path: C:\\tllib.")


def pip(python: str | Path, *wanted: str | Path) -> None:
    """Install packages for a Python; as `run`."""
    run(python, "pip", "install", "--quiet", "--disable-pip-version-check", *wanted)


def enter(extras: Sequence[str], arguments: Sequence[str], *, torch: bool = True) -> int | None:
    """Make sure that what a command needs is installed.

    Args:
        extras: names in pyproject.toml, beside what the library itself needs.
        arguments: the command, to be run again in the checkout's environment.
        torch: whether to install PyTorch as well, where an environment is made.

    Returns:
        None: go on, all of it is here. Else what the command returned in the checkout's environment, or 1.

    Raises:
        RuntimeError: something is missing, and this is no checkout.
    """
    missing = _missing(extras)
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if not is_checkout() or not (missing or inside):
        if missing:
            raise RuntimeError(f"{', '.join(missing)} is not installed here. Run: {sys.executable} -m pip install "
                               f"'tllib[{','.join(extras)}]'")
        return None
    if not _installed(extras):
        try:
            _install(extras, torch)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
        inside = False  # what was imported before may be another version now
    if inside:
        return None
    process = subprocess.Popen([python_of(VENV), "-m", "tllib", *arguments])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command had it too, and says what it does about it
            continue


def _missing(extras: Sequence[str]) -> list[str]:
    """Packages that this Python lacks."""
    if is_checkout():
        project = _project()
        wanted = sum((project["optional-dependencies"][extra] for extra in extras), project["dependencies"])
    else:
        wanted = [row for row in metadata.requires("tllib") or [] if "extra ==" not in row
                  or re.search(r"extra == ['\"](.+?)['\"]", row)[1] in extras]
    names = [re.match(r"[\w.-]+", row)[0] for row in wanted]
    return [name for name in names if not _has(name)]


def _has(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def _project() -> dict:
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _record() -> dict:
    """What was installed into the environment, and for which needs."""
    path = VENV / "tllib.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and python_of(VENV).exists() else {}
    return {"needs": "", "extras": [], "torch": False} | found


def _needs() -> str:
    project = _project()
    needs = [project["requires-python"], project["dependencies"], project["optional-dependencies"], TORCH]
    return hashlib.sha256(json.dumps(needs).encode()).hexdigest()


def _installed(extras: Sequence[str]) -> bool:
    record = _record()
    return record["needs"] == _needs() and set(extras) <= set(record["extras"])


def _install(extras: Sequence[str], torch: bool) -> None:
    record, new = _record(), not python_of(VENV).exists()
    extras = sorted({*record["extras"], *extras})
    torch = "torch" in extras or (torch if new else record["torch"])
    if new:
        print(f"Installing into {VENV} (once; about 3.8 GB, a few minutes on a fast line) …", flush=True)
        run(sys.executable, "venv", VENV)
    else:
        print(f"Installing what is new into {VENV} …", flush=True)
    wanted = sorted({*extras, *["torch"] * torch})
    pip(python_of(VENV), "-e", f".[{','.join(wanted)}]" if wanted else ".", *[TORCH] * torch)
    for file in VENV.rglob("_tllib.pth"):  # Python 3.11 and 3.12 read it in Windows' code page: no letter but ASCII
        file.write_text(os.path.relpath(CHECKOUT, file.parent), encoding="ascii")
    record = {"needs": _needs(), "extras": extras, "torch": torch}
    with replacing(VENV / "tllib.json") as partial:
        partial.write_text(json.dumps(record), encoding="utf-8")
