"""XML, as XML-RPC and SOAP send it: the text between tags, as a parser would join and resolve it.

Never parsed as XML: a parser that expands entities is the attack. Source: XML 1.0, sections 2.4 to 2.7 and 4.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from upload_guard.errors import Unreadable
from upload_guard.texts.encodings import SHORTEST
from upload_guard.texts.plain import decoded
from upload_guard.texts.protocol import first_visible

_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = (("<!--", "-->"), ("<?", "?>"))
# A character may be named with any number of zeros in front; what is longer still is none, and int() raises.
_ZEROS = re.compile(r"&#([xX]?)0+(?=[0-9A-Fa-f])")
_NO_CHARACTER = re.compile(r"&#[xX]?[0-9A-Fa-f]{9,};?")


class Xml:
    """Bodies that say so, or begin with a tag."""

    name = "xml"

    def carries(self, media_type: str, head: bytes) -> bool:
        return self.holds_fields(media_type) or first_visible(head) == b"<"

    def holds_fields(self, media_type: str) -> bool:
        return media_type.endswith(("/xml", "+xml")) and media_type != "image/svg+xml"

    def texts(self, body: bytes) -> Iterator[str]:
        """Raises `Unreadable` where entities are declared: one could hold a picture, or grow without end."""
        text = decoded(body)
        yield text
        if "<!ENTITY" in text.replace("\0", ""):
            raise Unreadable("entities")
        joined = text.replace("<![CDATA[", "").replace("]]>", "")
        for start, end in _INVISIBLE:
            joined = _without(joined, start, end)
        for node in _TAG.split(joined):
            if len(node) >= SHORTEST:
                yield _resolved(node) if "&" in node else node


def _resolved(node: str) -> str:
    return html.unescape(_NO_CHARACTER.sub("\ufffd", _ZEROS.sub(r"&#\1", node)))


def _without(text: str, start: str, end: str) -> str:
    """`text` without what stands between `start` and `end`; by searching: a pattern could look twice."""
    kept, at = [], 0
    while (opened := text.find(start, at)) >= 0 and (closed := text.find(end, opened + len(start))) >= 0:
        kept.append(text[at:opened])
        at = closed + len(end)
    return "".join([*kept, text[at:]])
