"""The heads of ICAP messages, in and out. Source: RFC 3507, sections 4.3 to 4.5."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from upload_guard.doors.chunks import LONGEST_PREVIEW
from upload_guard.doors.connection import Connection
from upload_guard.errors import BrokenProtocol

_LONGEST_LINE = 8192
_MOST_LINES = 100
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (icaps?://[!-~]+) ICAP/1\.0")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~\t\x80-\xff]*)")
_OF_REQUESTS = re.compile(r"(?:req-hdr=0,[ \t]*(req|null)-body=([0-9]{1,9})|(null)-body=0)")

PHRASES = {
    200: "OK",
    204: "No modifications needed",
    400: "Bad request",
    405: "Method not allowed",
    500: "Server error",
    503: "Service overloaded",
}


@dataclass(frozen=True, slots=True)
class IcapRequest:
    """`http_head` is the size in bytes of the encapsulated head. `preview` as in `ChunkedBody`."""

    method: str
    allows_204: bool
    closes: bool
    http_head: int
    has_body: bool
    preview: int | None


def read_request(connection: Connection) -> IcapRequest:
    """The head of one request; what is encapsulated comes next. Raises `BrokenProtocol`."""
    first = _REQUEST_LINE.fullmatch(connection.line(b"\r\n", _LONGEST_LINE))
    if first is None:
        raise BrokenProtocol("no request of ICAP/1.0")
    fields = _read_fields(connection)
    method = first[1].decode()
    head, has_body = _encapsulated(fields.get("encapsulated", ""), method)
    preview = fields.get("preview")
    return IcapRequest(
        method=method,
        allows_204="204" in re.split(r"[ \t,]+", fields.get("allow", "")),
        closes=fields.get("connection", "").lower() == "close",
        http_head=head,
        has_body=has_body,
        preview=_number(preview) if preview is not None and has_body else None,
    )


def _read_fields(connection: Connection) -> dict[str, str]:
    fields: dict[str, str] = {}
    for _ in range(_MOST_LINES):
        line = connection.line(b"\r\n", _LONGEST_LINE)
        if not line:
            return fields
        found = _FIELD.fullmatch(line)
        if found is None:
            raise BrokenProtocol("a header that cannot be read")
        name, value = found[1].decode().lower(), found[2].decode("latin-1").strip()
        if name in fields and name in {"encapsulated", "preview"}:
            raise BrokenProtocol(f"{name} given twice")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    raise BrokenProtocol(f"more than {_MOST_LINES} headers")


def _encapsulated(value: str, method: str) -> tuple[int, bool]:
    if method != "REQMOD":
        if value and value != "null-body=0":
            raise BrokenProtocol(f"{method} with a body")
        return 0, False
    found = _OF_REQUESTS.fullmatch(value)
    if found is None or found[3]:
        raise BrokenProtocol("Encapsulated names no request")
    return int(found[2]), found[1] == "req"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= LONGEST_PREVIEW):
        raise BrokenProtocol(f"Preview is no number up to {LONGEST_PREVIEW}")
    return int(text)


def icap_head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """The head of an answer, with the empty line."""
    lines = [f"ICAP/1.0 {status} {PHRASES[status]}", *(f"{name}: {value}" for name, value in fields)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
