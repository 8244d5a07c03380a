"""Photo files, as they come -> which can be trained on, which have a repaired copy, which are set aside and why.

Every file is decoded once, on all cores, by the decoder that training uses (`images.load`). What that finds is kept in
`.tllib/manifest.json` beside the photos (in the cache folder, if theirs can't be written) and trusted as long as a
file's name, size and time stay the same. Originals are never changed, moved or deleted.
"""

import hashlib
import json
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tllib import images
from tllib.files import cache_root, full_disk_explained, replacing
from tllib.progress import progress

import filelock
import PIL
from PIL import Image

EXTENSIONS = {"JPEG": (".jpg", ".jpeg"), "MPO": (".jpg", ".jpeg"), "PNG": (".png",), "GIF": (".gif",), "BMP": (".bmp",),
              "WEBP": (".webp",), "TIFF": (".tif", ".tiff")}
HUGE = 80_000_000  # pixels; a picture with more gets a smaller copy
_one_big_picture = threading.Lock()  # so that two of them never fill the memory together
_DECODER = f"Pillow {PIL.__version__}"


@dataclass(frozen=True)
class Cleaned:
    """What `clean` found.

    Attributes:
        usable: file -> what to train on: the file itself or its repaired copy.
        repaired: file -> what was unusual about it.
        set_aside: file -> why it can't be used.
        manifest: where all this is written down.
    """

    usable: dict[Path, Path]
    repaired: dict[Path, str]
    set_aside: dict[Path, str]
    manifest: Path


def clean(folder: str | os.PathLike, files: Sequence[Path]) -> Cleaned:
    """Look at every file; write a repaired copy of those that other programs would stumble over.

    Repaired are: a wrong extension, CMYK, palette, 16-bit and transparent pictures, photos that lie on their side
    (EXIF), animations (first frame), pictures of more than 80 million pixels (their middle, smaller), and whatever
    makes the decoder warn. Copies are RGB: JPEG of a JPEG, else PNG.

    Args:
        folder: folder of the data set; `files` lie below it.
        files: photo files; any that is missing is set aside.

    Returns:
        What each file is good for, in the order of `files`.
    """
    folder = Path(folder)
    home = _home(folder)
    manifest = home / "manifest.json"
    known = _read(manifest)
    names = [file.relative_to(folder).as_posix() for file in files]
    stamps = [_stamp(file) for file in files]
    new = [i for i, (name, stamp) in enumerate(zip(names, stamps, strict=True))
           if known.get(name, [0])[:2] != stamp or (known[name][2] and not (home / known[name][2]).is_file())]
    if new:
        home.mkdir(parents=True, exist_ok=True)
        with full_disk_explained(home), filelock.FileLock(home / ".lock"), _warnings_by_thread() as warned:
            for left_over in home.rglob(".*.partial*"):  # by a run that was killed
                left_over.unlink()
            try:
                looked = _on_all_cores(lambda i: (i, _look(files[i], names[i], home, warned)), new)
                for i, found in progress(looked, what="looking at photos", total=len(new), unit="file"):
                    known[names[i]] = [*stamps[i], *found]
            finally:  # what is done is done, even if somebody pressed Stop
                _write(manifest, known)
    rows = [(file, *known[name][2:]) for file, name in zip(files, names, strict=True)]
    return Cleaned({file: home / copy if copy else file for file, copy, reason in rows if copy or not reason},
                   {file: reason for file, copy, reason in rows if copy},
                   {file: reason for file, copy, reason in rows if reason and not copy}, manifest)


def _look(file: Path, name: str, home: Path, warned: threading.local) -> tuple[str, str]:
    """(repaired copy below `home` or "", what is unusual or wrong or "") of one file."""
    warned.message = ""
    try:
        if not file.stat().st_size:
            return "", "empty file"
        with Image.open(file) as photo:
            kind, oddities = photo.format, _oddities(photo, file)
            huge = photo.width * photo.height > HUGE
        with _one_big_picture if huge else nullcontext():
            images.load(file, size=16)
        if warned.message and not huge:
            oddities.append(warned.message.replace(f"{file} is ", ""))
        if not oddities:
            return "", ""
        with _one_big_picture:
            photo = Image.fromarray(images.load(file, size=2048 if huge else None))
    except FileNotFoundError:
        return "", "no such file"
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        return "", " ".join(str(error).replace(f"{file} ", "").replace(str(file), file.name).split())[:200]
    copy = f"repaired/{name}.{'jpg' if kind in ('JPEG', 'MPO') else 'png'}"
    with replacing(home / copy) as temporary:
        photo.save(temporary, **({"quality": 95, "subsampling": 0} if copy.endswith(".jpg") else {}))
    return copy, ", ".join(oddities)


def _oddities(photo: Image.Image, file: Path) -> list[str]:
    pixels, kind, extension = photo.width * photo.height, photo.format, file.suffix.lower()
    signs = {
        f"{kind} named {extension}": extension not in EXTENSIONS.get(kind, (extension,)),
        f"{photo.mode} colours": photo.mode not in ("RGB", "L", "1"),
        "transparent": "transparency" in photo.info and photo.mode in ("RGB", "L"),
        "turned by EXIF": photo.getexif().get(0x0112, 1) != 1,
        "animated": kind != "MPO" and getattr(photo, "is_animated", False),
        f"{pixels / 1e6:.0f} million pixels": pixels > HUGE,
    }
    return [sign for sign, there in signs.items() if there]


def _on_all_cores(work, items: Sequence[int]) -> Iterator:
    """Results in the order in which they are ready, a bounded number of them waiting at a time."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(items), 4096):
            yield from pool.map(work, items[start:start + 4096])


@contextmanager
def _warnings_by_thread() -> Iterator[threading.local]:
    """Keep warnings off the screen; the last one of each thread is in `.message`."""
    last = threading.local()
    last.message = ""

    def note(message, *_, **__):
        last.message = " ".join(str(message).split())

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note
        yield last


def _home(folder: Path) -> Path:
    """Where manifest and copies go: beside the photos, or into the cache if that can't or must not be written."""
    home = folder / ".tllib"
    place = home if home.is_dir() else folder
    if os.access(place, os.W_OK) and place.stat().st_mode & 0o222:  # the second, for root, who is refused nothing
        return home
    return cache_root() / "cleaned" / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def _stamp(file: Path) -> list[int]:
    try:
        found = file.stat()
    except OSError:
        return [-1, 0]
    return [found.st_size, found.st_mtime_ns]


def _read(manifest: Path) -> dict[str, list]:
    try:
        stored = json.loads(manifest.read_text(encoding="utf-8"))
        return stored["files"] if stored["decoder"] == _DECODER else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none yet, or not ours: look again


def _write(manifest: Path, known: dict[str, list]) -> None:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known))
    with replacing(manifest) as temporary:
        temporary.write_text(f'{{"decoder": "{_DECODER}",\n"entry": "bytes, time in ns, repaired copy, remark",\n'
                             f'"files": {{\n{lines}\n}}}}\n', encoding="utf-8")
