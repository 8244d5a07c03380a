"""Command line -> data sets fetched, a classroom packed or unpacked: `python -m tllib --help`."""

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # an engine's greetings don't belong in a terminal


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors are one message, not a stack trace."""
    parser = argparse.ArgumentParser(prog="python -m tllib", description="Data for the tllib lessons.")
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("fetch", help="download data sets, verified, where the lessons find them")
    fetch.add_argument("names", nargs="+", metavar="NAME",
                       help="cats_vs_dogs_small, cats_vs_dogs, oxford_pets")
    fetch.add_argument("--yes", action="store_true", help="don't ask before it takes space")
    pack = commands.add_parser("pack", help="put data sets and weights into one .zip, for machines offline")
    pack.add_argument("target", help="a new .zip file")
    pack.add_argument("names", nargs="*", metavar="NAME", help="data sets: folders in the data folder")
    unpack = commands.add_parser("unpack", help="unpack such a .zip, and say what to set")
    unpack.add_argument("archive")
    unpack.add_argument("folder", nargs="?", default=".")
    options = parser.parse_args(arguments)

    try:
        if options.command == "fetch":
            from tllib import datasets  # needs no Keras, so it starts at once

            for name in options.names:
                print(f"{name} is at {datasets.fetch(name, ask=not options.yes)}")
            return 0
        from tllib import classroom
        if options.command == "pack":
            print(f"Packed {classroom.pack(options.target, options.names)}")
        else:
            folder = classroom.unpack(options.archive, options.folder).absolute()
            print(f"Now set TLLIB_DATA={folder} and TLLIB_OFFLINE=1")
    except (OSError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
