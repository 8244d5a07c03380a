"""What pip would install on each supported system and Python -> a table; nothing is installed.

Run: python -m tllib test systems. It fails where a supported system gets no solution of wheels alone.
"""

import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tllib.command.environment import TORCH

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = {"Linux x86-64": "x86_64-manylinux_2_28", "Linux ARM": "aarch64-manylinux_2_28",
           "Windows x86-64": "x86_64-pc-windows-msvc", "macOS 14 ARM": "aarch64-apple-darwin"}
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
SHOWN = ("tensorflow", "keras", "torch", "numpy", "ipywidgets")


def resolve(system: str, python: str) -> dict[str, str] | str:
    """Packages with their versions, or why there are none."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-", "--extra", "lessons",
               "--extra", "torch", "--python-platform", SYSTEMS[system], "--python-version", python, "--only-binary",
               ":all:", "--no-header", "--no-annotate", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, input=TORCH, text=True, capture_output=True,
                          env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"})
    return dict(re.findall(r"^(\S+)==(\S+)", done.stdout, re.M)) if done.returncode == 0 else done.stderr.strip()


def main() -> int:
    """Print the table; 1 if a row is not as promised."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = SpecifierSet(project["requires-python"])
    pairs = [(system, python) for system in SYSTEMS for python in PYTHONS if python in allowed]
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(pairs, pool.map(lambda pair: resolve(*pair), pairs), strict=True))
    print(f"  {'system':16s}{'Python':8s}{'packages':>8s}  " + "".join(f"{name:12s}" for name in SHOWN))
    failed = False
    for system in SYSTEMS:
        for python in PYTHONS:
            row = found.get((system, python))
            if isinstance(row, dict):
                said = f"{len(row):8d}  " + "".join(f"{row[name]:12s}" for name in SHOWN)
            else:
                said = f"refused: requires {allowed}" if row is None else f"NO SOLUTION: {row}"
                failed |= row is not None
            print(f"  {system:16s}{python:8s}{said}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
