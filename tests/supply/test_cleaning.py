import io
import json
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from tllib import datasets, images
from tllib.supply import cleaning

import numpy as np
import pytest
from PIL import Image

PHOTO = np.linspace(0, 255, 60 * 80 * 3).reshape(60, 80, 3).astype("uint8")


def saved(picture, kind, **options):
    file = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(file, kind, **options)
    return file.getvalue()


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(PHOTO, "JPEG", exif=exif)


def palette_with_transparency():
    picture = Image.fromarray(PHOTO).quantize(16)
    return saved(picture, "PNG", transparency=bytes(range(16)))


def animated(kind, **options):
    frames = [Image.fromarray(np.roll(PHOTO, n, axis=1)) for n in range(3)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)


def bomb():
    """A PNG of a few bytes that promises 30,000 x 30,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = (header, b"IDAT" + zlib.compress(bytes(999)), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)


def damaged_inside():
    content = bytearray(saved(np.random.default_rng(0).integers(0, 256, (60, 80, 3), "uint8"), "JPEG"))
    at = content.index(b"\xff\xda") + 400
    content[at:at + 4] = b"\xff\xd3\xff\xd4"
    return bytes(content)


JPEG, PNG = saved(PHOTO, "JPEG"), saved(PHOTO, "PNG")
KINDS = {  # file name: (content, "kept", "repaired: …" or "set aside: …")
    "plain.jpg": (JPEG, "kept"),
    "plain.png": (PNG, "kept"),
    "plain.webp": (saved(PHOTO, "WEBP"), "kept"),
    "plain.bmp": (saved(PHOTO, "BMP"), "kept"),
    "progressive.jpg": (saved(PHOTO, "JPEG", progressive=True), "kept"),
    "grey.jpg": (saved(PHOTO[..., 0], "JPEG"), "kept"),
    "black_and_white.png": (saved(Image.fromarray(PHOTO).convert("1"), "PNG"), "kept"),
    "one_pixel.png": (saved(PHOTO[:1, :1], "PNG"), "kept"),
    "thin.jpg": (saved(np.zeros((2, 4000, 3), "uint8"), "JPEG"), "kept"),
    "capital.JPG": (JPEG, "kept"),
    "bmp_named.jpg": (saved(PHOTO, "BMP"), "repaired: BMP named .jpg"),
    "png_named.jpg": (PNG, "repaired: PNG named .jpg"),
    "gif_named.jpg": (saved(PHOTO, "GIF"), "repaired: GIF named .jpg, P colours"),
    "webp_named.jpeg": (saved(PHOTO, "WEBP"), "repaired: WEBP named .jpeg"),
    "tiff_named.png": (saved(PHOTO, "TIFF"), "repaired: TIFF named .png"),
    "jpeg_named.png": (JPEG, "repaired: JPEG named .png"),
    "cmyk.jpg": (saved(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"), "repaired: CMYK colours"),
    "rgba.png": (saved(Image.fromarray(PHOTO).convert("RGBA"), "PNG"), "repaired: RGBA colours"),
    "grey_alpha.png": (saved(Image.fromarray(PHOTO).convert("LA"), "PNG"), "repaired: LA colours"),
    "palette.png": (palette_with_transparency(), "repaired: P colours"),
    "transparent.png": (saved(PHOTO, "PNG", transparency=(0, 0, 0)), "repaired: transparent"),
    "16_bit.png": (saved(PHOTO[..., 0].astype("uint16") * 257, "PNG"), "repaired: I;16 colours"),
    "turned.jpg": (turned(), "repaired: turned by EXIF"),
    "animated.gif": (animated("GIF"), "repaired: (P colours, )?animated"),
    "animated.webp": (animated("WEBP"), "repaired: animated"),
    "damaged_inside.jpg": (damaged_inside(), "repaired: damaged, but can be read"),
    "bytes_after.jpg": (JPEG + b"trailing note", "kept"),
    "empty.jpg": (b"", "set aside: empty file"),
    "text.jpg": (b"no photo at all", "set aside: .*cannot identify"),
    "html.jpg": (b"<html><body>404 Not Found</body></html>", "set aside: .*cannot identify"),
    "header_only.jpg": (JPEG[:20], "set aside: .*"),
    "half.jpg": (JPEG[:len(JPEG) // 2], "set aside: .*[Tt]runcated"),
    "half.png": (PNG[:len(PNG) // 2], "set aside: .*"),
    "wrong_sum.png": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], "set aside: .*"),
    "zip.jpg": (b"PK\x03\x04" + bytes(200), "set aside: .*cannot identify"),
    "zeros.jpg": (bytes(5000), "set aside: .*cannot identify"),
    "bomb.png": (bomb(), "set aside: .*(exceeds limit|pixels)"),
    "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "set aside: .*cannot identify"),
}


@pytest.fixture
def messy(tmp_path):
    for name, (content, _) in KINDS.items():
        path = tmp_path / "mine/odd" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "mine/odd/folder.jpg").mkdir()
    (tmp_path / "mine/odd/nowhere.jpg").symlink_to("nothing")
    for number in range(3):
        (tmp_path / f"mine/plain/{number}.jpg").parent.mkdir(exist_ok=True)
        (tmp_path / f"mine/plain/{number}.jpg").write_bytes(JPEG)
    return tmp_path / "mine"


def fate(found, path):
    if path in found.set_aside:
        return f"set aside: {found.set_aside[path]}"
    return f"repaired: {found.repaired[path]}" if path in found.repaired else "kept"


def test_every_kind_is_kept_repaired_or_set_aside_with_a_reason(messy):
    files = sorted((messy / "odd").iterdir())
    before = {path: path.read_bytes() for path in files if path.is_file()}
    found = cleaning.clean(messy, files)
    for name, (_, expected) in KINDS.items():
        got = fate(found, messy / "odd" / name)
        assert re.match(expected, got), f"{name}: {got}"
    assert found.set_aside[messy / "odd/folder.jpg"] and found.set_aside[messy / "odd/nowhere.jpg"] == "no such file"
    assert {path: path.read_bytes() for path in before} == before, "originals stay as they are"
    stored = json.loads(found.manifest.read_text())["files"]
    assert set(stored) == {path.relative_to(messy).as_posix() for path in files}


def test_all_that_can_be_read_is_trained_on_without_a_warning(messy):
    photos = datasets.load(messy)  # warnings are errors in these tests
    readable = [name for name, (_, expected) in KINDS.items() if not expected.startswith("set aside")]
    assert photos.counts() == {"odd": len(readable), "plain": 3}
    assert f"; {sum(KINDS[name][1] != 'kept' for name in readable)} repaired; " in photos.report
    assert "\n" not in photos.report and len(photos.set_aside) == len(KINDS) - len(readable) + 2
    pixels = np.concatenate([pixels for pixels, _ in datasets.batches(photos, size=32)])
    assert len(pixels) == len(photos)


def test_a_flood_of_bad_photos_is_one_line(messy):
    code = (f"from tllib import datasets; photos = datasets.load({str(messy)!r}); "
            "print(len([1 for batch in datasets.batches(photos, size=16)]), photos.report)")
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], text=True, capture_output=True, check=True,
                          env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert len(done.stdout.splitlines()) == 1 and "Warning" not in done.stderr, done.stderr


def test_repaired_copies_are_the_picture_in_plain_rgb(messy):
    found = cleaning.clean(messy, sorted((messy / "odd").iterdir()))
    for path, copy in found.usable.items():
        if path == copy:
            continue
        with Image.open(copy) as photo:
            assert photo.mode == "RGB" and not photo.getexif() and not getattr(photo, "is_animated", False)
            assert photo.format == {".png": "PNG", ".jpg": "JPEG"}[copy.suffix]
        if path.name not in ("damaged_inside.jpg", "palette.png"):  # reading these themselves warns
            np.testing.assert_allclose(images.load(copy), images.load(path), atol=6 if copy.suffix == ".jpg" else 0)
    assert images.load(found.usable[messy / "odd/turned.jpg"]).shape == (80, 60, 3), "upright"
    grey = images.load(found.usable[messy / "odd/16_bit.png"])
    np.testing.assert_array_equal(grey[..., 0], PHOTO[..., 0])


def test_huge_pictures_get_a_smaller_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(cleaning, "HUGE", 4000 * 1000)
    Image.fromarray(np.zeros((3000, 2000, 3), "uint8")).save(tmp_path / "huge.jpg")
    found = cleaning.clean(tmp_path, [tmp_path / "huge.jpg"])
    assert found.repaired == {tmp_path / "huge.jpg": "6 million pixels"}
    assert images.load(found.usable[tmp_path / "huge.jpg"]).shape == (2048, 2048, 3)


def test_the_manifest_is_trusted_until_a_file_changes(messy, monkeypatch):
    first = datasets.load(messy)
    looked = []
    look = cleaning._look
    monkeypatch.setattr(cleaning, "_look", lambda file, *rest: looked.append(file) or look(file, *rest))
    assert datasets.load(messy).paths == first.paths and not looked
    (messy / "plain/1.jpg").write_bytes(PNG)
    (messy / "plain/3.jpg").write_bytes(JPEG)
    os.utime(messy / "plain/2.jpg", ns=(1, 1))
    again = datasets.load(messy)
    assert sorted(path.name for path in looked) == ["1.jpg", "2.jpg", "3.jpg"]
    assert len(again) == len(first) + 1 and messy / "plain/1.jpg" not in again.paths
    looked.clear()
    next((messy / ".tllib/repaired/plain").iterdir()).unlink()
    datasets.load(messy)
    assert [path.name for path in looked] == ["1.jpg"], "a lost copy is made again"
    (messy / ".tllib/manifest.json").write_text("{ damaged")
    assert datasets.load(messy).paths == again.paths


def test_a_folder_that_cannot_be_written_is_cleaned_all_the_same(messy, monkeypatch, tmp_path):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "cache"))
    messy.chmod(0o555)
    try:
        photos = datasets.load(messy)
    finally:
        messy.chmod(0o755)
    assert not (messy / ".tllib").exists() and list((tmp_path / "cache/cleaned").glob("*/manifest.json"))
    assert all(Path(path).is_file() for path in photos.paths)


def test_irregular_files_of_oxford_pets(shared):
    folder = shared / "data/oxford_pets_irregular"
    found = cleaning.clean(folder, sorted(folder.glob("*.jpg")))
    assert {path.stem: reason.split(",")[0] for path, reason in found.repaired.items()} == {
        "Abyssinian_34": "GIF named .jpg", "Abyssinian_5": "PNG named .jpg"}
    assert not found.set_aside, "two that TensorFlow calls damaged are fine with this decoder"
    for copy in found.usable.values():
        assert images.load(copy, size=64).std() > 20
