"""How an upload in pieces is recognised, whatever client library sends it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from upload_guard.errors import AmbiguousRequest
from upload_guard.intake.pieces import FIELD_NAMES, Piece, piece_in_fields, piece_in_headers

FIELDS = {
    "Dropzone": (
        {
            "dzuuid": "u",
            "dzchunkindex": "1",
            "dztotalchunkcount": "3",
            "dztotalfilesize": "25",
            "dzchunksize": "10",
            "dzchunkbyteoffset": "10",
        },
        Piece("dzchunkindex\0u", offset=10, index=1, count=3, total=25),
    ),
    "Fine Uploader": (
        {
            "qquuid": "u",
            "qqpartindex": "1",
            "qqtotalparts": "3",
            "qqtotalfilesize": "25",
            "qqpartbyteoffset": "10",
            "qqchunksize": "5",
        },
        Piece("qqpartindex\0u", offset=10, index=1, count=3, total=25),
    ),
    "Flow.js": (
        {
            "flowIdentifier": "u",
            "flowChunkNumber": "2",
            "flowTotalChunks": "3",
            "flowTotalSize": "25",
            "flowChunkSize": "10",
            "flowCurrentChunkSize": "10",
        },
        Piece("flowChunkNumber\0u", offset=10, index=1, count=3, total=25),
    ),
    "Resumable.js": (
        {
            "resumableIdentifier": "u",
            "resumableChunkNumber": "2",
            "resumableTotalChunks": "3",
            "resumableTotalSize": "25",
            "resumableChunkSize": "10",
        },
        Piece("resumableChunkNumber\0u", offset=10, index=1, count=3, total=25),
    ),
    "plupload": ({"name": "u", "chunk": "1", "chunks": "3"}, Piece("chunk\0u", index=1, count=3)),
    "no count": ({"dzchunkindex": "1"}, Piece("dzchunkindex", index=1)),
}


@pytest.mark.parametrize(("fields", "piece"), FIELDS.values(), ids=FIELDS.keys())
def test_the_fields_of_a_library_tell_where_a_piece_belongs(fields: dict[str, str], piece: Piece) -> None:
    assert piece_in_fields(fields.items(), {}) == piece
    assert piece_in_fields((), {"QUERY_STRING": urlencode(fields)}) == piece
    assert set(fields) - {"qqchunksize", "flowCurrentChunkSize"} <= FIELD_NAMES


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ([("chunk", "0"), ("chunks", "1")], ""),
        ([("chunks", "3")], ""),
        ([("chunk", "of text")], ""),
        ([("name", "a"), ("name", "b")], ""),
        ([("dzchunkindex", "0"), ("dztotalchunkcount", "1")], ""),
        ([("flowChunkNumber", "1")], "flowTotalChunks=1"),
    ],
)
def test_a_whole_upload_is_no_piece(fields: list[tuple[str, str]], query: str) -> None:
    assert piece_in_fields(fields, {"QUERY_STRING": query}) is None


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ([("dzchunkindex", "0"), ("dzchunkindex", "1"), ("dztotalchunkcount", "2")], ""),
        ([("dzchunkindex", "0"), ("dztotalchunkcount", "1"), ("dztotalchunkcount", "2")], ""),
        ([("chunk", "0"), ("chunks", "1")], "chunks=2"),
        ([("chunk", " 0"), ("chunks", "2")], ""),
        ([("chunk", "0x1"), ("chunks", "2")], ""),
        ([("chunk", ""), ("chunks", "2")], ""),
        ([("chunk", "0" * 5000), ("chunks", "2")], ""),
        ([("flowChunkNumber", "0"), ("flowTotalChunks", "2")], ""),
        ([("dzchunkindex", "1"), ("dzchunksize", "10"), ("dzchunkbyteoffset", "5")], ""),
        ([("dzchunkindex", "0"), ("dztotalchunkcount", "1"), ("chunk", "0"), ("chunks", "2")], ""),
    ],
)
def test_numbers_that_two_readers_could_read_in_two_ways_are_refused(
    fields: list[tuple[str, str]], query: str
) -> None:
    with pytest.raises(AmbiguousRequest):
        piece_in_fields(fields, {"QUERY_STRING": query})


@pytest.mark.parametrize(
    ("headers", "piece"),
    [
        (
            {"HTTP_CONTENT_RANGE": "bytes 10-19/25"},
            Piece("/f", offset=10, length=10, total=25, by_range=True),
        ),
        ({"HTTP_CONTENT_RANGE": "bytes 0-9/*"}, Piece("/f", offset=0, length=10, by_range=True)),
        ({"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_OFFSET": "5"}, Piece("/f", offset=5)),
        ({"HTTP_UPLOAD_OFFSET": "5", "HTTP_UPLOAD_LENGTH": "9"}, Piece("/f", offset=5)),
        ({"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_LENGTH": "9", "CONTENT_LENGTH": "5"}, Piece("/f")),
        ({"HTTP_UPLOAD_CONCAT": "final;/a /b"}, Piece("/f")),
        ({"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_LENGTH": "9", "CONTENT_LENGTH": "9"}, None),
        ({"HTTP_CONTENT_RANGE": "bytes 0-9/10"}, None),
        ({}, None),
    ],
)
def test_headers_tell_of_a_piece(headers: dict[str, Any], piece: Piece | None) -> None:
    found = piece_in_headers({"PATH_INFO": "/f"} | headers)
    assert found == piece
    assert found is None or found.has_place == (found.offset is not None)


@pytest.mark.parametrize("value", ["bytes x-9/10", "bytes 0-9", "0-9/10", "bytes 9-0/10", "bytes 0-10/10"])
def test_a_range_that_cannot_be_read_is_refused(value: str) -> None:
    with pytest.raises(AmbiguousRequest):
        piece_in_headers({"HTTP_CONTENT_RANGE": value})
