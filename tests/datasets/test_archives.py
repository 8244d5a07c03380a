import errno
import hashlib
import io
import multiprocessing
import os
import random
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace

from tests.faulty_server import serving
from tests.tree import tree
from tllib import datasets, download
from tllib.datasets.sources import SOURCES, Archive, Source

import numpy as np
import pytest
from PIL import Image


def jpeg(seed, side=48):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), "uint8")).save(file, "JPEG")
    return file.getvalue()


def packed(count=6, side=48):
    """A small data set as a zip: two classes, one empty file, one PNG that is called .jpg, a stray note."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            name = f"Photos/{('Cat', 'Dog')[number % 2]}/{number}.jpg"
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), jpeg(number, side))
        png = io.BytesIO()
        Image.new("RGBA", (40, 40), (200, 100, 50, 255)).save(png, "PNG")
        archive.writestr(zipfile.ZipInfo("Photos/Cat/odd.jpg", (2020, 1, 2, 3, 4, 6)), png.getvalue())
        archive.writestr(zipfile.ZipInfo("Photos/Dog/empty.jpg", (2020, 1, 2, 3, 4, 6)), b"")
        archive.writestr("readme.txt", b"left in the archive")
    return file.getvalue()


def source(content, *urls):
    return Source(title="Small Pets", layout="by_class", folder="Photos", classes={"species": 2}, photos={"all": 8},
                  licence="CC0", citation="a test", page="https://example.org/pets", archives=(Archive(
                      urls=urls, size=len(content), sha256=hashlib.sha256(content).hexdigest(), holds="Photos",
                      max_files=1000, max_bytes=100_000_000),))


@pytest.fixture
def small(monkeypatch):
    """Register the small data set under given addresses; quick about waiting."""
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.setattr(download, "STALL", 0.3)
    monkeypatch.delenv("TLLIB_OFFLINE", raising=False)
    content = packed()

    def register(*urls, **changes):
        row = source(content, *urls)
        row = replace(row, archives=(replace(row.archives[0], **changes),))
        monkeypatch.setitem(SOURCES, "small", row)
    register.content = content
    return register


def is_whole(root, content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        expected = {name: archive.read(name) for name in archive.namelist() if name.startswith("Photos/")}
    found = {name: data for name, data in tree(root / "small").items() if data is not None}
    return found == expected and set(os.listdir(root)) == {"small", ".small.lock"}


FAULTS = {  # what the server does, request by request
    "sound": [{}],
    "cut, no ranges": [{"cut": 4000, "ranges": False}, {"ranges": False}],
    "stalls once": [{"stall": 3000}, {}],
    "stalls at once": [{"stall": 0}, {}],
    "500, then fine": [{"status": 500}, {}],
    "429, then fine": [{"status": 429}, {}],
    "503 twice": [{"status": 503}, {"status": 503}, {}],
    "cut every 2 kB": [{"cut": 2000}],
}


@pytest.mark.parametrize("steps", FAULTS.values(), ids=FAULTS)
def test_one_server_with_faults_that_pass(small, tmp_path, steps):
    with serving({"p.zip": small.content}, {"p.zip": steps}) as server:
        small(server.url + "p.zip")
        assert datasets.fetch("small", root=tmp_path, ask=False) == tmp_path / "small"
    assert is_whole(tmp_path, small.content)


@pytest.mark.parametrize("count", [1, 5000, 10**6])
def test_a_part_of_something_else_is_thrown_away(small, tmp_path, count):
    (tmp_path / ".downloads").mkdir()
    (tmp_path / ".downloads/p.zip.part").write_bytes(b"x" * count)
    with serving({"p.zip": small.content}) as server:
        small(server.url + "p.zip")
        datasets.fetch("small", root=tmp_path, ask=False)
    assert is_whole(tmp_path, small.content)


@pytest.mark.parametrize("seed", range(20))
def test_connection_cut_at_a_random_byte_is_taken_up_there(small, tmp_path, seed):
    cut = random.Random(seed).randrange(1, len(small.content))
    with serving({"p.zip": small.content}, {"p.zip": [{"cut": cut}, {}]}) as server:
        small(server.url + "p.zip")
        datasets.fetch("small", root=tmp_path, ask=False)
        assert [wanted for _, wanted in server.asked] == [None, f"bytes={cut}-"]
    assert is_whole(tmp_path, small.content)


def spoiled(content):
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


@pytest.mark.parametrize("fault, reason", [
    ({"status": 404}, "404"), ({"status": 403}, "403"), ({"status": 500}, "500"), ({"stall": 0}, "no answer in time"),
    ({"cut": 0}, "the connection was cut"), ("short", "it offers .* bytes, expected"),
    ("long", "it offers .* bytes, expected"), ("spoiled", "SHA-256 .*…, expected .*…"), ("dead", "no connection"),
], ids=str)
def test_first_mirror_fails_second_serves_and_all_dead_is_one_clear_message(small, tmp_path, fault, reason):
    content = small.content
    wrong = {"short": content[:-1], "long": content + b"x", "spoiled": spoiled(content)}
    steps = [fault if isinstance(fault, dict) else {"content": wrong.get(fault, content)}]
    with serving({"p.zip": content, "b/p.zip": content}, {"p.zip": steps}) as server:
        first = "http://127.0.0.1:9/p.zip" if fault == "dead" else server.url + "p.zip"
        small(first, server.url + "b/p.zip")
        datasets.fetch("small", root=tmp_path / "two", ask=False)
        assert is_whole(tmp_path / "two", content)
        small(first)
        message = rf"(?s)p\.zip could not be fetched:.*{reason}.*by hand.*1\..*2\..*3\."
        with pytest.raises(ConnectionError, match=message) as error:
            datasets.fetch("small", root=tmp_path / "one", ask=False)
        assert str(tmp_path / "one") in str(error.value) and "https://example.org/pets" in str(error.value)
        assert not (tmp_path / "one/small").exists() and not list((tmp_path / "one").glob("*.zip"))
        with pytest.raises(FileNotFoundError, match="is not at"):
            datasets.load("small", root=tmp_path / "one")
        small(server.url + "b/p.zip")  # nothing that the failure left behind is in the way
        datasets.fetch("small", root=tmp_path / "one", ask=False)
        assert is_whole(tmp_path / "one", content)


@pytest.fixture
def small_cats(monkeypatch):
    """The small real set as a server would have it: its layout, its counts, photos of a few pixels."""
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.delenv("TLLIB_OFFLINE", raising=False)
    photo, file = jpeg(0, 8), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, count in (("train", 1000), ("validation", 500)):
            for kind in ("cats", "dogs"):
                for number in range(count):
                    archive.writestr(f"cats_and_dogs_filtered/{part}/{kind}/{kind[:3]}.{number}.jpg", photo)
        archive.writestr("cats_and_dogs_filtered/vectorize.py", "print('not a photo, and not run')")
    content, row = file.getvalue(), SOURCES["cats_vs_dogs_small"]

    def register(url):
        monkeypatch.setitem(SOURCES, "cats_vs_dogs_small", replace(row, archives=(
            replace(row.archives[0], urls=(url,), size=len(content)),)))
    return register, content


def test_real_photos_in_a_minute(small_cats, tmp_path):
    register, content = small_cats
    name = "cats_and_dogs_filtered.zip"
    with serving({name: content}, {name: [{"cut": 40_000}, {}]}) as server:
        register(server.url + name)
        datasets.fetch("cats_vs_dogs_small", root=tmp_path, ask=False)
        assert [wanted for _, wanted in server.asked] == [None, "bytes=40000-"], "taken up where it broke"
    train, test = (datasets.load("cats_vs_dogs_small", root=tmp_path, split=part) for part in ("train", "validation"))
    assert train.counts() == {"Cat": 1000, "Dog": 1000} and test.counts() == {"Cat": 500, "Dog": 500}
    whole = datasets.load("cats_vs_dogs_small", root=tmp_path)
    assert len(whole) == 3000 and "1 that are no pictures: .py 1" in whole.report
    instead = datasets.load("cats_vs_dogs", root=tmp_path, fallback=("cats_vs_dogs_small", "pets"))
    assert instead.paths == whole.paths
    assert instead.report.startswith("Cats vs Dogs is not on this machine. Cats vs Dogs, small: 3000 photos")


@pytest.mark.parametrize("damage", ["one bit", "short"])
def test_without_a_published_hash_size_and_checksums_decide(small_cats, tmp_path, damage):
    register, content = small_cats
    at = content.index(b"\xff\xd8") + 300
    bad = content[:-9] if damage == "short" else content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]
    with serving({"x.zip": bad}) as server:
        register(server.url + "x.zip")
        with pytest.raises((ConnectionError, ValueError), match=r"it offers .* expected|x\.zip is damaged"):
            datasets.fetch("cats_vs_dogs_small", root=tmp_path, ask=False)
    assert not (tmp_path / "cats_vs_dogs_small/cats_and_dogs_filtered").exists()


def test_redirects_are_followed(small, tmp_path):
    with serving({"p.zip": b"", "real.zip": small.content}, {"p.zip": [{"redirect": "real.zip"}]}) as server:
        small(server.url + "p.zip")
        datasets.fetch("small", root=tmp_path, ask=False)
    assert is_whole(tmp_path, small.content)


def test_truncated_archive_with_a_matching_hash_is_refused_and_not_unpacked(small, tmp_path):
    cut = small.content[:len(small.content) // 2]
    with serving({"p.zip": cut}) as server:
        small(server.url + "p.zip", size=len(cut), sha256=hashlib.sha256(cut).hexdigest())
        with pytest.raises(ValueError, match=r"p\.zip is damaged"):
            datasets.fetch("small", root=tmp_path, ask=False)
    assert not (tmp_path / "small/Photos").exists()


def test_what_is_there_is_not_asked_for_again(small, tmp_path):
    with serving({"p.zip": small.content}) as server:
        small(server.url + "p.zip")
        for _ in range(3):
            datasets.fetch("small", root=tmp_path, ask=False)
        assert len(server.asked) == 1


def test_there_is_nothing_to_fetch_of_what_comes_along_or_is_drawn_here(tmp_path):
    with pytest.raises(ValueError, match=r"'drawn_digits' has nothing to fetch: drawn by tllib"):
        datasets.fetch("drawn_digits", root=tmp_path)
    with pytest.raises(ValueError, match=r"'pets' has nothing to fetch: 418 photos .* is enough"):
        datasets.fetch("pets", root=tmp_path)


def test_offline_never_opens_a_socket(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("TLLIB_OFFLINE", "1")
    monkeypatch.setattr("socket.socket", None)
    with pytest.raises(ConnectionError, match=r"(?s)TLLIB_OFFLINE=1 forbids.*put them, still packed, into"):
        datasets.fetch("small", root=tmp_path, ask=False)
    (tmp_path / "p.zip").write_bytes(small.content)
    datasets.fetch("small", root=tmp_path, ask=False)  # brought by hand: no socket needed
    assert (tmp_path / "small/Photos").is_dir()


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_every_way_to_say_offline(small, tmp_path, monkeypatch, value):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("TLLIB_OFFLINE", value)
    monkeypatch.setattr("socket.socket", None)
    with pytest.raises(ConnectionError, match="forbids"):
        datasets.fetch("small", root=tmp_path, ask=False)


WRONG_SURROUNDINGS = [
    ("NO_PROXY", "localhost,fe80::/10"), ("no_proxy", "localhost,fe80::/10"), ("HTTP_PROXY", "gopher://x"),
    ("HTTP_PROXY", "http://proxy:port"), ("https_proxy", "ftp://127.0.0.1:9"), ("ALL_PROXY", "socks4://127.0.0.1:9"),
    ("ALL_PROXY", "http://[::1"), ("SSL_CERT_FILE", "nowhere.pem"), ("SSL_CERT_FILE", "."),
    ("SSLKEYLOGFILE", "nowhere/keys.log"),
]


@pytest.mark.parametrize("name, value", WRONG_SURROUNDINGS)
def test_what_the_environment_says_wrongly_is_named_with_the_steps_by_hand(small, tmp_path, monkeypatch, name, value):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("NO_PROXY" if name == "no_proxy" else "HTTPS_PROXY", "")
    monkeypatch.setenv(name, value)
    message = rf"(?s)p\.zip could not be fetched: no connection .* {name}={re.escape(repr(value))} .*by hand:\n1\..*3\."
    with pytest.raises(ConnectionError, match=message):
        datasets.fetch("small", root=tmp_path, ask=False)
    assert os.environ[name] == value


def test_only_the_variable_that_is_wrong_is_named_and_no_password_is_shown(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:secret@127.0.0.1:9")
    with pytest.raises(ConnectionError, match="HTTP_PROXY='gopher://…@127") as error:
        datasets.fetch("small", root=tmp_path, ask=False)
    assert "secret" not in str(error.value) and "NO_PROXY" not in str(error.value)


def test_two_wrong_variables_are_both_named(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("NO_PROXY", "fe80::/10")
    monkeypatch.setenv("HTTP_PROXY", "gopher://x")
    with pytest.raises(ConnectionError, match=r"HTTP_PROXY='gopher://x', NO_PROXY='fe80::/10'"):
        datasets.fetch("small", root=tmp_path, ask=False)


def test_a_proxy_that_cannot_be_spoken_to_is_said(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"(?i)p\.zip.*(socks|connection)"):
        datasets.fetch("small", root=tmp_path, ask=False)


def test_a_proxy_that_refuses_is_said(small, tmp_path, monkeypatch):
    with serving({"p.zip": b""}, {"p.zip": [{"status": 407}], "http://example.org/p.zip": [{"status": 407}]}) as server:
        small("http://example.org/p.zip")
        monkeypatch.setenv("HTTP_PROXY", server.url)
        with pytest.raises(ConnectionError, match=r"(?s)407 Proxy Authentication .* says HTTP_PROXY="):
            datasets.fetch("small", root=tmp_path, ask=False)


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl command makes the certificate")
def test_a_certificate_that_nobody_vouches_for_is_said(small, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out",
                    certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving({"p.zip": small.content}, tls=context) as server:
        small(server.url + "p.zip")
        with pytest.raises(ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            datasets.fetch("small", root=tmp_path / "data", ask=False)


def test_a_disk_without_locks_will_do(small, tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")
    monkeypatch.setattr(download.filelock.FileLock, "_acquire", refuse)
    with serving({"p.zip": small.content}) as server:
        small(server.url + "p.zip")
        datasets.fetch("small", root=tmp_path, ask=False)
    assert datasets.load("small", root=tmp_path).counts() == {"Cat": 4, "Dog": 3}
    assert not list(tmp_path.glob("*.soft"))


def test_the_home_folder_may_be_written_as_a_tilde(small, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    small("http://127.0.0.1:9/p.zip")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/p.zip").write_bytes(small.content)
    assert datasets.fetch("small", root="~/data", ask=False) == tmp_path / "data/small"
    assert len(datasets.load("small", root="~/data")) == len(datasets.load("~/data/small/Photos")) == 7


def test_the_manual_steps_work(small, tmp_path):
    small("http://127.0.0.1:9/p.zip")
    (tmp_path / "p.zip").write_bytes(spoiled(small.content))
    with pytest.raises(ValueError, match=r"p\.zip is not the published file: SHA-256"):
        datasets.fetch("small", root=tmp_path)
    assert (tmp_path / "p.zip").read_bytes() == spoiled(small.content), "what somebody brought is never touched"
    (tmp_path / "p.zip").write_bytes(small.content)
    with pytest.raises(FileNotFoundError, match=r"datasets\.fetch\('small'\) fetches it, or unpacks"):
        datasets.load("small", root=tmp_path)  # it looks, and changes nothing
    datasets.fetch("small", root=tmp_path)  # nobody is asked: nothing is downloaded
    assert datasets.load("small", root=tmp_path).counts() == {"Cat": 4, "Dog": 3}
    assert (tmp_path / "p.zip").is_file()


@pytest.mark.parametrize("answer, fetched", [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_it_asks_and_shows_what_it_takes(small, tmp_path, monkeypatch, capsys, answer, fetched):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    with serving({"p.zip": small.content}) as server:
        small(server.url + "p.zip")
        if fetched:
            datasets.fetch("small", root=tmp_path)
        else:
            with pytest.raises(RuntimeError, match="nobody said yes"):
                datasets.fetch("small", root=tmp_path)
        assert bool(server.asked) == fetched
    shown = capsys.readouterr().out
    assert "Small Pets (CC0; a test)" in shown and "free" in shown and f"{len(small.content):,} bytes" in shown


def test_two_programs_at_once(small, tmp_path):
    with serving({"p.zip": small.content}, {"p.zip": [{"slow": 100_000}]}) as server:
        small(server.url + "p.zip")
        programs = [threading.Thread(target=datasets.fetch, args=["small"], kwargs={"root": tmp_path, "ask": False})
                    for _ in range(4)]
        for program in programs:
            program.start()
        for program in programs:
            program.join()
        assert len(server.asked) == 1
    assert is_whole(tmp_path, small.content)


def test_a_disk_without_room_is_noticed_before(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(OSError, match=r"This takes .* has 1,000 bytes free\. Make room") as error:
        datasets.fetch("small", root=tmp_path, ask=False)
    assert error.value.errno == errno.ENOSPC


class FullDisk:
    """Stands in for open(): a file that can be written until `room` bytes are used up."""

    def __init__(self, room):
        self.room = room

    def __call__(self, path, mode="r", **options):
        file = open(path, mode, **options)  # noqa: SIM115
        return file if "r" in mode else FullFile(file, self)


class FullFile:
    def __init__(self, file, disk):
        self.file, self.disk = file, disk

    def write(self, data):
        self.disk.room -= len(data)
        if self.disk.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize("module", [download, zipfile], ids=["download", "unpack"])
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_disk_that_fills_up_leaves_nothing_that_is_believed(small, tmp_path, monkeypatch, module, share):
    with serving({"p.zip": small.content}) as server:
        small(server.url + "p.zip")
        with monkeypatch.context() as patch:
            patch.setattr(module, "open", FullDisk(share * len(small.content)), raising=False)
            with pytest.raises(OSError, match=r"is full .*Make room and run the same again"):
                datasets.fetch("small", root=tmp_path, ask=False)
        assert not (tmp_path / "small/Photos").exists()
        datasets.fetch("small", root=tmp_path, ask=False)
    assert is_whole(tmp_path, small.content)


def test_a_real_full_disk(small, tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={2 * len(small.content) // 4096 * 4}k,nr_inodes=12",
                              "none", room], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("may not mount a small disk here; the same is tested with injected errors")
    try:
        with serving({"p.zip": small.content}) as server:
            small(server.url + "p.zip")
            with pytest.raises(OSError, match=r"is full|This takes"):
                datasets.fetch("small", root=room, ask=False)
        assert not (room / "small/Photos").exists()
    finally:
        subprocess.run(["umount", room], check=True)


def fetch_and_load(url, content, root, started):
    """What the killed process does."""
    SOURCES["small"] = source(content, url)
    os.environ.pop("TLLIB_OFFLINE", None)
    started.send(True)
    datasets.fetch("small", root=root, ask=False)
    datasets.load("small", root=root)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_30_random_moments_the_next_run_ends_with_the_same_folder(tmp_path):
    content = packed(60, 160)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tllib.datasets", "tests.datasets.test_archives"])

    def run(root, kill_after=None):
        ours, theirs = context.Pipe()
        process = context.Process(target=fetch_and_load, args=(server.url + "p.zip", content, root, theirs))
        process.start()
        assert ours.recv()
        began = time.perf_counter()
        if kill_after is not None:
            time.sleep(kill_after)
            process.kill()
        process.join()
        return time.perf_counter() - began, process.exitcode

    with serving({"p.zip": content}, {"p.zip": [{"slow": 4_000_000}]}) as server:
        whole, exitcode = run(tmp_path / "whole")
        assert exitcode == 0
        expected, moments, killed = tree(tmp_path / "whole"), random.Random(0), 0
        while killed < 30:  # one that was done before its moment came does not count
            root = tmp_path / "broken"
            killed += run(root, moments.uniform(0, whole))[1] != 0
            assert run(root)[1] == 0
            assert tree(root) == expected, f"kill number {killed}"
            shutil.rmtree(root)


def test_where_no_record_can_be_written_photos_are_looked_at_all_the_same(small, tmp_path, monkeypatch):
    small("http://127.0.0.1:9/p.zip")
    (tmp_path / "p.zip").write_bytes(small.content)
    datasets.fetch("small", root=tmp_path, ask=False)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("TLLIB_CACHE", str(tmp_path / "a file"))
    for _ in range(2):
        assert "; 1 set aside: Dog/empty.jpg (empty file)" in datasets.load("small", root=tmp_path).report
