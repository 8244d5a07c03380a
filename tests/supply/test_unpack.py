import io
import struct
import tarfile
import zipfile

from tests.supply.tree import tree
from tllib.supply.unpack import unpack_archive

import pytest

GOOD = "Photos/a.jpg"


def zipped(*entries, stored=True):
    """A zip of (name or ZipInfo, bytes)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((GOOD, b"good"), *entries):
            archive.writestr(name, content)
    return file.getvalue()


def tarred(*entries, mode="w:gz"):
    """A tar of (name, bytes) or of TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for entry in ((GOOD, b"good"), *entries):
            plain = not isinstance(entry, tarfile.TarInfo)
            info, content = (tarfile.TarInfo(entry[0]), entry[1]) if plain else (entry, b"")
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def special(kind, target=""):
    info = tarfile.TarInfo("Photos/special")
    info.type, info.linkname = kind, target
    return info


def zip_link(target):
    info = zipfile.ZipInfo("Photos/link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info, target.encode()


def locked():
    content = bytearray(zipped(("Photos/b.jpg", b"x")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.rindex(signature) + offset
        content[at:at + 2] = struct.pack("<H", 1)
    return bytes(content)


def raw_name(name, raw):
    """A zip in whose headers `name` was overwritten, for names that zipfile would not write."""
    return zipped((name, b"x")).replace(name.encode(), raw)


ELSEWHERE = "leads elsewhere or can't be written"
HOSTILE = {
    "absolute path": (zipped(("/tllib-outside", b"x")), ELSEWHERE),
    "absolute path, tar": (tarred(("/tllib-outside", b"x")), ELSEWHERE),
    "up and out": (zipped(("../outside", b"x")), ELSEWHERE),
    "up and out, tar": (tarred(("../outside", b"x")), ELSEWHERE),
    "up from inside": (zipped(("Photos/../../outside", b"x")), ELSEWHERE),
    "up from inside, tar": (tarred(("Photos/a/../../../outside", b"x")), ELSEWHERE),
    "backslashes": (zipped(("Photos\\..\\..\\outside", b"x")), ELSEWHERE),
    "backslashes, tar": (tarred(("Photos\\outside", b"x")), ELSEWHERE),
    "drive": (zipped(("C:/outside", b"x")), ELSEWHERE),
    "other stream of a file": (zipped(("Photos/a.jpg:hidden", b"x")), ELSEWHERE),
    "NUL in the name": (raw_name("Photos/b.jpg_outside", b"Photos/b.jpg\x00outside"), ELSEWHERE),
    "device name of Windows": (zipped(("Photos/con.jpg", b"x")), ELSEWHERE),
    "device name of Windows, tar": (tarred(("Photos/LPT1", b"x")), ELSEWHERE),
    "dot at the end": (zipped(("Photos/b.", b"x")), ELSEWHERE),
    "space at the end": (tarred(("Photos/b ", b"x")), ELSEWHERE),
    "newline": (tarred(("Photos/b\n.jpg", b"x")), ELSEWHERE),
    "empty part": (zipped(("Photos//b.jpg", b"x")), ELSEWHERE),
    "long name": (tarred(("Photos/" + "b" * 300, b"x")), ELSEWHERE),
    "symbolic link": (tarred(special(tarfile.SYMTYPE, "/etc/passwd")), "is a link, refused"),
    "symbolic link, zip": (zipped(zip_link("/etc/passwd")), "is a link, refused"),
    "hard link": (tarred(special(tarfile.LNKTYPE, "/etc/passwd")), "is a link, refused"),
    "device": (tarred(special(tarfile.CHRTYPE)), "is a device or other special file"),
    "block device": (tarred(special(tarfile.BLKTYPE)), "is a device or other special file"),
    "pipe": (tarred(special(tarfile.FIFOTYPE)), "is a device or other special file"),
    "password": (locked(), "locked with a password"),
    "too many files": (zipped(*((f"Photos/{n}.jpg", b"") for n in range(200))), "more than 100 files"),
    "too many files, tar": (tarred(*((f"Photos/{n}.jpg", b"") for n in range(200))), "more than 100 files"),
    "bomb": (zipped(("Photos/b.jpg", bytes(10**7)), stored=False), "more than 1,000,000 bytes unpacked"),
    "bomb, tar": (tarred(("Photos/b.jpg", bytes(10**7))), "more than 1,000,000 bytes unpacked"),
    "bomb in pieces": (tarred(*((f"Photos/{n}.jpg", bytes(10**5)) for n in range(50))), "more than 1,000,000 bytes"),
    "the same name twice": (tarred((GOOD, b"other")), "is there twice"),
    "names that differ in case": (zipped(("Photos/A.JPG", b"other")), "is there twice"),
    "cut short": (zipped(("Photos/b.jpg", bytes(5000)))[:3000], "is damaged"),
    "cut short, tar": (tarred(("Photos/b.jpg", bytes(range(256)) * 99))[:150], "is damaged"),
    "damaged inside": (zipped(("Photos/b.jpg", b"x" * 50)).replace(b"x" * 50, b"y" * 50), "is damaged"),
    "no archive": (b"<html>Not found</html>", "is damaged"),
    "empty file": (b"", "is damaged"),
}


@pytest.mark.parametrize("content, message", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_is_written(tmp_path, content, message):
    inside = tmp_path / "one/data/pets"
    inside.mkdir(parents=True)
    (tmp_path / "archive").write_bytes(content)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        unpack_archive(tmp_path / "archive", inside / "Photos", max_files=100, max_bytes=1_000_000)
    assert tree(tmp_path) == before


def test_an_archive_without_the_folder(tmp_path):
    (tmp_path / "x.zip").write_bytes(zipped())
    with pytest.raises(ValueError, match=r"x\.zip holds no folder 'images'"):
        unpack_archive(tmp_path / "x.zip", tmp_path / "images", max_files=100, max_bytes=1000)


@pytest.mark.parametrize("content", [
    zipped(("Photos/deep/er/b.jpg", b"more"), ("else/c.jpg", b"not wanted"), ("Photos/._a.jpg", b"macOS")),
    tarred(("Photos/deep/er/b.jpg", b"more"), ("else/c.jpg", b"not wanted"), ("Photos/._a.jpg", b"macOS")),
    tarred(("./Photos/deep/er/b.jpg", b"more"), mode="w"), tarred(("Photos/deep/er/b.jpg", b"more"), mode="w:bz2"),
    tarred(("Photos/deep/er/b.jpg", b"more"), mode="w:xz"),
], ids=["zip", "tar.gz", "tar with ./", "tar.bz2", "tar.xz"])
def test_a_good_archive_is_unpacked_whole(tmp_path, content):
    (tmp_path / "archive").write_bytes(content)
    unpack_archive(tmp_path / "archive", tmp_path / "Photos", max_files=100, max_bytes=1000)
    files = {name: data for name, data in tree(tmp_path / "Photos").items() if data is not None}
    assert files == {"a.jpg": b"good", "deep/er/b.jpg": b"more"}


def test_what_an_interrupted_run_left_is_not_trusted(tmp_path):
    (tmp_path / ".unpacking-Photos/Photos").mkdir(parents=True)
    (tmp_path / ".unpacking-Photos/Photos/a.jpg").write_bytes(b"half")
    (tmp_path / ".unpacking-Photos/Photos/old.jpg").write_bytes(b"old")
    (tmp_path / "archive").write_bytes(zipped())
    unpack_archive(tmp_path / "archive", tmp_path / "Photos", max_files=100, max_bytes=1000)
    assert tree(tmp_path / "Photos") == {"a.jpg": b"good"}
