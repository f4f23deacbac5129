"""multipart/form-data, strictly parsed while it streams in, and written to the spool in canonical framing.

Parsers disagree on odd bodies, and what one skips another hands to the application. So whatever is
ambiguous is refused, and what goes on is not the sender's framing but ours: a fresh boundary, CRLF line
ends, no preamble, no epilogue. Part headers are kept as sent, byte by byte: they are read as Latin-1, which
has a letter for every byte, since old pages name files in it. Each part's bytes lie once, in the spool.

Source: RFC 7578 and RFC 2046 section 5.1; parsed by `multipart.PushMultipartParser` in strict mode.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from multipart import (
    _COMPLETE,
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    content_disposition_quote,
)

from upload_guard.digests import Sha256Digester
from upload_guard.errors import AmbiguousRequest, BodyTooLarge
from upload_guard.intake.body import Spool
from upload_guard.records import Digest
from upload_guard.spans import OpenContent

log = logging.getLogger(__name__)

FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class FormLimits:
    """How many parts a form may have, how many bytes one header line of a part, and what a doubt leads to.

    `doubt` is `refuse`, or `log_and_go_on` for old clients: then headers are rebuilt as they were read, so
    that the application can read them in no other way.
    """

    max_parts: int
    max_header: int
    doubt: Callable[[AmbiguousRequest], None]


def refuse(fault: AmbiguousRequest) -> None:
    """What the strict reading does with a form that others might read otherwise."""
    raise fault


def log_and_go_on(fault: AmbiguousRequest) -> None:
    """What the lenient reading does."""
    log.warning("a form that strict reading would refuse: %s", fault)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. `is_file` when its headers give a file name in any way."""

    content: OpenContent
    digest: Digest
    name: str
    file_name: str
    media_type: str
    is_file: bool


@dataclass(frozen=True, slots=True)
class Form:
    """All parts in their order, and the Content-Type under which the spool now holds them."""

    parts: tuple[Part, ...]
    content_type: str


def is_form(content_type: str) -> bool:
    """Any multipart type: frameworks differ in which ones they read as a form, and only one is taken here."""
    return content_type.strip().lower().startswith("multipart/")


def spool_form(chunks: Iterable[bytes], content_type: str, spool: Spool, limits: FormLimits) -> Form:
    """Parse `chunks` and write the canonical form to `spool`.

    Raises `AmbiguousRequest` for what is malformed or could be read in two ways, `BodyTooLarge` over the
    limits.
    """
    boundary = _boundary(content_type)
    parser = PushMultipartParser(
        boundary,
        max_header_size=limits.max_header,
        max_segment_count=limits.max_parts,
        header_charset=_HEADER_CHARSET,
        strict=limits.doubt is refuse,
    )
    writer = _Writer(spool)
    for event in _events(parser, _without_preamble(chunks, boundary, limits), limits):
        if isinstance(event, MultipartSegment):
            writer.start(_read(event, limits))
        elif event is None:
            writer.end()
        else:
            writer.payload(event)
    return writer.finish()


_HEADER_CHARSET = "latin-1"
# As all parsers read them alike: parameters either plain tokens or quoted, each once.
# RFC 7578 section 4.2; WHATWG HTML, "multipart form data".
_PARAMETER = r"""[ \t]*;[ \t]*([A-Za-z0-9_-]+\*?)=("(?:[^"\\]|\\.)*"|[^\s";]+)"""
_CONTENT_TYPE = re.compile(rf"multipart/form-data(?:{_PARAMETER})*(?:[ \t]*;)?", re.IGNORECASE | re.ASCII)
_DISPOSITION = re.compile(rf"form-data(?:{_PARAMETER})*(?:[ \t]*;)?", re.IGNORECASE | re.ASCII)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
# RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _boundary(content_type: str) -> str:
    content_type = content_type.strip()
    if not _CONTENT_TYPE.fullmatch(content_type) or not content_type.isascii():
        raise AmbiguousRequest("form: Content-Type is malformed")
    boundary = _parameters(content_type).get("boundary", "").strip('"')
    if not _BOUNDARY.fullmatch(boundary):
        raise AmbiguousRequest("form: no boundary that RFC 2046 allows")
    return boundary


def plain_boundary(content_type: str) -> str:
    """The boundary of a form that goes on as it came. Raises `AmbiguousRequest` for one that needs quotes.

    Parsers end an unquoted value at different characters; where a form is rebuilt that does no harm.
    """
    written = _parameters(content_type).get("boundary", "")
    if not (written.startswith('"') or _TOKEN.fullmatch(written)):
        raise AmbiguousRequest("form: a boundary that would need quotes")
    return _boundary(content_type)


def _parameters(header: str) -> dict[str, str]:
    """Names in lower case with their values as written; raises `AmbiguousRequest` for a name given twice."""
    found = [(name.lower(), value) for name, value in re.findall(_PARAMETER, header, re.ASCII)]
    names = {name.rstrip("*") if name.startswith("boundary") else name for name, _ in found}
    if len(names) != len(found):
        raise AmbiguousRequest("form: a parameter given twice")
    return dict(found)


def _without_preamble(chunks: Iterable[bytes], boundary: str, limits: FormLimits) -> Iterator[bytes]:
    """The same chunks, refused unless the body begins with its first boundary."""
    delimiter, source, start = b"--" + boundary.encode(), iter(chunks), b""
    while len(start) < len(delimiter) + 2 and (chunk := next(source, b"")):
        start += chunk
    if not start.removeprefix(b"\r\n").startswith(delimiter):
        limits.doubt(AmbiguousRequest("form: the body does not begin with its boundary"))
    yield start
    yield from source


def _events(
    parser: PushMultipartParser, chunks: Iterator[bytes], limits: FormLimits
) -> Iterator[MultipartSegment | bytes | None]:
    try:
        for chunk in chunks:
            yield from parser.parse(chunk)
            # The parser has no public word for "final boundary seen", and then refuses another chunk
            # although it passes over the same bytes in this one.
            if parser._state is _COMPLETE:
                break
        parser_rest = parser._buffer
        parser.close()
    except ParserLimitReached as error:
        raise BodyTooLarge(f"form: {error.args[0]}") from error
    except MultipartError as error:
        # Further arguments of the error may hold header bytes, and so a file name.
        raise AmbiguousRequest(f"form: {error.args[0]}") from error
    for rest in chain([parser_rest], chunks):
        if rest.strip(b"\r\n"):
            limits.doubt(AmbiguousRequest("form: data after the final boundary"))


# The encodings that change nothing; Java and Ruby clients name them (RFC 2045 section 6.2).
_IDENTITY = {"7bit", "8bit", "binary"}


@dataclass(frozen=True, slots=True)
class _Header:
    """The headers of one part as they go on, and what was read in them."""

    lines: tuple[tuple[str, str], ...]
    name: str
    file_name: str
    is_file: bool
    media_type: str


def _read(segment: MultipartSegment, limits: FormLimits) -> _Header:
    media_type = str(segment.header("Content-Type", ""))
    try:
        given = _disposition(segment)
    except AmbiguousRequest as fault:
        limits.doubt(fault)
        return _rebuilt(segment, media_type)
    written = given.get("filename", "")
    # Without quotes the parser ends a name at what Latin-1 takes for a space, in the middle of UTF-8.
    file_name = (segment.filename or "") if written.startswith('"') else written
    return _Header(
        lines=tuple(segment.headerlist),
        name=_text(segment.name or ""),
        file_name=_text(file_name),
        is_file=not given.keys().isdisjoint({"filename", "filename*"}),
        media_type=media_type,
    )


def _rebuilt(segment: MultipartSegment, media_type: str) -> _Header:
    name, file_name = segment.name or "", segment.filename
    disposition = f"form-data; name={content_disposition_quote(name)}"
    if file_name is not None:
        disposition += f"; filename={content_disposition_quote(file_name)}"
    lines = [("Content-Disposition", disposition)]
    if media_type and not _CONTROL.search(media_type) and not media_type.lower().startswith("multipart/"):
        lines.append(("Content-Type", media_type))
    return _Header(
        lines=tuple(lines),
        name=_text(name),
        file_name=_text(file_name or ""),
        is_file=file_name is not None,
        media_type=media_type,
    )


def _text(value: str) -> str:
    """A header value for people to read: UTF-8 where it is that (RFC 7578, section 5.1), else Latin-1."""
    raw = value.encode(_HEADER_CHARSET)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return value


def _disposition(segment: MultipartSegment) -> dict[str, str]:
    """The parameters of Content-Disposition as written; raises `AmbiguousRequest` for doubtful headers."""
    headers = {name.lower(): value for name, value in segment.headerlist}
    if len(headers) != len(segment.headerlist):
        raise AmbiguousRequest("form: a part header given twice")
    if any(_CONTROL.search(value) for value in headers.values()):
        raise AmbiguousRequest("form: control characters in a part header")
    if headers.get("content-transfer-encoding", "binary").strip().lower() not in _IDENTITY:
        # Some parsers decode base64 and quoted-printable here, others do not (RFC 7578 section 4.7).
        raise AmbiguousRequest("form: a part in a transfer encoding")
    if headers.get("content-type", "").lower().lstrip().startswith("multipart/"):
        raise AmbiguousRequest("form: multipart within a part")
    disposition = headers["content-disposition"].strip()
    if not _DISPOSITION.fullmatch(disposition):
        raise AmbiguousRequest("form: Content-Disposition is malformed")
    given = _parameters(disposition)
    if "name*" in given:
        # RFC 7578, section 4.2, knows it for file names only; who reads it reads another name.
        raise AmbiguousRequest("form: an extended name")
    return given


class _Writer:
    """Writes canonical parts to the spool and remembers where each one's bytes lie."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._boundary = secrets.token_hex(16)
        self._parts: list[Part] = []
        self._open: _OpenPart | None = None

    def start(self, header: _Header) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in header.lines)
        self._spool.write(f"--{self._boundary}\r\n{lines}\r\n".encode(_HEADER_CHARSET))
        self._open = _OpenPart(header, self._spool.size, Sha256Digester())

    def payload(self, data: bytes) -> None:
        self._spool.write(data)
        self._current().digester.update(data)

    def end(self) -> None:
        part = self._current()
        digest = part.digester.finish()
        self._parts.append(
            Part(
                content=self._spool.slice(part.offset, digest.size),
                digest=digest,
                name=part.header.name,
                file_name=part.header.file_name,
                media_type=part.header.media_type,
                is_file=part.header.is_file,
            )
        )
        self._spool.write(b"\r\n")

    def finish(self) -> Form:
        self._spool.write(f"--{self._boundary}--\r\n".encode())
        return Form(tuple(self._parts), f"{FORM}; boundary={self._boundary}")

    def _current(self) -> _OpenPart:
        if self._open is None:
            raise AmbiguousRequest("form: data outside of a part")
        return self._open


@dataclass(frozen=True, slots=True)
class _OpenPart:
    header: _Header
    offset: int
    digester: Sha256Digester
