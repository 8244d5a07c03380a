"""The command line -> lessons run, checked or opened, data fetched, packed or unpacked: `python -m tllib --help`.

In a checkout, a command first makes the environment it needs, `.venv`; no other tool is needed, on any system.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from tllib.command import checks, environment

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # an engine's greetings don't belong in a terminal
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors are one message, not a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without "…" shows another sign
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    try:
        done = environment.enter(_extras(options), arguments, torch=not getattr(options, "without_torch", False))
        return (options.do(options) if done is None else done) or 0
    except (OSError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tllib", description="Lessons, checks and data of tllib.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(do, words, **extra):
        new = commands.add_parser(do.__name__.strip("_"), help=words, description=words)
        new.set_defaults(do=do, **extra)
        return new

    run = command(_run, "run the lessons on the built-in data and make web pages of them", extras=("lessons",))
    run.add_argument("--store", action="store_true", help="store the outputs in the notebooks")
    run.add_argument("--solved", action="store_true", help="solve the exercises; store them in solutions/")
    lab = command(_lab, "open the lessons in JupyterLab", extras=("lessons",))
    slides = command(_slides, "turn the stored lessons into slides", extras=("lessons",))
    for each in (run, slides):
        each.add_argument("lessons", nargs="*", metavar="LESSON", help="how its name begins, such as 04; default: all")
    test = command(_test, "check everything: style, unit tests, the lessons against their stored outputs")
    test.add_argument("parts", nargs="*", metavar="PART", choices=[*checks.PARTS, []],
                      help=f"of {', '.join(checks.PARTS)}; default: the first three")
    bench = command(_bench, "time tllib against other ways to do the same", extras=("lessons",))
    bench.add_argument("--peers", action="store_true", help="draw and attack beside other libraries, which it installs")
    for each in (run, lab, test):
        each.add_argument("--without-torch", action="store_true",
                          help="when it installs, leave out PyTorch and so lesson 03")
    features = command(_features, "show photos to a backbone, on a Ray cluster or here; write features as Parquet",
                       extras=("cluster",))
    features.add_argument("photos", nargs="+", metavar="PHOTOS", help="folder or address, with a folder a class")
    features.add_argument("--to", required=True, metavar="FOLDER", help="folder or address for the Parquet files")
    features.add_argument("--backbone", default="efficientnet_lite0", help="a name of backbones.names()")
    features.add_argument("--batch", type=int, default=32, help="photos shown at once (default 32)")
    features.add_argument("--cluster", metavar="ADDRESS", help="ray://host:10001; default: this machine")
    command(_check, "say whether this machine is ready, and what to do if it is not", extras=("lessons",))
    fetch = command(_fetch, "download data sets, verified, where the lessons find them")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="cats_vs_dogs_small, cats_vs_dogs, oxford_pets")
    fetch.add_argument("--yes", action="store_true", help="don't ask before it takes space")
    pack = command(_pack, "put data sets and weights into one .zip, for machines offline")
    pack.add_argument("target", help="a new .zip file")
    pack.add_argument("names", nargs="*", metavar="NAME", help="data sets: folders in the data folder")
    unpack = command(_unpack, "unpack such a .zip, and say what to set")
    unpack.add_argument("archive")
    unpack.add_argument("folder", nargs="?", default=".")
    return parser


def _extras(options: argparse.Namespace) -> tuple[str, ...]:
    if options.command in ("test", "bench") and not environment.is_checkout():
        raise RuntimeError("Tests and benchmarks are in tllib's repository: clone it and run this there.")
    if options.command == "test":
        return tuple(dict.fromkeys(" ".join(checks.PARTS[part][0] for part in options.parts or checks.USUAL).split()))
    return (*getattr(options, "extras", ()), *("bench",) * getattr(options, "peers", False))


def _run(options: argparse.Namespace) -> int:
    from tllib.command import lessons
    return lessons.run_chosen(options.lessons, storing=options.store, solved=options.solved)


def _lab(options: argparse.Namespace) -> None:
    from tllib.command import lessons

    from jupyterlab.labapp import LabApp
    place = lessons.folder()
    print(f"The lessons are in {place}. Ctrl-C closes JupyterLab.", flush=True)
    LabApp.launch_instance([str(place)])


def _slides(options: argparse.Namespace) -> None:
    from tllib.command import lessons
    lessons.slides(options.lessons)


def _test(options: argparse.Namespace) -> int:
    return checks.run(options.parts or checks.USUAL)


def _bench(options: argparse.Namespace) -> int:
    return checks.bench(options.peers)


def _check(options: argparse.Namespace) -> int:
    from tllib.command import machine
    return machine.check()


def _features(options: argparse.Namespace) -> None:
    from tllib import cluster
    done = cluster.extract_features(options.photos, options.to, backbone=options.backbone, batch_size=options.batch,
                                    address=options.cluster)
    print(f"{done.photos} photos, {done.computed} of them looked at now; {done.problems} could not be read. "
          f"cluster.read_features({options.to!r}) gives them as a table.")


def _fetch(options: argparse.Namespace) -> None:
    from tllib import datasets  # needs no Keras, so it starts at once
    for name in options.names:
        print(f"{name} is at {datasets.fetch(name, ask=not options.yes)}")


def _pack(options: argparse.Namespace) -> None:
    from tllib import classroom
    print(f"Packed {classroom.pack(options.target, options.names)}")


def _unpack(options: argparse.Namespace) -> None:
    from tllib import classroom
    folder = classroom.unpack(options.archive, options.folder).absolute()
    form = '$env:{} = "{}"' if os.name == "nt" else 'export {}="{}"'  # of PowerShell, of other shells
    print("Now set:", form.format("TLLIB_DATA", folder), form.format("TLLIB_OFFLINE", 1), sep="\n  ")
