"""The app without a browser: who can reach it, what it says of photos good and bad, how the command fails."""

import asyncio
import base64
import contextlib
import io
import json
import re
import socket
import struct
import threading
import urllib.error
import urllib.request
import zlib
from argparse import Namespace
from types import SimpleNamespace

from tllib import images
from tllib.command import app, main

import numpy as np
import pytest
from PIL import Image

RED, BLUE = (np.full((60, 80, 3), colour, "uint8") for colour in ((200, 0, 0), (0, 0, 200)))
NOISE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), "uint8")


def encoded(array, kind, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


def heic():
    """Red where the phone's top was, blue below; stored lying on its side."""
    images.heic_reader()
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(np.concatenate([np.tile(RED, (2, 2, 1)), np.tile(BLUE, (2, 2, 1))], axis=1), "HEIF",
                   exif=exif.tobytes())


def bomb(megapixels):
    """A PNG of a few bytes that promises so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", megapixels * 1000, 1000, 8, 2, 0, 0, 0)
    chunks = (header, b"IDAT" + zlib.compress(bytes(999)), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)


def huge_jpeg():
    """A JPEG whose header promises 300 megapixels."""
    content = encoded(RED, "JPEG")
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", 15_000, 20_000) + content[at + 4:]


BAD = {
    "empty": (b"", "it is empty"),
    "text": (b"Dear diary", "no picture, or of a format that no reader here knows"),
    "half a JPEG": (encoded(NOISE, "JPEG")[:1500], "runcated"),
    "half a HEIC": (heic()[:-200], "a HEIC photo that is damaged or cut short"),
    "bomb": (bomb(300), "it has more than 178 megapixels, too many for this page"),
    "bomb of JPEG": (huge_jpeg(), "it has more than 178 megapixels"),
}


@contextlib.contextmanager
def served(classifier, host=app.THIS_MACHINE):
    """The app in a thread of its own; its port."""
    listening, begun, inside = app.listen(0, host), threading.Event(), {}

    async def run():
        inside.update(loop=asyncio.get_running_loop(), task=asyncio.current_task())
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await app.serve(listening, classifier, app.write_page(classifier, None))

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    begun.wait(20)
    try:
        yield listening.getsockname()[1]
    finally:
        inside["loop"].call_soon_threadsafe(inside["task"].cancel)
        thread.join(20)


def post(port, content):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/answer", content, timeout=60) as reply:
        return json.load(reply)


def test_photos_are_answered_and_bad_files_between_them_explained(red_or_blue):
    with served(red_or_blue) as port:
        for name, (content, reason) in BAD.items():
            assert reason in post(port, content)["sorry"], name
            assert post(port, encoded(RED, "PNG"))["choices"][0][0] == "red"
            assert post(port, encoded(BLUE, "JPEG"))["choices"][0][0] == "blue"
    for content, _ in BAD.values():
        sorry = app.answer(red_or_blue, content)["sorry"]
        assert sorry.endswith(". Choose another one.") and sorry.count(".") == 2, "what it is, and what to do"


@pytest.mark.parametrize("headers, allowed", [
    ({}, True),
    ({"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, True),
    ({"Host": "192.168.7.5:{port}", "Origin": "http://192.168.7.5:{port}"}, True),
    ({"Origin": "http://stranger.example"}, False),
    ({"Origin": "http://127.0.0.1:1"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://[::1"}, False),
    ({"Host": "stranger.example:{port}"}, False),
    ({"Host": "stranger.example:{port}", "Origin": "http://stranger.example:{port}"}, False),
    ({"Host": "[::1"}, False)])
def test_pages_of_strangers_in_the_same_browser_are_refused(headers, allowed, red_or_blue):
    with served(red_or_blue) as port:
        headers = {name: value.format(port=port) for name, value in headers.items()}
        for path, content in (("", None), ("answer", encoded(RED, "PNG"))):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", content, headers)
            if allowed:
                assert urllib.request.urlopen(request, timeout=60).status == 200
                continue
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=60)
            assert refused.value.code == 403 and b'"red"' not in refused.value.read()


def test_what_is_longer_than_any_photo_is_refused_before_it_is_read(red_or_blue, monkeypatch):
    monkeypatch.setattr(app, "LARGEST", 1000)
    with served(red_or_blue) as port, socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(b"POST /answer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1001\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")
        assert post(port, encoded(RED, "PNG"))["choices"][0][0] == "red"


def test_a_photo_of_a_phone_is_seen_upright(red_or_blue):
    answer = app.answer(red_or_blue, heic())
    scheme, data = answer["picture"].split(",")
    seen = np.array(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)
    assert scheme == "data:image/jpeg;base64" and seen.shape == (32, 32, 3)
    assert (seen[:12, :, 0] > 150).all() and (seen[20:, :, 2] > 150).all()
    assert sum(probability for _, probability in answer["choices"]) == pytest.approx(1, abs=1e-5)


def test_an_error_of_the_classifier_is_told_and_ends_nothing(red_or_blue, monkeypatch):
    monkeypatch.setattr(type(red_or_blue), "predict", lambda *_: 1 / 0)
    assert app.answer(red_or_blue, encoded(RED, "PNG")) == {"sorry": "This photo could not be tried: division by zero"}


def test_only_this_machine_is_listened_to_unless_sharing_is_asked_for(red_or_blue, monkeypatch, capsys):
    begun = []
    monkeypatch.setattr(app, "serve", lambda listening, classifier, page: begun.append((listening, page)))
    monkeypatch.setattr(app.asyncio, "run", lambda job: None)
    monkeypatch.setattr(app.transfer, "load_classifier", lambda path: red_or_blue)
    monkeypatch.setattr(app, "address_in_network", lambda: "192.168.7.5")
    for shared, host in ((False, "127.0.0.1"), (True, "0.0.0.0")):
        app.app(Namespace(classifier="my.keras", share_on_network=shared, port=0))
        taken, page = begun.pop()
        port, said = taken.getsockname()[1], capsys.readouterr().out
        with taken:
            assert taken.getsockname()[0] == host
        assert f"Here: http://127.0.0.1:{port}\n" in said and "Ctrl-C ends it." in said
        assert (f"http://192.168.7.5:{port}" in said) == (f"http://192.168.7.5:{port}" in page) == shared
        assert ("▄" in said and "data:image/svg+xml" in page) == shared
        assert ("--share-on-network" in said) != shared


def test_a_machine_in_no_network_says_so(monkeypatch):
    def refuse(self, address):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert app.address_in_network() is None
    assert "in no network now" in app.invitation(8765, None, shared=True)


def test_its_address_is_the_one_that_the_system_would_send_from(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: None)
    monkeypatch.setattr(socket.socket, "getsockname", lambda self: ("10.1.2.3", 40000))
    assert app.address_in_network() == "10.1.2.3"


def test_a_terminal_without_blocks_is_sent_to_the_page(monkeypatch):
    monkeypatch.setattr(app.sys, "stdout", SimpleNamespace(encoding="cp1252"))
    assert app.drawn_for_terminal(app.segno.make("http://192.168.7.5:8765")) == "(The QR code is on the page.)"


def test_names_of_classes_end_no_script():
    assert "</script><b>" not in app.write_page(SimpleNamespace(class_names=("</script><b>", "blue")), None)


@pytest.fixture
def here(monkeypatch):
    """Whatever is installed, the command runs in this Python."""
    monkeypatch.setattr("tllib.command.environment.enter", lambda *_, **__: None)


@pytest.mark.parametrize("content, words", [
    (None, "No classifier at .*my.keras. Classifier.save.path. writes one"),
    (b"no archive", "my.keras is damaged, or not written by Classifier.save")])
def test_a_file_that_is_no_classifier_is_named(content, words, tmp_path, capsys, here):
    if content:
        (tmp_path / "my.keras").write_bytes(content)
    assert main(["app", str(tmp_path / "my.keras"), "--port", "0"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and re.search(words, said)


def test_ctrl_c_while_it_loads_leaves_no_trace_of_calls(monkeypatch, capsys, here):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(app.transfer, "load_classifier", interrupt)
    assert main(["app", "my.keras"]) == 130
    assert capsys.readouterr().err == ""


def test_a_port_that_is_taken_or_none_at_all(red_or_blue, monkeypatch, capsys, here):
    monkeypatch.setattr(app.transfer, "load_classifier", lambda path: red_or_blue)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["app", "my.keras", "--port", str(port)]) == 1
    assert f"Port {port} is taken" in (said := capsys.readouterr().err) and f"--port {port + 1}" in said
    assert main(["app", "my.keras", "--port", "70000"]) == 1
    assert "ports go from 1 to 65535" in capsys.readouterr().err
