"""Uploads in pieces, which no check of one request can see whole.

Sources: tus 1.0; RFC 9110 section 14.5 (Content-Range in requests); the form fields of Dropzone, plupload and
Resumable.js as their clients send them, in the form or in the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from upload_guard.errors import AmbiguousRequest

_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: of which upload, from which byte on; `total` in bytes and `last` where they are known."""

    upload: str
    offset: int | None
    index: int | None
    total: int | None
    last: bool


@dataclass(frozen=True, slots=True)
class _Notation:
    """The field names of one client library; `first` is the number of the first piece."""

    identity: str
    index: str
    count: str
    size: str
    total: str
    first: int


_NOTATIONS = (
    _Notation("dzuuid", "dzchunkindex", "dztotalchunkcount", "dzchunksize", "dztotalfilesize", 0),
    _Notation(
        "resumableIdentifier",
        "resumableChunkNumber",
        "resumableTotalChunks",
        "resumableChunkSize",
        "resumableTotalSize",
        1,
    ),
    _Notation("name", "chunk", "chunks", "", "", 0),
)
FIELD_NAMES = frozenset(
    name
    for notation in _NOTATIONS
    for name in (notation.identity, notation.index, notation.count, notation.size, notation.total)
    if name
)


def piece_in_headers(environ: Mapping[str, Any]) -> Piece | None:
    """A piece by tus or Content-Range. Raises `AmbiguousRequest` for a range that cannot be read."""
    path = str(environ.get("PATH_INFO", ""))
    if "HTTP_TUS_RESUMABLE" in environ or "HTTP_UPLOAD_OFFSET" in environ:
        return Piece(path, _number(environ.get("HTTP_UPLOAD_OFFSET", "0")), None, None, last=False)
    if "HTTP_CONTENT_RANGE" not in environ:
        return None
    found = _RANGE.fullmatch(environ["HTTP_CONTENT_RANGE"].strip())
    if found is None:
        raise AmbiguousRequest("Content-Range cannot be read")
    first, end = int(found[1]), int(found[2])
    total = None if found[3] == "*" else int(found[3])
    if first == 0 and total == end + 1:
        return None
    return Piece(path, first, None, total, last=total == end + 1)


def piece_in_fields(fields: Mapping[str, str], environ: Mapping[str, Any]) -> Piece | None:
    """A piece by form fields or by the query. Raises `AmbiguousRequest` for numbers that are none."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    given = query | dict(fields)
    for notation in _NOTATIONS:
        if notation.index in given and notation.count in given:
            return _by_fields(given, notation)
        if notation.index in given and notation.index != "chunk":
            return _by_fields({**given, notation.count: "0"}, notation)
    return None


def _by_fields(given: Mapping[str, str], notation: _Notation) -> Piece | None:
    index, count = _number(given[notation.index]) - notation.first, _number(given[notation.count])
    if index == 0 and count == 1:
        return None
    size = _number(given[notation.size]) if given.get(notation.size) else None
    total = _number(given[notation.total]) if given.get(notation.total) else None
    return Piece(
        upload=given.get(notation.identity, ""),
        offset=None if size is None else index * size,
        index=index,
        total=total,
        last=index == count - 1,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise AmbiguousRequest("the number of a piece cannot be read")
    return int(text)
