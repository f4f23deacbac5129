"""Plain text: a data: URI or base64 as the whole body, or somewhere in it."""

from __future__ import annotations

from collections.abc import Iterator

_UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class PlainText:
    """Whatever begins without a NUL byte; it costs one search where there is nothing."""

    name = "text"

    def carries(self, media_type: str, head: bytes) -> bool:
        del media_type
        return b"\0" not in head or head[:2] in _UTF_16

    def texts(self, body: bytes) -> Iterator[str]:
        yield decoded(body)


def decoded(body: bytes) -> str:
    """Latin-1 unless a byte order mark says otherwise: base64 is ASCII in all that is left."""
    return body.decode(_UTF_16.get(body[:2], "latin-1"), "replace")
