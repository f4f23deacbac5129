"""Plain text: a data: URI or base64 as the whole body, or somewhere in it."""

from __future__ import annotations

from collections.abc import Iterator

_UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NOT_PRINTABLE = bytes(set(range(256)) - {*b"\t\n\r", *range(0x20, 0x7F)})
_MOSTLY = 0.7


class PlainText:
    """Whatever looks like text; it costs one search where there is nothing."""

    name = "text"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.startswith("text/") or looks_like_text(head)

    def holds_fields(self, media_type: str) -> bool:
        del media_type
        return False

    def texts(self, body: bytes) -> Iterator[str]:
        yield decoded(body)


def looks_like_text(head: bytes) -> bool:
    """Text has no NUL bytes, or is of two or four bytes a letter, or somebody put a few in to look binary."""
    visible = head.replace(b"\0", b"")
    if len(visible) == len(head) or head[:2] in _UTF_16:
        return True
    printable = len(visible.translate(None, _NOT_PRINTABLE))
    return printable > 0 and printable >= _MOSTLY * len(visible)


def decoded(body: bytes) -> str:
    """Latin-1 unless a byte order mark says otherwise: base64 is ASCII in all that is left."""
    return body.decode(_UTF_16.get(body[:2], "latin-1"), "replace")
