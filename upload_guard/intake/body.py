"""The request body: whether there is one, reading it once within limits, and a spool to read it again.

A spool is a file that never had a name (O_TMPFILE where the system has it) with mode 0600, so a crash
leaves nothing behind and memory stays constant whatever the size.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from upload_guard.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ClientGone,
    LengthRequired,
    RequestError,
    StorageFailed,
)
from upload_guard.spans import OpenContent

CHUNK = 1 << 18
# Of a number of bytes that any disk could hold.
_DIGITS = 19


def has_body(environ: Mapping[str, Any]) -> bool:
    """Whether anything could be read from `wsgi.input`.

    HTTP/1.x announces every body (RFC 9112, section 6.3); later versions need not.
    """
    length = environ.get("CONTENT_LENGTH")
    if length and length != "0":
        return True
    if "HTTP_TRANSFER_ENCODING" in environ:
        return True
    return not length and not environ.get("SERVER_PROTOCOL", "HTTP/1.1").startswith("HTTP/1")


def read_body(environ: Mapping[str, Any], max_body: int, timeout: float) -> Iterator[bytes]:
    """The body in portions of at most 256 KiB, within `timeout` seconds as far as the server's reads return.

    Raises `RequestError` for a length that is no number or contradicts a transfer coding, `BodyTooLarge`
    before reading where the length tells, `BodyTooSlow`, and `ClientGone` if the body ends early.
    """
    length = _announced_length(environ)
    deadline = time.monotonic() + timeout
    if length is None:
        yield from _until_end(environ, max_body, deadline)
        return
    if length > max_body:
        raise BodyTooLarge(f"body of {length} bytes is over intake.max_body ({max_body})")
    stream, left = environ["wsgi.input"], length
    while left:
        chunk = _read(stream, min(CHUNK, left))
        if not chunk:
            raise ClientGone(f"body ended {left} bytes before its announced {length}")
        left -= len(chunk)
        _keep_to(deadline)
        yield chunk


def _announced_length(environ: Mapping[str, Any]) -> int | None:
    announced = environ.get("CONTENT_LENGTH") or ""
    if not announced:
        return None
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise RequestError("Content-Length together with Transfer-Encoding")
    if not (announced.isascii() and announced.isdigit() and len(announced) < _DIGITS):
        raise RequestError(f"Content-Length is no number: {announced[:40]!r}")
    return int(announced)


def _keep_to(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise BodyTooSlow("body took longer than intake.body_timeout")


def _until_end(environ: Mapping[str, Any], max_body: int, deadline: float) -> Iterator[bytes]:
    if not environ.get("wsgi.input_terminated"):
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise LengthRequired("body without a length, and the server does not mark its end")
        # Nobody announced a body and nobody could tell where it ends: none is read, none is passed on.
        return
    stream, taken = environ["wsgi.input"], 0
    while chunk := _read(stream, CHUNK):
        taken += len(chunk)
        if taken > max_body:
            raise BodyTooLarge(f"body is over intake.max_body ({max_body})")
        _keep_to(deadline)
        yield chunk


def _read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except RequestError:
        # Of a stream of our own, such as the sidecar's, which compares the body with its signature.
        raise
    except Exception as error:
        # Servers raise what they like here (OSError, gunicorn's InvalidChunkSize): all mean a broken body.
        raise ClientGone(f"body could not be read: {type(error).__name__}: {error}") from error


class Spool:
    """Bytes on disk without a name: append, then read any slice, any number of times."""

    def __init__(self, folder: Path) -> None:
        """Raises `StorageFailed` if `folder` cannot be made or written."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise StorageFailed(f"cannot spool in {folder}: {error.strerror}") from error
        self.size = 0

    def write(self, data: bytes) -> None:
        """Raises `StorageFailed` when the disk takes no more."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise StorageFailed(f"cannot spool: {error.strerror}") from error
        self.size += len(data)

    def slice(self, offset: int, size: int) -> OpenContent:
        return OpenContent(self._file, offset, size)

    def close(self) -> None:
        self._file.close()
