"""XML, as XML-RPC and SOAP send it: the text between tags, as a parser would join and resolve it.

Never parsed as XML: a parser that expands entities is the attack. Source: XML 1.0, sections 2.4 to 2.7.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from upload_guard.intake.carriers.protocol import first_visible
from upload_guard.intake.carriers.text import decoded
from upload_guard.intake.encodings import SHORTEST

_TAG = re.compile(r"<[^<>]*>")
_INVISIBLE = (("<!--", "-->"), ("<?", "?>"))


class Xml:
    """Bodies that say so, or begin with a tag."""

    name = "xml"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.endswith(("/xml", "+xml")) or first_visible(head) == b"<"

    def texts(self, body: bytes) -> Iterator[str]:
        text = decoded(body)
        yield text
        joined = text.replace("<![CDATA[", "").replace("]]>", "")
        for start, end in _INVISIBLE:
            joined = _without(joined, start, end)
        for node in _TAG.split(joined):
            if len(node) >= SHORTEST:
                yield html.unescape(node)


def _without(text: str, start: str, end: str) -> str:
    """`text` without what stands between `start` and `end`; by searching: a pattern could look twice."""
    kept, at = [], 0
    while (opened := text.find(start, at)) >= 0 and (closed := text.find(end, opened + len(start))) >= 0:
        kept.append(text[at:opened])
        at = closed + len(end)
    return "".join([*kept, text[at:]])
