"""HTML files: raster pictures in data: URIs, in attributes, styles and scripts alike.

Source: HTML Standard, 13.1 (what a document begins with).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from upload_guard.containers.base import Found, read_whole
from upload_guard.containers.data_uris import data_uris
from upload_guard.containers.svg import in_utf8
from upload_guard.imaging.budget import Budget

_BEGINS = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*"
    rb"<(?:!DOCTYPE\s+html|html|head|body|title|meta|link|style|script|base|div|p|img|table|a|h[1-6]|br)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)


class Html:
    name = "html"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return _BEGINS.match(in_utf8(head)) is not None

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        for inner in data_uris(in_utf8(read_whole(stream))):
            # Pages about data: URIs show beginnings of pictures, and nothing is wrong with such a page.
            yield replace(inner, guessed=True)
