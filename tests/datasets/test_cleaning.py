import errno
import io
import os
import re
import struct
import subprocess
import sys
import zlib
from contextlib import suppress

from tllib import datasets, images
from tllib.datasets import cleaning

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


def heic():
    """A photo as a phone stores it: lying on its side, with a property of HEIC and a tag of EXIF that say so."""
    images.heic_reader()
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(np.tile(PHOTO, (4, 4, 1)), "HEIF", quality=90, exif=exif.tobytes())


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


JPEG, PNG, HEIC = saved(PHOTO, "JPEG"), saved(PHOTO, "PNG"), heic()
KINDS = {  # file name: (content, "kept" or why it can't be used)
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
    "bmp_named.jpg": (saved(PHOTO, "BMP"), "kept"),
    "png_named.jpg": (PNG, "kept"),
    "gif_named.jpg": (saved(PHOTO, "GIF"), "kept"),
    "webp_named.jpeg": (saved(PHOTO, "WEBP"), "kept"),
    "tiff_named.png": (saved(PHOTO, "TIFF"), "kept"),
    "jpeg_named.png": (JPEG, "kept"),
    "cmyk.jpg": (saved(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"), "kept"),
    "rgba.png": (saved(Image.fromarray(PHOTO).convert("RGBA"), "PNG"), "kept"),
    "grey_alpha.png": (saved(Image.fromarray(PHOTO).convert("LA"), "PNG"), "kept"),
    "palette.png": (palette_with_transparency(), "kept"),
    "transparent.png": (saved(PHOTO, "PNG", transparency=(0, 0, 0)), "kept"),
    "16_bit.png": (saved(PHOTO[..., 0].astype("uint16") * 257, "PNG"), "kept"),
    "turned.jpg": (turned(), "kept"),
    "turned.heic": (HEIC, "kept"),
    "heic_named.jpg": (HEIC, "kept"),
    "animated.gif": (animated("GIF"), "kept"),
    "animated.webp": (animated("WEBP"), "kept"),
    "damaged_inside.jpg": (damaged_inside(), "kept"),
    "bytes_after.jpg": (JPEG + b"trailing note", "kept"),
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"no photo at all", "no picture, or of a format"),
    "html.jpg": (b"<html><body>404 Not Found</body></html>", "no picture, or of a format"),
    "header_only.jpg": (JPEG[:20], ".*"),
    "half.jpg": (JPEG[:len(JPEG) // 2], ".*[Tt]runcated"),
    "half.png": (PNG[:len(PNG) // 2], ".*"),
    "wrong_sum.png": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], ".*"),
    "zip.jpg": (b"PK\x03\x04" + bytes(200), "no picture, or of a format"),
    "zeros.jpg": (bytes(5000), "no picture, or of a format"),
    "bomb.png": (bomb(), ".*(exceeds limit|pixels)"),
    "half.heic": (HEIC[:len(HEIC) // 2], "a HEIC photo that is damaged or cut short"),
    "header_only.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC photo that is damaged or cut short"),
    "film.mp4.heic": (b"\0\0\0\x18ftypisom" + bytes(100), "no picture, or of a format"),
}


@pytest.fixture
def messy(tmp_path):
    for name, (content, _) in KINDS.items():
        path = tmp_path / "mine/odd" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with suppress(OSError):  # Windows allows it to developers only
        (tmp_path / "mine/odd/nowhere.jpg").symlink_to("nothing")
    for number in range(3):
        (tmp_path / f"mine/plain/{number}.jpg").parent.mkdir(exist_ok=True)
        (tmp_path / f"mine/plain/{number}.jpg").write_bytes(JPEG)
    return tmp_path / "mine"


def test_every_kind_is_kept_or_left_out_with_a_reason(messy):
    files = sorted((messy / "odd").iterdir())
    before = {path: path.read_bytes() for path in files if path.is_file()}
    reasons = cleaning.unusable(messy, files)
    for name, (_, expected) in KINDS.items():
        got = reasons.get(messy / "odd" / name, "kept")
        assert re.match(expected, got), f"{name}: {got}"
    assert reasons.get(messy / "odd/nowhere.jpg", "no such file") == "no such file"
    assert {path: path.read_bytes() for path in before} == before, "they stay as they are"
    assert sorted((messy / "odd").iterdir()) == files and not (messy / ".tllib").exists()


def test_all_that_can_be_read_is_trained_on_without_a_warning(messy):
    photos = datasets.load(messy)  # warnings are errors in these tests
    readable = [name for name, (_, expected) in KINDS.items() if expected == "kept"]
    assert photos.counts() == {"odd": len(readable), "plain": 3}
    assert "\n" not in photos.report and len(photos.set_aside) == len(KINDS) - len(readable) + 1
    assert f"; {len(photos.set_aside)} set aside: " in photos.report
    pixels = np.concatenate([pixels for pixels, _ in datasets.batches(photos, size=32)])
    assert len(pixels) == len(photos)


def test_a_flood_of_bad_photos_is_one_line(messy):
    code = (f"from tllib import datasets; photos = datasets.load({str(messy)!r}); "
            "print(len([1 for batch in datasets.batches(photos, size=16)]), photos.report)")
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], text=True, capture_output=True, check=True,
                          env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert len(done.stdout.splitlines()) == 1 and "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["bmp_named.jpg", "png_named.jpg", "jpeg_named.png", "tiff_named.png", "cmyk.jpg",
                                  "rgba.png", "animated.webp"])
def test_unusual_files_are_read_as_what_they_show(messy, name):
    loss = 12 if name in ("cmyk.jpg", "jpeg_named.png", "animated.webp") else 0  # these formats lose a little
    difference = np.abs(images.load(messy / "odd" / name).astype(int) - PHOTO)
    assert np.percentile(difference, 99) <= loss


def test_turned_and_16_bit_photos(messy):
    assert images.load(messy / "odd/turned.jpg").shape == (80, 60, 3), "upright"
    assert images.load(messy / "odd/turned.heic").shape == (320, 240, 3), "upright, once"
    np.testing.assert_array_equal(images.load(messy / "odd/16_bit.png")[..., 0], PHOTO[..., 0])


def test_photos_of_a_phone_are_read_and_reported_beside_others(tmp_path):
    for name, content in {"cat/1.heic": HEIC, "cat/2.HEIC": HEIC[:-99], "dog/1.heif": HEIC, "dog/2.jpg": JPEG}.items():
        (tmp_path / "phone" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "phone" / name).write_bytes(content)
    photos = datasets.load(tmp_path / "phone")
    assert photos.report == ("phone: 3 photos, 2 classes (cat 1, dog 2); 1 set aside: cat/2.HEIC (a HEIC photo that is "
                             "damaged or cut short)")
    (pixels, labels), = datasets.batches(photos, size=60)
    upright = np.rot90(np.tile(PHOTO, (4, 4, 1)), -1)
    assert labels.tolist() == [0, 1, 1]
    for phone in pixels[:2]:
        assert np.abs(phone - images.crop_resize(upright, 60)).mean() < 4


@pytest.fixture
def looked(monkeypatch):
    """Names of the files that are decoded."""
    names, look = [], cleaning._look
    monkeypatch.setattr(cleaning, "_look", lambda file, white: (
        file.is_file() and names.append(file.name)) or look(file, white))
    return names


def test_a_file_is_decoded_again_only_when_it_changes(messy, looked, tmp_path, monkeypatch):
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "cache"))
    first = datasets.load(messy)
    looked.clear()
    assert datasets.load(messy).paths == first.paths and not looked
    (messy / "plain/1.jpg").write_bytes(PNG[:60])
    (messy / "plain/3.jpg").write_bytes(JPEG)
    os.utime(messy / "plain/2.jpg", ns=(1, 1))
    again = datasets.load(messy)
    assert sorted(looked) == ["1.jpg", "2.jpg", "3.jpg"]
    assert len(again) == len(first) and messy / "plain/1.jpg" in again.set_aside
    record, = (tmp_path / "cache/photos").glob("*.json")
    record.write_text("{ damaged")
    assert datasets.load(messy).paths == again.paths


def test_another_judge_looks_again(messy, looked, monkeypatch):
    datasets.load(messy)
    looked.clear()
    monkeypatch.setitem(Image.OPEN, "FUTURE", Image.OPEN["PNG"])  # somebody registered a reader
    datasets.load(messy)
    assert len(looked) == len(KINDS) + 3


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), OSError(errno.EMFILE, "Too many open "
                                   "files"), PermissionError(errno.EACCES, "Permission denied"), MemoryError()])
def test_an_error_that_may_pass_is_reported_and_not_kept(messy, monkeypatch, error):
    with monkeypatch.context() as patch:
        load = images.load

        def failing(path, **options):
            if path.name == "1.jpg":
                raise error
            return load(path, **options)

        patch.setattr(images, "load", failing)
        photos = datasets.load(messy)
        assert photos.counts()["plain"] == 2 and "can't be read now" in photos.set_aside[messy / "plain/1.jpg"]
    assert datasets.load(messy).counts()["plain"] == 3


def test_irregular_files_of_oxford_pets(shared):
    folder = shared / "data/oxford_pets_irregular"
    files = sorted(folder.glob("*.jpg"))
    assert not cleaning.unusable(folder, files), "two that TensorFlow calls damaged are fine with this decoder"
    for file in files:
        assert images.load(file, size=64).std() > 20
