"""Plain text: a data: URI or base64 as the whole body, or somewhere in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

_UTF_16 = {b"\xff\xfe", b"\xfe\xff"}
_WIDE_STARTS = {start for letter in b'{["<' for start in (bytes([letter, 0]), bytes([0, letter]))}
_NOT_PRINTABLE = bytes(set(range(256)) - {*b"\t\n\r", *range(0x20, 0x7F)})
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n\f\r\x1b"))
_MOSTLY = 0.7
_RARELY = 0.05


class PlainText:
    """Whatever looks like text; it costs one search where there is nothing."""

    name = "text"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.startswith("text/") or looks_like_text(head)

    def holds_fields(self, media_type: str) -> bool:
        del media_type
        return False

    def texts(self, body: bytes) -> Iterator[str]:
        yield from decodings(body)


def looks_like_text(head: bytes) -> bool:
    """Text has no NUL bytes, or is of two or four bytes a letter, or somebody put a few in to look binary.

    Control characters are rare in it, and every tenth byte of what is compressed or encrypted.
    """
    visible = head.replace(b"\0", b"")
    if head[:2] in _UTF_16 or head[:2] in _WIDE_STARTS:
        return True
    if len(visible) == len(head):
        return len(visible) - len(visible.translate(None, _CONTROL)) <= _RARELY * len(visible)
    printable = len(visible.translate(None, _NOT_PRINTABLE))
    return printable > 0 and printable >= _MOSTLY * len(visible)


def decodings(body: bytes) -> Iterator[str]:
    """In Latin-1, since base64 is ASCII in most encodings, and in what a mark or NUL bytes tell of."""
    yield body.decode("latin-1")
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):
        yield body.decode(encoding, "replace")
