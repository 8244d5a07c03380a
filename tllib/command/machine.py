"""This machine -> whether the lessons run here, and what to do if they don't."""

import os
import platform
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from importlib.util import find_spec

from tllib.command.environment import is_checkout
from tllib.files import cache_root, data_root


def check(_: Namespace) -> int:
    """Print what is here and, line by line, whether it will do; 1 if something has to be done first."""
    began = time.perf_counter()
    # In a process of its own: what an engine says or does when it can't start is this command's subject.
    code = "from tllib import classroom; found = classroom.inventory(); print(classroom.device()); print(found)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8",
                           errors="replace", env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        print(f"The engine does not start ({found.returncode}: {last}).\nTensorFlow needs a processor with AVX; on "
              "Windows, the Microsoft Visual C++ Redistributable (x64); it has no build for Intel Macs and for Windows "
              "on ARM. Otherwise make the environment anew: remove .venv and run this again.", file=sys.stderr)
        return 1
    device, table = found.stdout.split("\n", 1)
    print(table.rstrip() + f"\nNo GPU is used. {gpu_advice(platform.system())}" * (device == "CPU"))
    wrong = list(_wrong())
    print(*("", *(f"- {each}" for each in wrong)), sep="\n")
    print(f"{'Mend this first.' if wrong else 'Ready: every lesson runs here.'} "
          f"(Looked for {time.perf_counter() - began:.0f} s.)")
    return int(bool(wrong))


def gpu_advice(system: str) -> str:
    """What is true of GPUs on Linux, Darwin or Windows."""
    return {"Linux": f"If there is one of NVIDIA's: {sys.executable} -m pip install 'tensorflow[and-cuda]'",
            "Windows": "TensorFlow uses none on Windows itself; in WSL 2 it does, as on Linux.",
            }.get(system, "TensorFlow uses none on a Mac. The lessons don't need one.")


def _wrong() -> Iterator[str]:
    """One sentence for each thing that has to be done."""
    for folder, name in ((data_root(), "TLLIB_DATA"), (cache_root(), "TLLIB_CACHE")):
        there = next((each for each in (folder.absolute(), *folder.absolute().parents) if each.exists()), None)
        if there is None:
            yield f"There is no {folder.absolute().anchor}, where {folder} would be: set {name} to another folder."
            continue
        probe = there / f".tllib-{os.getpid()}"  # tempfile would go on trying for hours where Windows forbids it
        try:
            open(probe, "xb").close()
            probe.unlink()
        except OSError as error:
            yield f"Nothing can be written to {there} ({error.strerror}): set {name} to a folder where it can."
        if (free := shutil.disk_usage(there).free) < 1e9:
            yield f"{free / 1e9:.1f} GB are free where {folder} is, and 1 GB is needed: make room, or set {name}."
    if find_spec("psutil"):
        import psutil
        if (memory := psutil.virtual_memory().available) < 2.5e9:
            yield (f"{memory / 1e9:.1f} GB of memory are free, and a lesson takes 1 to 3: close other programs, above "
                   "all other notebooks.")
    for name in ("jupyterlab", "ipywidgets", "nbclient"):
        if not find_spec(name):
            yield f"{name} is missing: " + ("python -m tllib lab installs it." if is_checkout() else
                                            f"{sys.executable} -m pip install 'tllib[lessons]'")
