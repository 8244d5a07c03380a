"""Photos that pyarrow reaches -> features, by a pool of actors that hold a backbone each, as Parquet files."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tllib import backbones, images
from tllib.cluster.table import ABOUT, label_of, located, problems, read_about, rows
from tllib.datasets.cleaning import PASSING, why
from tllib.transfer.cache import fingerprint

import numpy as np
import pyarrow as pa
import ray
import ray.data
from pyarrow import fs

TASK = 256  # photos listed together: what a machine that dies has to do again, at most


@dataclass(frozen=True)
class Extraction:
    """What was done: number of `photos` found, of those `computed` now, and of `problems` among these."""

    photos: int
    computed: int
    problems: int


def extract_features(photos: str | os.PathLike | Sequence[str | os.PathLike], to: str | os.PathLike, *,
                     backbone: str = "efficientnet_lite0", batch_size: int = 32,
                     address: str | None = None) -> Extraction:
    """Show photos to a backbone, on every machine of a Ray cluster, or on this one alone.

    What was done before, into the same folder with the same network, is not done again: after a break, with new photos,
    or where a file could not be read for a reason that may pass, call it once more.

    Args:
        photos: folder or folders, each holding a folder a class: paths that every machine sees, or addresses that
            pyarrow knows (`s3://…`, `gs://…`).
        to: folder for the Parquet files, alike. Columns: path, label (the class folder), features (`width` float32,
            null where a file could not be read) and problem (what was wrong with a file, else "").
        backbone: a name of `backbones.names()`; its weights are on every machine, or are fetched there.
        batch_size: photos shown to the backbone at once.
        address: of the cluster (`ray://host:10001`). Defaults to one that this machine is part of; if there is none,
            and for "local", this machine alone.

    Raises:
        FileNotFoundError: no files in `photos`.
        ValueError: `to` holds features of another network.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports to its makers otherwise
    if not ray.is_initialized():
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow")}
        ray.init(address=address, runtime_env={"env_vars": quiet}, log_to_driver=False, logging_level=logging.ERROR)
    shown = sys.stderr.isatty() and os.environ.get("TLLIB_PROGRESS") != "0"
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars, context.max_consecutive_actor_init_deaths = shown, 5  # machines may die as they begin
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    found = dict(_listed([photos] if isinstance(photos, (str, os.PathLike)) else photos))
    if not found:
        raise FileNotFoundError(f"No files in {photos}.")
    place, root = located(to)
    network = backbones.load(backbone)
    _claim(place, root, {"backbone": backbone, "width": network.output_shape[1], "network": fingerprint(network)})
    looked_at = rows(place, root, ["path", "problem"])
    todo = sorted(found.keys() - {path for path, problem in looked_at if not problem.startswith(PASSING)})
    if not todo:
        return Extraction(len(found), 0, 0)
    _pipeline(todo, found, network.input_shape[1], backbone, batch_size).write_parquet(root, filesystem=place)
    return Extraction(len(found), len(todo), len(problems(to).keys() & set(todo)))


def _listed(folders: Sequence[str | os.PathLike]) -> Iterator[tuple[str, str]]:
    """Address and label of every file, hidden ones left out."""
    for folder in folders:
        place, root = located(folder)
        scheme = str(folder).split("://")[0] + "://" if "://" in str(folder) else ""
        for info in place.get_file_info(fs.FileSelector(root, recursive=True)):
            if info.type == fs.FileType.File and not info.base_name.startswith((".", "_")):
                yield scheme + info.path, label_of(info.path, root)


def _claim(place: fs.FileSystem, root: str, about: dict) -> None:
    """Write which network the folder is for, or see that it is this one."""
    known = read_about(place, root)
    if known not in (None, about):
        raise ValueError(f"{root} holds features of {known['backbone']}"
                         + " with other weights" * (known["backbone"] == about["backbone"])
                         + f", not of {about['backbone']}. Give another folder.")
    if known is None:
        place.create_dir(root, recursive=True)
        with place.open_output_stream(f"{root}/{ABOUT}") as file:
            file.write(json.dumps(about).encode())


def _pipeline(todo: Sequence[str], labels: dict[str, str], size: int, backbone: str,
              batch_size: int) -> ray.data.Dataset:
    """Read on every processor, show to one backbone a GPU, or one a machine where there are none."""
    tables = [pa.table({"path": part, "label": [labels[path] for path in part]})
              for part in (todo[start:start + TASK] for start in range(0, len(todo), TASK))]
    gpus = int(ray.cluster_resources().get("GPU", 0))
    machines = sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=min(gpus or machines, len(tables)))
    pixels = ray.data.from_arrow(tables).map_batches(_read, fn_kwargs={"size": size}, batch_size=TASK)
    return pixels.map_batches(_Shown, fn_constructor_args=[backbone, batch_size], batch_size=TASK, compute=pool,
                              num_gpus=1 if gpus else 0)


def _read(batch: dict[str, np.ndarray], size: int) -> dict[str, np.ndarray]:
    """Add pixels, and what is wrong with a file."""
    pixels = np.zeros((len(batch["path"]), size, size, 3), "uint8")

    def read(row: int) -> str:
        try:
            place, path = located(batch["path"][row])
            with place.open_input_stream(path) as file:
                pixels[row] = images.load(file.read(), size=size)
        except (OSError, MemoryError, ValueError) as error:
            return why(error)[0]
        return ""

    with ThreadPoolExecutor() as pool:
        return {**batch, "pixels": pixels, "problem": np.array(list(pool.map(read, range(len(pixels)))), object)}


class _Shown:
    """A backbone on one machine; gives features for pixels."""

    def __init__(self, backbone: str, batch_size: int):
        os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())  # Ray says 1, to which TensorFlow would keep
        self.network, self.batch_size = backbones.load(backbone), batch_size

    def __call__(self, batch: dict[str, np.ndarray]) -> pa.Table:
        x = self.network.predict(batch["pixels"], batch_size=self.batch_size, verbose=0).astype("float32", copy=False)
        bad = pa.array([bool(problem) for problem in batch["problem"]])
        features = pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1], mask=bad)
        return pa.table({"path": pa.array(batch["path"], pa.string()), "label": pa.array(batch["label"], pa.string()),
                         "features": features, "problem": pa.array(batch["problem"], pa.string())})
