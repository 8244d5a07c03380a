"""A saved classifier -> a page that a phone's camera can ask what it sees, served by this machine.

The page needs no internet and asks no other machine for anything. A photo is kept in memory until it is answered, and
nowhere else. Only this machine can open the page, unless sharing it on the network is asked for.
"""

import asyncio
import base64
import errno
import io
import ipaddress
import json
import os
import socket
import sys
import warnings
from argparse import Namespace
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tllib import backbones, images, transfer

import numpy as np
import segno
from PIL import Image
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

PAGE = Path(__file__).with_name("app.html")
DATA = "ABOUT_AS_JSON"  # where it goes in the page
SHOWN = 5  # classes in an answer, the surest first
LISTED = 8  # classes that the page names beforehand; a thousand would fill it
LARGEST = 64_000_000  # bytes of a photo file; a phone's takes 2 to 15 million
THIS_MACHINE, ANY_MACHINE = "127.0.0.1", "0.0.0.0"  # whose connections are taken
FOREIGN = ("192.0.2.1", "192.168.255.255", "10.255.255.255", "172.31.255.255")  # addresses of a wider network
HEADERS = {
    # Nothing from elsewhere, and no other page around this one.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                               "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def app(options: Namespace) -> None:
    """Serve the page until Ctrl-C."""
    classifier = transfer.load_classifier(options.classifier)
    classifier.predict(np.zeros((8, 8, 3), "uint8"))  # the first answer takes seconds: let no phone wait for it
    listening = listen(options.port, ANY_MACHINE if options.share_on_network else THIS_MACHINE)
    port = listening.getsockname()[1]
    address = address_in_network() if options.share_on_network else None
    print(invitation(port, address, shared=options.share_on_network), flush=True)
    page = write_page(classifier, f"http://{address}:{port}" if address else None)
    try:
        asyncio.run(serve(listening, classifier, page))
    except KeyboardInterrupt:
        print("The page is closed.")


def listen(port: int, host: str) -> socket.socket:
    """Take a port of this machine; 0 is any that is free.

    Raises:
        ValueError: no port has that number.
        RuntimeError: it can't be had; the message says what to do.
    """
    if not 0 <= port <= 65535:
        raise ValueError(f"--port {port}: ports go from 1 to 65535. Take one above 1023, --port 8765 say.")
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RuntimeError(f"Port {port} is taken, perhaps by this command in another terminal. End that one, or "
                               f"choose another port: --port {port % 65535 + 1}") from None
        reason = os.strerror(error.errno)
        raise RuntimeError(f"Port {port} can't be had here ({reason}). Choose another: --port 8765") from error
    listening.setblocking(False)
    return listening


def address_in_network() -> str | None:
    """The address at which others in the network reach this machine; None if it is in no network.

    Nothing is sent: the system is asked only from which of its addresses it would send.
    """
    for other in FOREIGN:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((other, 9))
            except OSError:
                continue
            return asked.getsockname()[0]
    return None


def invitation(port: int, address: str | None, *, shared: bool) -> str:
    """What the terminal says: where the page is, and who can open it."""
    lines = [f"Here: http://{THIS_MACHINE}:{port}"]
    if not shared:
        lines.append("Only this machine can open it. To open it on a phone in the same network, run this with "
                     "--share-on-network.")
    elif address is None:
        lines.append("This machine is in no network now, so no phone can reach it.")
    else:
        lines.append(f"On a phone in the same network: http://{address}:{port}")
        lines.append(drawn_for_terminal(segno.make(f"http://{address}:{port}")))
        lines.append("Whoever is in this network can open it until you end it, and photos cross it unencrypted. If a "
                     "phone finds nothing there, a firewall on this machine or guest Wi-Fi may be in the way.")
    lines.append("Photos stay in this machine's memory, and are forgotten once they are answered. Ctrl-C ends it.")
    return "\n".join(lines)


def drawn_for_terminal(code: segno.QRCode) -> str:
    """A QR code in block characters, or nothing where the terminal has none."""
    drawing = io.StringIO()
    code.terminal(drawing, compact=True)
    try:
        drawing.getvalue().encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "(The QR code is on the page.)"
    return drawing.getvalue()


def write_page(classifier: transfer.Classifier, address: str | None) -> str:
    """The page, with the names of the classes and, where it is shared, its address as text and as a QR code."""
    code = segno.make(address).svg_data_uri(scale=5, border=3, light="white") if address else None
    about = {"names": classifier.class_names, "listed": LISTED, "largest": LARGEST, "address": address, "code": code}
    return PAGE.read_text(encoding="utf-8").replace(DATA, json.dumps(about).replace("<", r"\u003c"))


async def serve(listening: socket.socket, classifier: transfer.Classifier, page: str) -> None:
    """Answer whoever connects, for ever; one photo after the other."""
    with ThreadPoolExecutor(1) as worker:
        about = {"page": page, "classifier": classifier, "worker": worker}
        routes = [("/", Page, about), ("/answer", Answer, about)]
        server = HTTPServer(Application(routes, log_function=_quiet), max_body_size=LARGEST)
        server.add_socket(listening)
        try:
            await asyncio.Event().wait()
        finally:
            server.stop()
            await server.close_all_connections()


def is_address(host: str) -> bool:
    """Whether a request asks for a number, 192.168.7.5:8765 say, or for localhost.

    Any other name may belong to a stranger, who has it lead to this machine and so makes his page pass for the app's
    own (DNS rebinding).
    """
    try:
        name = urlsplit(f"//{host}").hostname
        if name != "localhost":
            ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _quiet(handler: RequestHandler) -> None:
    """Leave out the line of each request."""


class _Handler(RequestHandler):
    def initialize(self, page: str, classifier: transfer.Classifier, worker: Executor):
        self.page, self.classifier, self.worker = page, classifier, worker

    def set_default_headers(self):
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self):
        """Refuse what a page from elsewhere, open in the same browser, sends here."""
        host = self.request.host
        origin = self.request.headers.get("Origin", f"http://{host}")
        if not is_address(host) or origin != f"http://{host}":
            self.set_status(403)
            self.finish("Only the app's own page is answered. Open it at the address that the command printed.")


class Page(_Handler):
    """The page itself."""

    def get(self):
        """Send it."""
        self.write(self.page)


class Answer(_Handler):
    """A photo file as the body of a request -> what `answer` says, as JSON."""

    async def post(self):
        """Answer one photo."""
        loop = asyncio.get_running_loop()
        self.write(await loop.run_in_executor(self.worker, answer, self.classifier, self.request.body))


def answer(classifier: transfer.Classifier, content: bytes) -> dict:
    """What a classifier says of a photo file.

    Returns:
        "choices": names and probabilities, the surest first; "picture": what the network saw, as the address of an
        image with all its data. Or "sorry": a sentence about what is wrong with the file.
    """
    size = backbones.input_size(classifier.model)
    try:
        with warnings.catch_warnings(action="ignore"):  # of damage that leaves the picture readable
            check_file(content)
            seen = images.load(content, size=size)
        found = classifier.predict(seen)[0]
    except ValueError as error:
        reason = str(error.__cause__ or error).rstrip(".")
        return {"sorry": f"This file cannot be read as a picture: {reason}. Choose another one."}
    except Exception as error:  # here it would be lost in a log that nobody reads
        return {"sorry": f"This photo could not be tried: {error}"}
    best = np.argsort(-found, kind="stable")[:SHOWN]
    choices = [(classifier.class_names[number], float(found[number])) for number in best]
    return {"choices": choices, "picture": as_address(seen)}


def check_file(content: bytes) -> None:
    """Refuse a file that is empty, or whose few bytes claim more pixels than memory should hold.

    Raises:
        ValueError: the message says which.
    """
    if not content:
        raise ValueError("it is empty")
    images.heic_reader()
    try:
        Image.open(io.BytesIO(content)).close()  # reads how large the picture is, and no pixel
    except Image.DecompressionBombError:
        most = 2 * Image.MAX_IMAGE_PIXELS // 1_000_000
        raise ValueError(f"it has more than {most} megapixels, too many for this page") from None
    except Exception:  # `images.load` says what is wrong with it
        return


def as_address(image: np.ndarray) -> str:
    """An image as an address that holds all its data, so that nothing has to be kept until a browser asks for it."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
