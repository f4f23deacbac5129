"""The head of an HTTP request that a proxy encapsulates, read so that nobody could read it otherwise.

Source: RFC 9112, sections 3 and 5; RFC 9110, sections 5.5 and 5.6.2.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from upload_guard.errors import AmbiguousRequest, UnsupportedEncoding

LONGEST_HEAD = 1 << 17

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - no password
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([!\"$-~\x80-\xff]+) (HTTP/1\.[01])")
_FIELD = re.compile(rf"({_TOKEN}):[ \t]*((?:[!-~\x80-\xff](?:[ -~\t\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*")
_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# How a body is read goes by these, so each may stand once and under this spelling only.
_DECISIVE = {"content-type", "content-length", "content-encoding", "content-range", "transfer-encoding"}
_FRAMING = {"content-length", "transfer-encoding", "trailer"}


class Readable(Protocol):
    """What of a file is asked of `wsgi.input` here."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class HttpHead:
    """A request line in its three parts, and the fields in their order, as Latin-1; `raw` as they came."""

    raw: bytes
    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]

    def environ(self, body: Readable) -> dict[str, Any]:
        """As a WSGI server would give it; the body has an end of its own. Source: PEP 3333."""
        path, _, query = _ABSOLUTE.sub("", self.target, count=1).partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1") or "/",
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.version,
            "wsgi.input": body,
            "wsgi.input_terminated": True,
        }
        for name, value in self.fields:
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def with_body(self, size: int, content_type: str = "") -> bytes:
        """The head of the same request with a body of `size` bytes, and another type where one is given."""
        replaced = _FRAMING | {"content-type"} if content_type else _FRAMING
        kept = [(name, value) for name, value in self.fields if name.lower() not in replaced]
        kept += [("Content-Type", content_type)] if content_type else []
        kept.append(("Content-Length", str(size)))
        lines = [f"{self.method} {self.target} {self.version}", *(f"{name}: {value}" for name, value in kept)]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def parse_head(data: bytes) -> HttpHead:
    """`data` up to and with the empty line.

    Raises `AmbiguousRequest` for what two readers could take differently, `UnsupportedEncoding` for another
    transfer coding than `chunked`, which whoever unpacked the body would not have undone.
    """
    text = data.decode("latin-1")
    if not text.endswith("\r\n\r\n"):
        raise AmbiguousRequest("the head of the request has no end")
    first, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        raise AmbiguousRequest("the request line cannot be read")
    fields = _with_one_length([_field(line) for line in lines])
    _refuse_two_readings(fields)
    return HttpHead(data, request[1], request[2], request[3], fields)


def _field(line: str) -> tuple[str, str]:
    # Folded lines, bare line feeds and spaces before the colon all fail here.
    found = _FIELD.fullmatch(line)
    if found is None:
        raise AmbiguousRequest("a header of the request cannot be read")
    return found[1], found[2]


def _with_one_length(fields: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The same length said twice is one (RFC 9110, section 8.6); c-icap-client says it so."""
    lengths = [field for field in fields if field[0].lower() == "content-length"]
    if len({value for _, value in lengths}) != 1:
        return tuple(fields)
    return (*(field for field in fields if field[0].lower() != "content-length"), lengths[0])


def _refuse_two_readings(fields: tuple[tuple[str, str], ...]) -> None:
    names = Counter(name.lower() for name, _ in fields)
    for name, count in names.items():
        # CGI and its heirs take underscores for hyphens.
        if name.replace("_", "-") in _DECISIVE and (count > 1 or "_" in name):
            raise AmbiguousRequest(f"header {name} given twice, or in an odd spelling")
    for name, value in fields:
        if name.lower() == "transfer-encoding" and value.lower() != "chunked":
            raise UnsupportedEncoding(f"Transfer-Encoding {value[:40]!r}")
