"""The command line -> lessons run, checked or opened, data fetched, packed or unpacked: `python -m tllib --help`.

In a checkout, a command first makes the environment it needs, `.venv`; no other tool is needed, on any system.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

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
    os.environ["TLLIB_LANGUAGE"] = getattr(options, "language", "en")
    try:
        done = environment.enter(_extras(options), arguments, torch=not getattr(options, "without_torch", False))
        if done is None:
            room, _, name = options.do.rpartition(".")
            done = getattr(import_module(f"tllib.{room}"), name)(options)
        return done or 0
    except (OSError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what shells say of a command that Ctrl-C ended


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tllib", description="Lessons, checks and data of tllib.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, do, words, extras=("lessons",)):
        new = commands.add_parser(name, help=words, description=words)
        new.set_defaults(do=do, extras=extras)
        return new

    run = command("run", "command.lessons.run_chosen", "run the lessons on the built-in data, make web pages of them")
    run.add_argument("--store", action="store_true", help="store the outputs in the notebooks")
    run.add_argument("--solved", action="store_true", help="solve the exercises; store them in solutions/")
    lab = command("lab", "command.lessons.lab", "open the lessons in JupyterLab")
    stored = command("lessons", "command.lessons.write_chosen", "make web pages of the lessons as they are stored")
    slides = command("slides", "command.lessons.slides", "turn the stored lessons into slides")
    for each in (run, stored, slides):
        each.add_argument("lessons", nargs="*", metavar="LESSON", help="how its name begins, such as 04; default: all")
    for each in (run, lab, stored, slides):
        each.add_argument("--language", default=os.environ.get("TLLIB_LANGUAGE", "en"), help="such as ar; default: en")
    command("translations", "command.edition.update", "bring the catalogues of other languages up to date")
    test = command("test", "command.checks.run", "check style, unit tests, the lessons against their stored outputs")
    test.add_argument("parts", nargs="*", metavar="PART", choices=[*checks.PARTS, []],
                      help=f"of {', '.join(checks.PARTS)}; default: the first three")
    bench = command("bench", "command.checks.bench", "time tllib against other ways to do the same")
    bench.add_argument("--peers", action="store_true", help="draw and attack beside other libraries, which it installs")
    for each in (run, lab, test):
        each.add_argument("--without-torch", action="store_true", help="install no PyTorch, and so no lesson 03")
    features = command("features", "command.data.features", "show photos to a backbone, here or on Ray", ("cluster",))
    features.add_argument("photos", nargs="+", metavar="PHOTOS", help="folder or address, with a folder a class")
    features.add_argument("--to", required=True, metavar="FOLDER", help="folder or address for the Parquet files")
    features.add_argument("--backbone", default="efficientnet_lite0", help="a name of backbones.names()")
    features.add_argument("--batch", type=int, default=32, help="photos shown at once (default 32)")
    features.add_argument("--cluster", metavar="ADDRESS", help="ray://host:10001; default: this machine")
    classes = command("thousand", "command.thousand.thousand", "draw all thousand classes, with a page for them", ())
    classes.add_argument("--to", metavar="FOLDER", help="default: notebooks/thousand; pictures that are there are kept")
    classes.add_argument("--classes", nargs="+", metavar="NAME", help="draw these only; default: all")
    asked = command("app", "command.app.app", "show a page on which a phone's camera asks your classifier", ("app",))
    asked.add_argument("classifier", metavar="FILE", help="a .keras file that Classifier.save wrote")
    asked.add_argument("--share-on-network", action="store_true",
                       help="let every device in your network open it; default: this machine only")
    asked.add_argument("--port", type=int, default=8765, help="of this machine (default 8765); 0: any that is free")
    command("check", "command.machine.check", "say whether this machine is ready, and what to do if it is not")
    fetch = command("fetch", "command.data.fetch", "download data sets, verified, where the lessons find them", ())
    fetch.add_argument("names", nargs="+", metavar="NAME", help="cats_vs_dogs_small, cats_vs_dogs, oxford_pets")
    fetch.add_argument("--yes", action="store_true", help="don't ask before it takes space")
    pack = command("pack", "command.data.pack", "put data sets and weights into one .zip, for machines offline", ())
    pack.add_argument("target", help="a new .zip file")
    pack.add_argument("names", nargs="*", metavar="NAME", help="data sets: folders in the data folder")
    unpack = command("unpack", "command.data.unpack", "unpack such a .zip, and say what to set", ())
    unpack.add_argument("archive")
    unpack.add_argument("folder", nargs="?", default=".")
    return parser


def _extras(options: argparse.Namespace) -> tuple[str, ...]:
    if options.command in ("test", "bench", "translations") and not environment.is_checkout():
        raise RuntimeError("Tests, benchmarks and catalogues are in tllib's repository: clone it and run this there.")
    if options.command == "test":
        return tuple(dict.fromkeys(" ".join(checks.PARTS[part][0] for part in options.parts or checks.USUAL).split()))
    return (*options.extras, *("bench",) * getattr(options, "peers", False))
