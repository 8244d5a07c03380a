"""Originals of Oxford-IIIT Pet -> `data/pets`, the scaled photos and the lists that ship with tllib.

    python benchmarks/shipped_pets.py FOLDER ...     # folders that hold the originals, at any depth

The first run took every original in the folders, and a lot, stratified by breed, divided them into photos to learn from
and photos to be judged by: `datasets.near_duplicates` finds none that is in both, and the same animal twice, found
by looking at the 64 pairs with the most similar features, is to learn from. `data/pets/ORIGINALS.tsv` names each,
its part and the SHA-256 of its original. Later runs make the same files again, of the originals named there.
"""

import argparse
import csv
import hashlib
import io
from collections import defaultdict
from pathlib import Path

from tllib.files import replacing

import numpy as np
from PIL import Image, ImageOps

PETS = Path(__file__).parents[1] / "data" / "pets"
LIST = PETS / "ORIGINALS.tsv"
SHORTER_SIDE = 256  # pixels
QUALITY = 85  # of the JPEG files, 0 to 100
JUDGED = 0.4  # share of each breed that is for judging
LEAST_LEARNED = 5  # photos of each breed to learn from, at least
SEED = 0
SAME_ANIMAL = {"samoyed_151", "samoyed_167", "english_setter_162", "english_setter_168", "keeshond_119", "keeshond_123",
               "staffordshire_bull_terrier_149", "staffordshire_bull_terrier_158", "staffordshire_bull_terrier_159"}


def scaled(original: bytes) -> bytes:
    """A photo of any format, upright, as RGB, its shorter side 256 pixels; as JPEG."""
    with Image.open(io.BytesIO(original)) as photo:
        photo = ImageOps.exif_transpose(photo).convert("RGB")
    factor = SHORTER_SIDE / min(photo.size)
    file = io.BytesIO()
    size = [round(side * factor) for side in photo.size]
    photo.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


def divided(names: list[str]) -> dict[str, str]:
    """Name of a photo -> "trainval" or "test", by a lot of each breed; the same animal twice is to learn from."""
    breeds = defaultdict(list)
    for name in sorted(names):
        breeds[name.rsplit("_", 1)[0]].append(name)
    random = np.random.default_rng(SEED)
    parts = {}
    for _, own in sorted(breeds.items()):
        judged = min(round(JUDGED * len(own)), len(own) - LEAST_LEARNED)
        lot = random.permutation([name for name in own if name not in SAME_ANIMAL])
        parts |= dict.fromkeys(own, "trainval") | dict.fromkeys(lot[:judged].tolist(), "test")
    return parts


def write_lists(parts: dict[str, str]) -> None:
    """Oxford's own format: image, class number, species (1 cat, 2 dog), number of the breed within its species."""
    breeds = sorted({name.rsplit("_", 1)[0] for name in parts}, key=str.casefold)
    species = {breed: 1 if breed[0].isupper() else 2 for breed in breeds}
    within = {breed: sum(species[other] == species[breed] for other in breeds[:place])
              for place, breed in enumerate(breeds, start=1)}
    for part in ("trainval", "test"):
        lines = ["#Image CLASS-ID SPECIES BREED-ID"]
        for name in sorted(name for name, its in parts.items() if its == part):
            breed = name.rsplit("_", 1)[0]
            lines.append(f"{name} {breeds.index(breed) + 1} {species[breed]} {within[breed]}")
        with replacing(PETS / "annotations" / f"{part}.txt") as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Scale what is named in the list; choose, if there is no list yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="that hold the originals, at any depth")
    found = {file.stem: file.read_bytes() for folder in parser.parse_args().folders for file in folder.rglob("*.jpg")}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    if LIST.is_file():
        with LIST.open(encoding="utf-8", newline="") as file:
            listed = {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}
        wrong = [name for name, row in listed.items() if hashes.get(name) != row["sha256"]]
        if wrong:
            raise SystemExit(f"{len(wrong)} of {len(listed)} originals are missing or are other files: {wrong[:5]} …")
        parts = {name: row["part"] for name, row in listed.items()}
    else:
        parts = divided(list(found))
        with replacing(LIST) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, delimiter="\t", lineterminator="\n")
            rows.writerow(("name", "part", "sha256"))
            rows.writerows((name, parts[name], hashes[name]) for name in sorted(parts))
    for name in sorted(parts):
        with replacing(PETS / "images" / f"{name}.jpg") as partial:
            partial.write_bytes(scaled(found[name]))
    write_lists(parts)
    sizes = [file.stat().st_size for file in (PETS / "images").iterdir()]
    print(f"{len(sizes)} photos, {sum(sizes) / 1e6:.1f} MB; {list(parts.values()).count('test')} of them for judging.")


if __name__ == "__main__":
    main()
