"""JSON: every string literal, keys and repeated keys included, whatever surrounds it.

Reading literals rather than the tree needs no recursion, no choice between repeated keys, and stands what
lenient parsers accept. Source: RFC 8259, section 7.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from upload_guard.texts.encodings import SHORTEST
from upload_guard.texts.plain import decodings
from upload_guard.texts.protocol import first_visible

# One literal that is long enough to hold anything, behind any number of short ones. Possessive throughout,
# and only ever matched where the last one ended: no text makes it look at a letter twice.
_NEXT = re.compile(
    rf'[^"]*+(?:"[^"\\]{{0,{SHORTEST - 1}}}+"[^"]*+)*+("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL
)


_DEEPEST = 3


class Json:
    """Bodies that say so, or begin as JSON: frameworks can be told to read JSON under any type."""

    name = "json"

    def carries(self, media_type: str, head: bytes) -> bool:
        return self.holds_fields(media_type) or first_visible(head) in {b"{", b"[", b'"'}

    def holds_fields(self, media_type: str) -> bool:
        return media_type.endswith(("/json", "+json"))

    def texts(self, body: bytes) -> Iterator[str]:
        for text in decodings(body):
            yield text
            yield from literals(text)


def literals(text: str, depth: int = _DEEPEST) -> Iterator[str]:
    """Every long string in a JSON text, and in the JSON texts among those: some clients encode twice."""
    at = 0
    while found := _NEXT.match(text, at):
        literal, at = found[1], found.end()
        value = _unescaped(literal) if "\\" in literal else literal[1:-1]
        yield value
        if depth and begins_json(value):
            yield from literals(value, depth - 1)


def begins_json(text: str) -> bool:
    return text.lstrip()[:1] in {"{", "[", '"'}


def _unescaped(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal.replace("\\", "")
