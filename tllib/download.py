"""Addresses -> one file, complete and verified, or an error that says what each server did.

    server ──> <file>.part ──size, hash──> <file>        a break is taken up where it happened
"""

import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tllib.files import renamed
from tllib.progress import progress

import filelock
import httpx

ATTEMPTS = 3  # attempts in a row, at one server, that bring not one byte
STALL = 30.0  # seconds without a byte that count as a break
PAUSE = 1.0  # seconds before the second attempt; doubled before the third
# What an HTTP client reads from the environment; of proxies, in small letters as well.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
VARIABLES = (*PROXIES, *map(str.lower, PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


class _RefusedError(Exception):
    """What a server said; asking it again would bring the same."""


class _BrokenError(Exception):
    """The same; asking again may help."""


def download_file(urls: Sequence[str], target: Path, *, size: int | None = None, digest: str = "") -> None:
    """Go from server to server until the file is there.

    Args:
        urls: where it lies, best first.
        target: where to put it; `<target>.part` holds what is not complete yet.
        size: bytes. Defaults to what the server says.
        digest: MD5 (32 hexadecimal digits) or SHA-256 (64). "" takes what comes in full.

    Raises:
        ConnectionError: no server gave it; a line for each says why. Or no connection can be made at all, because of
            what an environment variable says.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part, reasons = target.with_name(f"{target.name}.part"), []
    with _client(target.name) as client:
        for url in urls:
            try:
                _complete(client, url, part, size, digest)
            except _RefusedError as error:
                reasons.append(f"  - {url}: {error}")
            else:
                renamed(part, target)
                return
    settings = _shown(_set_variables())
    remark = f"\n(The environment says {settings}.)" if settings else ""
    raise ConnectionError(f"{target.name} could not be fetched:\n" + "\n".join(reasons) + remark)


@contextmanager
def locked(path: Path, waiting: str = "") -> Iterator[None]:
    """Let one program at a time go on; who waits says so. Where a disk knows no locks, a file stands for one."""
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0.1)
    except filelock.Timeout:
        print(waiting, file=sys.stderr)
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        if isinstance(error, PermissionError) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EROFS):
            raise
        lock = filelock.SoftFileLock(f"{path}.soft")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


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


def _client(wanted: str) -> httpx.Client:
    """An HTTP client with this machine's proxies and certificates, or an error that says which of them is wrong."""
    try:
        return _built()
    except Exception as error:  # httpx, ssl and the disk each raise their own
        names = _set_variables()
        wrong = [name for name in names if _can_do_without(name)] or names
        raise ConnectionError(
            f"{wanted} could not be fetched: no connection can be made with {_shown(wrong) or 'the system proxies'} "
            f"({type(error).__name__}: {' '.join(str(error).split())[:160]}). Correct or unset it, or do without a "
            "connection.") from error


def _built() -> httpx.Client:
    return httpx.Client(follow_redirects=True, timeout=httpx.Timeout(STALL, connect=10))


def _can_do_without(name: str) -> bool:
    """Whether a client can be built once this environment variable is out of the way."""
    value = os.environ.pop(name)
    try:
        _built().close()
    except Exception:  # another one is wrong, too
        return False
    else:
        return True
    finally:
        os.environ[name] = value


def _set_variables() -> list[str]:
    return [name for name in VARIABLES if os.environ.get(name)]


def _shown(names: list[str]) -> str:
    """Environment variables and their values, without the passwords."""
    return ", ".join(f"{name}={re.sub('//[^/@]*@', '//…@', os.environ[name])!r}" for name in names)


def _complete(client: httpx.Client, url: str, part: Path, size: int | None, digest: str) -> None:
    """Ask one server until `part` is whole and verified, or until it brought nothing ATTEMPTS times in a row."""
    in_vain = 0
    while True:
        before = _length(part)
        try:
            if size is None or before < size:
                _continue(client, url, part, size, before)
            if not (wrong := problem(part, size, digest)):
                return
            part.unlink()
            if not before:  # all of it came from here
                raise _RefusedError(wrong)
            reason = wrong
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _RefusedError(f"no such address can be ({' '.join(str(error).split())[:160]})") from error
        except (httpx.HTTPError, _BrokenError) as error:
            reason = error if isinstance(error, _BrokenError) else _in_short(error)
        in_vain = 0 if _length(part) > before else in_vain + 1
        if in_vain == ATTEMPTS:
            raise _RefusedError(reason)
        if in_vain:
            time.sleep(PAUSE * 2 ** (in_vain - 1))


def _continue(client: httpx.Client, url: str, part: Path, size: int | None, start: int) -> None:
    """One request: add to `part` what comes, from byte `start` if the server can, until it is whole."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == 416:  # there is less of it there than we have: begin anew
            part.unlink(missing_ok=True)
        if not answer.is_success:
            later = answer.is_server_error or answer.status_code in (408, 416, 429)
            raise (_BrokenError if later else _RefusedError)(f"{answer.status_code} {answer.reason_phrase}")
        resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        text = answer.headers.get("Content-Range", "").rpartition("/")[2] if resumed else \
            answer.headers.get("Content-Length", "")
        offered = int(text) if text.isdigit() else None
        if None not in (offered, size) and offered != size:
            raise _RefusedError(f"it offers {offered:,} bytes, expected {size:,}")
        done, whole = start if resumed else 0, offered or size
        with (open(part, "ab" if resumed else "wb") as file,
              progress(what=part.stem, total=whole, unit="B", done=done) as bar):
            for chunk in answer.iter_raw():
                file.write(chunk)
                bar.update(len(chunk))
                done += len(chunk)
                if whole is not None and done > whole:
                    break
            file.flush()
            os.fsync(file.fileno())
    if whole is not None and done < whole:
        raise _BrokenError("the connection was cut")


def _length(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _in_short(error: httpx.HTTPError) -> str:
    kind = ("no answer in time" if isinstance(error, httpx.TimeoutException) else
            "the connection was cut" if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError)) else
            "no connection")
    return f"{kind} ({type(error).__name__}: {' '.join(str(error).split())[:160]})"
