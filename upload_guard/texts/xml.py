"""XML, as XML-RPC and SOAP send it: the text between tags, as a parser would join and resolve it.

Never parsed as XML: a parser that expands entities is the attack. Source: XML 1.0, sections 2.4 to 2.7 and 4.
What stands in attributes is found in the whole text, whose references are resolved as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from upload_guard.errors import Unreadable
from upload_guard.texts.encodings import SHORTEST
from upload_guard.texts.plain import decodings
from upload_guard.texts.protocol import first_visible
from upload_guard.texts.readings import unescaped


class Xml:
    """Bodies that say so, or begin with a tag."""

    name = "xml"

    def carries(self, media_type: str, head: bytes) -> bool:
        return self.holds_fields(media_type) or first_visible(head) == b"<"

    def holds_fields(self, media_type: str) -> bool:
        return media_type.endswith(("/xml", "+xml")) and media_type != "image/svg+xml"

    def texts(self, body: bytes) -> Iterator[str]:
        """Raises `Unreadable` where entities are declared: one could hold a picture, or grow without end."""
        for text in decodings(body):
            yield text
            if "<!ENTITY" in text.replace("\0", ""):
                raise Unreadable("entities")
            yield from _nodes(text)


def _nodes(text: str) -> Iterator[str]:
    """The text between two tags, whatever comments, instructions and CDATA sections it is cut into.

    One walk from left to right, since each of these may hold what looks like the beginning of another.
    """
    node: list[str] = []
    at = 0
    missing: set[str] = set()
    while (opened := text.find("<", at)) >= 0:
        node.append(unescaped(text[at:opened]))
        start, end = _kind(text, opened)
        closed = -1 if end in missing else text.find(end, opened + len(start))
        if closed < 0:
            # Looked for once: a text of nothing but beginnings must not be searched again from each.
            missing.add(end)
            at = _next_of_another_kind(text, opened) if start == "<" else opened + 1
            node.append(text[opened:at])
            continue
        if start == "<![CDATA[":
            node.append(text[opened + len(start) : closed])
        elif start == "<":
            yield from _long_enough(node)
            node = []
        at = closed + len(end)
    node.append(unescaped(text[at:]))
    yield from _long_enough(node)


def _next_of_another_kind(text: str, opened: int) -> int:
    """Where no tag can end, only a comment, an instruction or CDATA may still begin."""
    found = _NO_TAG.search(text, opened + 1)
    return found.start() if found else len(text)


_NO_TAG = re.compile("<[!?]")
_KINDS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<", ">"))


def _kind(text: str, at: int) -> tuple[str, str]:
    return next(kind for kind in _KINDS if text.startswith(kind[0], at))


def _long_enough(node: list[str]) -> Iterator[str]:
    joined = "".join(node)
    if len(joined) >= SHORTEST:
        yield joined
