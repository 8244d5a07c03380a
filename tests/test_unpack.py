import io
import struct
import tarfile
import zipfile
from pathlib import Path

from tests.tree import tree
from tllib.unpack import unpack_archive

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


REFUSED = {
    "up from inside, tar": (tarred(("Photos/a/../../../outside", b"x")), "leads elsewhere, refused"),
    "long name": (tarred(("Photos/" + "b" * 300, b"x")), "can't be written here"),
    "symbolic link": (tarred(special(tarfile.SYMTYPE, "/etc/passwd")), "is a link or a device, refused"),
    "hard link": (tarred(special(tarfile.LNKTYPE, "/etc/passwd")), "is a link or a device, refused"),
    "device": (tarred(special(tarfile.CHRTYPE)), "is a link or a device, refused"),
    "block device": (tarred(special(tarfile.BLKTYPE)), "is a link or a device, refused"),
    "pipe": (tarred(special(tarfile.FIFOTYPE)), "is a link or a device, refused"),
    "password": (locked(), "password"),
    "too many files": (zipped(*((f"Photos/{n}.jpg", b"") for n in range(200))), "more than 100 files"),
    "too many files, tar": (tarred(*((f"Photos/{n}.jpg", b"") for n in range(200))), "more than 100 files"),
    "bomb": (zipped(("Photos/b.jpg", bytes(10**7)), stored=False), "or 1,000,000 bytes"),
    "bomb, tar": (tarred(("Photos/b.jpg", bytes(10**7))), "or 1,000,000 bytes"),
    "bomb in pieces": (tarred(*((f"Photos/{n}.jpg", bytes(10**5)) for n in range(50))), "or 1,000,000 bytes"),
    "cut short": (zipped(("Photos/b.jpg", bytes(5000)))[:3000], "is damaged"),
    "cut short, tar": (tarred(("Photos/b.jpg", bytes(range(256)) * 99))[:150], "is damaged"),
    "damaged inside": (zipped(("Photos/b.jpg", b"x" * 50)).replace(b"x" * 50, b"y" * 50), "is damaged"),
    "a file where a folder is": (zipped(("Photos/a.jpg/b.jpg", b"x")), "can't be written here"),
    "no archive": (b"<html>Not found</html>", "is damaged"),
    "empty file": (b"", "is damaged"),
}
CONTAINED = {  # nothing outside, no link; what else is in them may come along
    "absolute path": zipped(("/tllib-outside", b"x")),
    "absolute path, tar": tarred(("/tllib-outside", b"x")),
    "up and out": zipped(("../outside", b"x")),
    "up and out, tar": tarred(("../outside", b"x")),
    "up from inside": zipped(("Photos/../../outside", b"x")),
    "backslashes": zipped(("Photos\\..\\..\\outside", b"x")),
    "backslashes, tar": tarred(("Photos\\outside", b"x")),
    "drive": zipped(("C:/outside", b"x")),
    "other stream of a file": zipped(("Photos/a.jpg:hidden", b"x")),
    "NUL in the name": raw_name("Photos/b.jpg_outside", b"Photos/b.jpg\x00outside"),
    "device name of Windows": zipped(("Photos/con.jpg", b"x")),
    "device name of Windows, tar": tarred(("Photos/LPT1", b"x")),
    "dot at the end": zipped(("Photos/b.", b"x")),
    "space at the end": tarred(("Photos/b ", b"x")),
    "newline": tarred(("Photos/b\n.jpg", b"x")),
    "empty part": zipped(("Photos//b.jpg", b"x")),
    "symbolic link, zip": zipped(zip_link("/etc/passwd")),
    "the same name twice": tarred((GOOD, b"good")),
    "names that differ in case": zipped(("Photos/A.JPG", b"other")),
}


@pytest.mark.parametrize("content, message", REFUSED.values(), ids=REFUSED)
def test_a_hostile_archive_is_refused_and_nothing_is_written(tmp_path, content, message):
    inside = tmp_path / "one/data/pets"
    inside.mkdir(parents=True)
    (tmp_path / "archive").write_bytes(content)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        unpack_archive(tmp_path / "archive", inside / "Photos", max_files=100, max_bytes=1_000_000)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("content", CONTAINED.values(), ids=CONTAINED)
def test_an_odd_archive_writes_plain_files_inside_and_nothing_outside(tmp_path, content):
    inside = tmp_path / "one/data/pets"
    inside.mkdir(parents=True)
    (tmp_path / "archive").write_bytes(content)
    unpack_archive(tmp_path / "archive", inside / "Photos", max_files=100, max_bytes=1_000_000)
    assert [path.name for path in inside.iterdir()] == ["Photos"] and (inside / "Photos/a.jpg").read_bytes() == b"good"
    outside = [path for path in tmp_path.rglob("*") if inside not in path.parents and path.is_file()]
    assert outside == [tmp_path / "archive"] and not (tmp_path.parent / "outside").exists()
    assert not any(path.is_symlink() for path in inside.rglob("*")) and not Path("/tllib-outside").exists()


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


def test_tar_files_are_unpacked_by_early_versions_of_python_too(tmp_path, monkeypatch):
    """3.11.0 to 3.11.3, that of Debian 12 among them, know no `filter`."""
    monkeypatch.delattr(tarfile, "data_filter")
    monkeypatch.setattr(tarfile.TarFile, "extract", lambda self, member, path: pytest.fail("would need a filter"))
    folder = tarfile.TarInfo("Photos/empty")
    folder.type = tarfile.DIRTYPE
    (tmp_path / "archive").write_bytes(tarred(("Photos/deep/b.jpg", b"more"), folder))
    unpack_archive(tmp_path / "archive", tmp_path / "Photos", max_files=100, max_bytes=1_000_000)
    assert tree(tmp_path / "Photos") == {"a.jpg": b"good", "deep": None, "deep/b.jpg": b"more", "empty": None}
