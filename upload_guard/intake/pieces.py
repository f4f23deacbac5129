"""Uploads in pieces, which no check of one request can see whole.

Sources: tus 1.0 and its concatenation extension; RFC 9110 section 14.5 (Content-Range in requests); the form
fields of Dropzone, Fine Uploader, Flow.js, plupload and Resumable.js as their clients send them, in the form
or in the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from upload_guard.errors import AmbiguousRequest

_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the upload that the sender calls `upload`; what nobody says is None.

    Its bytes begin at `offset` and are `length`; it is number `index` (from 0) of `count`; all of them
    together are `total` bytes. `by_range` pieces may come in a form, and its file name tells uploads apart.
    One that `creates` an upload brings nothing of it yet.
    """

    upload: str
    offset: int | None = None
    length: int | None = None
    index: int | None = None
    count: int | None = None
    total: int | None = None
    by_range: bool = False
    creates: bool = False

    @property
    def has_place(self) -> bool:
        """Whether anybody could say where in the whole it belongs."""
        return self.offset is not None or self.index is not None


@dataclass(frozen=True, slots=True)
class _Notation:
    """The field names of one client library; `first` is the number of the first piece.

    Where `generic`, an honest form may have a field of the index's name alone.
    """

    identity: str
    index: str
    count: str
    total: str = ""
    size: str = ""
    offset: str = ""
    first: int = 0
    generic: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.index, self.count, self.total, self.size, self.offset)))


def _numbered_from_1(prefix: str) -> _Notation:
    """Resumable.js, and Flow.js which came of it."""
    return _Notation(
        identity=f"{prefix}Identifier",
        index=f"{prefix}ChunkNumber",
        count=f"{prefix}TotalChunks",
        total=f"{prefix}TotalSize",
        size=f"{prefix}ChunkSize",
        first=1,
    )


_NOTATIONS = (
    _Notation(
        "dzuuid", "dzchunkindex", "dztotalchunkcount", "dztotalfilesize", "dzchunksize", "dzchunkbyteoffset"
    ),
    # Its qqchunksize is that of the piece itself and says nothing of where it belongs.
    _Notation("qquuid", "qqpartindex", "qqtotalparts", "qqtotalfilesize", offset="qqpartbyteoffset"),
    _numbered_from_1("flow"),
    _numbered_from_1("resumable"),
    _Notation("name", "chunk", "chunks", generic=True),
)
FIELD_NAMES = frozenset(
    name for notation in _NOTATIONS for name in (notation.identity, *notation.numbers) if name
)
LONGEST_FIELD = 4096
"""As much of a field as is read here: a longer number is none, a longer name is told apart by its start."""


def concerns_pieces(environ: Mapping[str, Any]) -> bool:
    """Whether a request without a body is about uploads in pieces: tus creates and joins them so."""
    return "HTTP_UPLOAD_CONCAT" in environ or "HTTP_UPLOAD_LENGTH" in environ


def piece_in_headers(environ: Mapping[str, Any]) -> Piece | None:
    """A piece by tus or Content-Range. Raises `AmbiguousRequest` for numbers that cannot be read."""
    path = str(environ.get("PATH_INFO", ""))
    if _is_elsewhere(environ):
        return Piece(path)
    if not environ.keys().isdisjoint({"HTTP_TUS_RESUMABLE", "HTTP_UPLOAD_OFFSET", "HTTP_UPLOAD_LENGTH"}):
        return _by_tus(path, environ)
    unit = environ.get("HTTP_CONTENT_RANGE", "").strip().partition(" ")[0].lower()
    if not unit or (unit.isalpha() and unit != "bytes"):
        return None
    found = _RANGE.fullmatch(environ["HTTP_CONTENT_RANGE"].strip())
    if found is None:
        raise AmbiguousRequest("Content-Range cannot be read")
    first, end = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if end < first or (total is not None and end >= total):
        raise AmbiguousRequest("Content-Range contradicts itself")
    if first == 0 and total == end + 1:
        return None
    return Piece(path, offset=first, length=end - first + 1, total=total, by_range=True)


def _is_elsewhere(environ: Mapping[str, Any]) -> bool:
    """Pieces whose place only the application knows.

    tus concatenation; IETF resumable uploads (draft-ietf-httpbis-resumable-upload); SabreDAV's partial
    update; S3 (UploadPart) and Azure (Put Block) as their own clients send them.
    """
    if "HTTP_UPLOAD_CONCAT" in environ or "HTTP_X_UPDATE_RANGE" in environ:
        return True
    if environ.get("HTTP_UPLOAD_COMPLETE") == "?0" or environ.get("HTTP_UPLOAD_INCOMPLETE") == "?1":
        return True
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    return {"partNumber", "uploadId"} <= query.keys() or query.get("comp") in _AZURE_PARTS


_AZURE_PARTS = {"block", "appendblock", "blocklist", "page"}


def _by_tus(path: str, environ: Mapping[str, Any]) -> Piece | None:
    if "HTTP_UPLOAD_OFFSET" in environ:
        # An Upload-Length here binds no application: it was told the length when the upload was created.
        return Piece(path, offset=_number(environ["HTTP_UPLOAD_OFFSET"]))
    length, said = environ.get("CONTENT_LENGTH") or "0", environ.get("HTTP_UPLOAD_LENGTH")
    if length == said:
        return None
    if length == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
        return Piece(path, total=_number(said), creates=True) if said else None
    # Begun while it is created: what follows goes to an address that only the application's answer names.
    return Piece(path)


def piece_in_fields(fields: Iterable[tuple[str, str]], environ: Mapping[str, Any]) -> Piece | None:
    """A piece by fields of the form or of the query, a name as often as it was given.

    Raises `AmbiguousRequest` for numbers that are none, for a number given twice with different values, and
    for two notations at once.
    """
    given: dict[str, set[str]] = {}
    for name, value in (*parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True), *fields):
        given.setdefault(name, set()).add(value)
    present = [notation for notation in _NOTATIONS if _speaks(notation, given)]
    if len(present) > 1:
        raise AmbiguousRequest("a piece told in two notations")
    return _by_fields(given, present[0]) if present else None


def _speaks(notation: _Notation, given: Mapping[str, set[str]]) -> bool:
    return notation.index in given and (not notation.generic or notation.count in given)


def _by_fields(given: Mapping[str, set[str]], notation: _Notation) -> Piece | None:
    def number(name: str) -> int | None:
        values = given.get(name, set()) - {""}
        if len(values) > 1:
            raise AmbiguousRequest("the number of a piece given twice")
        return _number(values.pop()) if values else None

    index, count, size, offset = map(number, (notation.index, notation.count, notation.size, notation.offset))
    names = given.get(notation.identity, set())
    if index is None or index < notation.first or len(names) > 1:
        raise AmbiguousRequest("the number or the name of a piece cannot be read")
    index -= notation.first
    if index == 0 and count == 1:
        return None
    placed = offset if size is None else index * size
    if offset is not None and offset != placed:
        raise AmbiguousRequest("the place of a piece given in two ways")
    return Piece(
        upload="\0".join([notation.index, *names]),
        offset=placed,
        index=index,
        count=count,
        total=number(notation.total),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise AmbiguousRequest("the number of a piece cannot be read")
    return int(text)
