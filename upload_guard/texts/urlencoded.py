"""application/x-www-form-urlencoded: names and values. Source: WHATWG URL, section 5."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from upload_guard.texts.encodings import SHORTEST
from upload_guard.texts.json import begins_json, literals


class UrlEncoded:
    """Bodies of that type. Bottle reads fields in any other too, which is for the collector to know."""

    name = "urlencoded"

    def carries(self, media_type: str, head: bytes) -> bool:
        del head
        return self.holds_fields(media_type)

    def holds_fields(self, media_type: str) -> bool:
        return media_type == "application/x-www-form-urlencoded"

    def texts(self, body: bytes) -> Iterator[str]:
        """Latin-1 texts: a value may be the bytes of an image, percent-encoded."""
        for pair in body.split(b"&"):
            if len(pair) < SHORTEST:
                continue
            yield from _texts_of(pair)
            # Old parsers take a semicolon for an ampersand.
            if b";" in pair:
                for half in pair.split(b";"):
                    if len(half) >= SHORTEST:
                        yield from _texts_of(half)


def _texts_of(pair: bytes) -> Iterator[str]:
    name, _, value = pair.partition(b"=")
    for field in (name, value):
        yield from _with_literals(unquote_to_bytes(field.replace(b"+", b" ")).decode("latin-1"))
        # Many clients forget to encode the + of base64; some applications put it back.
        if b"+" in field:
            yield from _with_literals(unquote_to_bytes(field).decode("latin-1"))


def _with_literals(text: str) -> Iterator[str]:
    yield text
    if begins_json(text):
        yield from literals(text)
