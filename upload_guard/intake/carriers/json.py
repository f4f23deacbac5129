"""JSON: every string literal, keys and repeated keys included, whatever surrounds it.

Reading literals rather than the tree needs no recursion, no choice between repeated keys, and stands what
lenient parsers accept. Source: RFC 8259, section 7.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from upload_guard.intake.carriers.protocol import first_visible
from upload_guard.intake.encodings import SHORTEST

# One literal that is long enough to hold anything, behind any number of short ones. Possessive throughout,
# and only ever matched where the last one ended: no text makes it look at a letter twice.
_NEXT = re.compile(
    rf'[^"]*+(?:"[^"\\]{{0,{SHORTEST - 1}}}+"[^"]*+)*+("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL
)


class Json:
    """Bodies that say so, or begin as JSON: frameworks can be told to read JSON under any type."""

    name = "json"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.endswith(("/json", "+json")) or first_visible(head) in {b"{", b"[", b'"'}

    def texts(self, body: bytes) -> Iterator[str]:
        text = body.decode(json.detect_encoding(body), "replace")
        yield text
        at = 0
        while found := _NEXT.match(text, at):
            literal, at = found[1], found.end()
            yield _unescaped(literal) if "\\" in literal else literal[1:-1]


def _unescaped(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal.replace("\\", "")
