"""Lessons under settings that stand for other people's machines -> every claim with what it compared, in a table.

    python benchmarks/variants.py [LESSON ...] [--variants default onednn-off seed-1 ...] [--label old-] [--at-once 1]

A claim is an `assert` of a lesson. Each variant is `python -m tllib run --solved`, on a copy of the project and with
nothing cached. What came out is kept in build/variants, so that a run that was broken off goes on. For each comparison
the table has what was measured in each variant; what failed comes first.

Variants: instruction sets of oneDNN (`ONEDNN_MAX_CPU_ISA`: it can only take away what a processor has), oneDNN off,
numbers of threads, and `seed-N`: another SEED in the lesson's first cell. They run in the Python that runs this, so
that one with other versions of TensorFlow and Keras stands for those: name it with --label.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parents[1]
KEPT = HOME / "build" / "variants"
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
VARIANTS = {
    "default": {},
    **{name.lower(): {"ONEDNN_MAX_CPU_ISA": name} for name in ("SSE41", "AVX", "AVX2", "AVX512_CORE")},
    "onednn-off": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    **{f"threads-{count}": dict.fromkeys(THREADS, str(count)) for count in (1, 2, 4)},
}


def run(lesson: Path, name: str, label: str) -> None:
    """Run one lesson in one variant, unless that was done before."""
    target = KEPT / f"{lesson.stem}.{label}{name}.json"
    if target.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "tllib"
        for part in ("tllib", "notebooks", "data/photos", "pyproject.toml", "README.md"):
            copy = shutil.copytree if (HOME / part).is_dir() else shutil.copy
            (home / part).parent.mkdir(parents=True, exist_ok=True)
            copy(HOME / part, home / part)
        if name.startswith("seed-"):
            copied = home / "notebooks" / lesson.name
            seed = rf"\g<1>{int(name.removeprefix('seed-'))}"
            text = re.sub(r'^(\s*"SEED(?:, \w+)* = )0', seed, copied.read_text(encoding="utf-8"), flags=re.M)
            copied.write_text(text, encoding="utf-8")
        settings = {"PYTHONPATH": str(home), "TLLIB_DATA": f"{folder}/data", "TLLIB_CACHE": f"{folder}/cache",
                    **({} if name.startswith("seed-") else VARIANTS[name])}
        done = subprocess.run([sys.executable, "-m", "tllib", "run", "--solved", lesson.stem], cwd=home,
                              env=os.environ | settings, capture_output=True, text=True)
        claims = home / "build" / "lessons" / f"{lesson.stem}.claims.json"
        problems = (done.stderr.partition("The others:")[2] or done.stderr[-2000:]).strip() if done.returncode else ""
        found = {"problems": problems, "claims": json.loads(claims.read_text()) if claims.exists() else []}
        target.write_text(json.dumps(found))
    print(f"{lesson.stem}, {label}{name}: {found['problems'] or 'all claims hold'}", flush=True)


def table(lesson: Path) -> None:
    """Print what was measured: what failed somewhere, then each comparison over the variants."""
    found = {path.name.split(".")[1]: json.loads(path.read_text()) for path in sorted(KEPT.glob(f"{lesson.stem}.*"))}
    print(f"\n## {lesson.stem}: {', '.join(found)}")
    compared = {}
    for name, outcome in found.items():
        if outcome["problems"]:
            print(f"FAILED in {name}: {outcome['problems']}")
        for claim in outcome["claims"]:
            for text, left, _, right in claim["compared"]:
                compared.setdefault(text, {}).setdefault(name, []).append(f"{brief(left)} | {brief(right)}")
    for text, made in compared.items():
        print(text, *(f"    {name:12s} {', '.join(pairs)}" for name, pairs in made.items()), sep="\n")


def brief(value: object) -> str:
    """A value, short; of a list, its smallest and largest."""
    if isinstance(value, bool | str):
        return str(value)[:40]
    try:
        numbers = np.asarray(value, "float64")
    except (TypeError, ValueError):
        return str(value)[:40]
    return f"{numbers:.4g}" if numbers.ndim == 0 else f"{numbers.min():.4g}..{numbers.max():.4g}"


def main() -> None:
    """Run what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="how its name begins, such as 05; default: all")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--label", default="", help="put before the variants' names")
    parser.add_argument("--at-once", type=int, default=1)
    options = parser.parse_args()
    for name in options.variants:
        if name not in VARIANTS and not re.fullmatch(r"seed-\d+", name):
            parser.error(f"There is no variant {name!r}. There are: {', '.join(VARIANTS)} and seed-1, seed-2, …")
    KEPT.mkdir(parents=True, exist_ok=True)
    begins = tuple(options.lessons or [""])
    lessons = [path for path in sorted((HOME / "notebooks").glob("*.ipynb")) if path.stem.startswith(begins)]
    lessons = [path for path in lessons if path.stem != "lab_oxford_pets"]  # its solution is run
    with ThreadPoolExecutor(options.at_once) as pool:
        for done in [pool.submit(run, lesson, name, options.label) for name in options.variants for lesson in lessons]:
            done.result()
    for lesson in lessons:
        table(lesson)


if __name__ == "__main__":
    main()
