"""XML, as XML-RPC and SOAP send it: the text between tags, as a parser would join and resolve it.

Never parsed as XML: a parser that expands entities is the attack. Source: XML 1.0, sections 2.4 to 2.7.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from upload_guard.intake.carriers.protocol import first_visible
from upload_guard.intake.carriers.text import decoded

_INVISIBLE = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[|\]\]>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


class Xml:
    """Bodies that say so, or begin with a tag."""

    name = "xml"

    def carries(self, media_type: str, head: bytes) -> bool:
        return media_type.endswith(("/xml", "+xml")) or first_visible(head) == b"<"

    def texts(self, body: bytes) -> Iterator[str]:
        text = decoded(body)
        yield text
        for node in _TAG.split(_INVISIBLE.sub("", text)):
            yield html.unescape(node)
