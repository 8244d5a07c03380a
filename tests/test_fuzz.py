"""Ten thousand damaged picture files, seeded: each is read, or refused with a reason; none hangs or eats the memory."""

import io
import sys
import time

from tllib import images

import numpy as np
import pytest
from PIL import Image

resource = pytest.importorskip("resource", reason="memory can't be watched on this system")
FILES = 10_000


def sound():
    """Small pictures in every format that Pillow writes here, as bytes."""
    random = np.random.default_rng(0)
    photo = Image.fromarray(random.integers(0, 256, (24, 32, 3), "uint8"))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    deep = Image.fromarray(random.integers(0, 65536, (24, 32)).astype("uint16"))
    floats = Image.fromarray(random.random((24, 32)).astype("float32"))
    wanted = [("JPEG", photo, {}), ("JPEG", photo, {"progressive": True}), ("JPEG", photo.convert("L"), {}),
              ("JPEG", photo.convert("CMYK"), {}), ("JPEG", photo, {"exif": exif}), ("PNG", photo, {}),
              ("PNG", photo.quantize(16), {}), ("PNG", photo.convert("RGBA"), {"exif": exif}), ("PNG", deep, {}),
              ("GIF", photo, {"save_all": True, "append_images": [photo]}), ("BMP", photo, {}), ("WEBP", photo, {}),
              ("WEBP", photo, {"lossless": True}), ("TIFF", photo, {}), ("TIFF", photo, {"compression": "tiff_lzw"}),
              ("TIFF", floats, {}), ("PPM", photo, {}), ("TGA", photo, {}), ("PCX", photo, {}), ("ICO", photo, {}),
              ("JPEG2000", photo, {}), ("SGI", photo, {}), ("DDS", photo, {}), ("MPO", photo, {}), ("AVIF", photo, {})]
    for kind, picture, options in wanted:
        file = io.BytesIO()
        try:
            picture.save(file, kind, **options)
        except (KeyError, OSError):  # not in this build of Pillow
            continue
        yield file.getvalue()


def damaged(content, random):
    """Cut short, bits turned, bytes lost, doubled, set to 0 or 255: one to four of these."""
    content = bytearray(content)
    for _ in range(random.integers(1, 5)):
        at, length = int(random.integers(len(content) or 1)), int(random.integers(1, 40))
        way = random.integers(6)
        if way == 0:
            del content[at:]
        elif way == 1:
            del content[at:at + length]
        elif way == 2:
            content[at:at] = content[at:at + length]
        elif way == 3:
            content[at:at + length] = bytes([0 if random.integers(2) else 255]) * len(content[at:at + length])
        else:
            for place in random.integers(len(content) or 1, size=3):
                content[place:place + 1] = bytes([int(random.integers(256))])
    return bytes(content)


@pytest.mark.filterwarnings("ignore")
def test_no_damaged_file_escapes(tmp_path):
    good, random, path = list(sound()), np.random.default_rng(1), tmp_path / "file.jpg"
    assert len(good) >= 18
    read = refused = 0
    slowest, before = 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(FILES):
        path.write_bytes(damaged(good[number % len(good)], random))
        began = time.process_time()
        try:
            picture = images.load(path, size=16)
        except ValueError as error:  # any other escapes, and fails the test
            assert str(error).startswith(f"{path} cannot be read as a picture: ")
            refused += 1
        else:
            assert picture.shape == (16, 16, 3) and picture.dtype == np.uint8
            read += 1
        slowest = max(slowest, time.process_time() - began)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1e9 if sys.platform == "darwin" else 1e6)
    assert read > FILES / 10 and refused > FILES / 10 and slowest < 20 and grown < 3, (read, refused, slowest, grown)
