"""Photos and weights -> where lessons find them, one .zip for machines offline, features: what commands print."""

import os
from argparse import Namespace

from tllib import classroom, datasets


def features(options: Namespace) -> None:
    """Show photos to a backbone, write features as Parquet."""
    from tllib import cluster  # needs Ray
    done = cluster.extract_features(options.photos, options.to, backbone=options.backbone, batch_size=options.batch,
                                    address=options.cluster)
    print(f"{done.photos} photos, {done.computed} of them looked at now; {done.problems} could not be read. "
          f"cluster.read_features({options.to!r}) gives them as a table.")


def fetch(options: Namespace) -> None:
    """Download data sets."""
    for name in options.names:
        print(f"{name} is at {datasets.fetch(name, ask=not options.yes)}")


def pack(options: Namespace) -> None:
    """Put data sets and weights into one .zip."""
    print(f"Packed {classroom.pack(options.target, options.names)}")


def unpack(options: Namespace) -> None:
    """Unpack such a .zip, say what to set."""
    folder = classroom.unpack(options.archive, options.folder).absolute()
    form = '$env:{} = "{}"' if os.name == "nt" else 'export {}="{}"'  # of PowerShell, of other shells
    print("Now set:", form.format("TLLIB_DATA", folder), form.format("TLLIB_OFFLINE", 1), sep="\n  ")
