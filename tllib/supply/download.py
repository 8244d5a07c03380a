"""Addresses -> one file, complete and verified, or an error that says what each server did.

    server ──> <file>.part ──size, hash──> <file>

A break is taken up where it happened; what is half there or wrong never gets the file's name.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tllib.progress import progress

import httpx

ATTEMPTS = 3  # attempts in a row, at one server, that bring not one byte
STALL = 30.0  # seconds without a byte that count as a break
PAUSE = 1.0  # seconds before the second attempt; doubled before the third


def download_file(urls: Sequence[str], target: Path, *, size: int | None = None, digest: str = "") -> None:
    """Go from server to server until the file is there.

    Args:
        urls: where it lies, best first.
        target: where to put it; `<target>.part` holds what is not complete yet.
        size: bytes. Defaults to what the server says.
        digest: MD5 (32 hexadecimal digits) or SHA-256 (64). "" takes what comes in full.

    Raises:
        ConnectionError: no server gave it; a line for each says why.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    reasons = []
    for url in urls:
        reason = _from_server(url, part, size, digest)
        if not reason:
            os.replace(part, target)
            return
        reasons.append(f"  - {url}: {reason}")
    raise ConnectionError(f"{target.name} could not be fetched:\n" + "\n".join(reasons))


def problem(file: Path, size: int | None, digest: str) -> str:
    """What is wrong with a file, or nothing."""
    found = file.stat().st_size
    if size is not None and found != size:
        return f"{found:,} bytes, expected {size:,}"
    if not digest:
        return ""
    kind = {32: "md5", 64: "sha256"}[len(digest)]
    with open(file, "rb") as opened:
        found = hashlib.file_digest(opened, kind).hexdigest()
    return "" if found == digest else f"{kind.upper().replace('A2', 'A-2')} {found[:12]}…, expected {digest[:12]}…"


def readable(count: int) -> str:
    """A number of bytes, for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count:,} bytes"


def _from_server(url: str, part: Path, size: int | None, digest: str) -> str:
    """Complete `part` from one server; say what went wrong, or nothing."""
    without_progress, reason, whole = 0, "", size
    while without_progress < ATTEMPTS:
        if without_progress:
            time.sleep(PAUSE * 2 ** (without_progress - 1))
        before = part.stat().st_size if part.is_file() else 0
        if whole is None or before < whole:
            try:
                reason, offered = _continue(url, part, size, before)
                whole = offered if size is None else size
            except httpx.HTTPError as error:
                reason = _in_short(error)
        after = part.stat().st_size if part.is_file() else 0
        if whole is not None and after >= whole:
            reason = problem(part, whole, digest)
            if not reason:
                return ""
            part.unlink()
            if not before:  # all of it came from here: asking again brings the same
                return reason
            without_progress += 1
        elif reason.startswith("it offers") or (reason[:1] == "4" and reason[:3] not in ("408", "416", "429")):
            return reason  # asking again would not help; 408 and 429 mean: later
        else:
            if reason.startswith("416"):  # there is less of it there than we have: begin anew
                part.unlink(missing_ok=True)
            without_progress = 0 if after > before else without_progress + 1
    return reason


def _continue(url: str, part: Path, size: int | None, start: int) -> tuple[str, int | None]:
    """One request: add to `part` what comes, from byte `start` if the server can; also the size of the whole."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    patience = httpx.Timeout(STALL, connect=10)
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=patience) as answer:
        if not answer.is_success:
            return f"{answer.status_code} {answer.reason_phrase}", None
        resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        text = answer.headers.get("Content-Range", "").rpartition("/")[2] if resumed else \
            answer.headers.get("Content-Length", "")
        offered = int(text) if text.isdigit() else None
        if None not in (offered, size) and offered != size:
            return f"it offers {offered:,} bytes, expected {size:,}", None
        start = start if resumed else 0
        with (open(part, "ab" if resumed else "wb") as file,
              progress(what=part.stem, total=offered or size, unit="B", done=start) as bar):
            for chunk in answer.iter_raw():
                file.write(chunk)
                bar.update(len(chunk))
                start += len(chunk)
                if size is not None and start > size:
                    break
            file.flush()
            os.fsync(file.fileno())
    return "the connection was cut", offered or start


def _in_short(error: httpx.HTTPError) -> str:
    kind = ("no answer in time" if isinstance(error, httpx.TimeoutException) else
            "the connection was cut" if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError)) else
            "no connection")
    return f"{kind} ({type(error).__name__})"
