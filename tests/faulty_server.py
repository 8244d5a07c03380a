"""A web server on 127.0.0.1 that misbehaves as told: each path has a list of behaviours, one for each request."""

import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULT = {"ranges": True}


@contextmanager
def serving(files, plan=None, tls=None):
    """Serve {name: bytes}. `plan`: {name: [behaviour, …]}; the last one stays; what was asked for is in `.asked`.

    A behaviour is a dict: ranges (bool), status (int), cut (bytes after which the connection breaks), stall (same,
    seconds later), content (other bytes than the file's), redirect (to another name), slow (bytes a second).
    `tls`: an `ssl.SSLContext`, to serve by https.
    """
    plan = {name: list(steps) for name, steps in (plan or {}).items()}
    asked, lock = [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            with lock:
                asked.append((name, self.headers.get("Range")))
                steps = plan.get(name, [DEFAULT])
                how = DEFAULT | (steps.pop(0) if len(steps) > 1 else steps[0])
            if "redirect" in how:
                self.send_response(302)
                self.send_header("Location", f"/{how['redirect']}")
                self.end_headers()
                return
            if "status" in how:
                self.send_error(how["status"])
                return
            content, start = how.get("content", files[name]), 0
            if how["ranges"] and (wanted := self.headers.get("Range")):
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.send(content[start:], how)

        def send(self, rest, how):
            stop = how.get("cut", how.get("stall", len(rest)))
            pace = how.get("slow", 0) // 50
            for begin in range(0, min(stop, len(rest)), pace or max(stop, 1)):
                self.wfile.write(rest[begin:min(begin + (pace or stop), stop)])
                self.wfile.flush()
                if pace:
                    time.sleep(0.02)
            if "stall" in how:
                time.sleep(how.get("seconds", 2))
            self.close_connection = True

        def log_message(self, *_):
            pass

        def handle(self):
            with suppress(OSError):  # the client went away, as some tests mean it to
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.asked = asked
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/"
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
