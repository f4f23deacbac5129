"""SVG: raster pictures in data: URIs. What is drawn in it by paths is not looked at, and that is said.

Sources: SVG 2, 12.3 (image); XML 1.0, 2.8 and 4.2 (document type, entities), appendix F (encodings).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from upload_guard.containers.base import Found, Remark, read_at, read_whole
from upload_guard.containers.carried import carried_files
from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import Budget

_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?svg[\s/>]|<!DOCTYPE\s+svg[\s\[>]", re.IGNORECASE)
_MARKUP = re.compile(rb"\s*<[?!A-Za-z]")
_ENTITY = re.compile(rb"<!ENTITY\s+(.{0,300})", re.DOTALL)
# Illustrator declares its namespaces so. Such a value can be no data: URI, and no part of one.
_NAMESPACE = re.compile(rb"[\w.-]{1,64}\s+([\"'])https?://[^\"'&%<>]{1,200}\1\s*>")
_LOOK = 1 << 16
_ENCODINGS = (
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
# Codecs are modules that Python imports when first asked for: ask before the sandbox closes.
for _, _encoding in _ENCODINGS:
    codecs.lookup(_encoding)


class Svg:
    name = "svg"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        start = in_utf8(head)
        if not _MARKUP.match(start):
            return False
        return _ROOT.search(start) is not None or _ROOT.search(in_utf8(read_at(stream, 0, _LOOK))) is not None

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        text = in_utf8(read_whole(stream))
        found = False
        for inner in carried_files(text):
            found = True
            yield inner
        # An entity could hold a picture or grow without end; a browser would expand it, nothing here does.
        if any(not _NAMESPACE.match(declared[1]) for declared in _ENTITY.finditer(text)):
            raise Unscannable("entities")
        if not found:
            yield Remark("vector")


def in_utf8(text: bytes) -> bytes:
    """Markup without its byte order mark, whatever encoding that or its first character tells."""
    for mark, encoding in _ENCODINGS:
        if text.startswith(mark):
            return text.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")
    return text.removeprefix(codecs.BOM_UTF8)
