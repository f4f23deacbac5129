"""Text files with files in them: JSON, HTML, CSS, CSV, scripts, with data: URIs or base64.

The same notations as in request bodies, read by the same code: a file may hold what a page would else send.
Searched whatever else the file may be, since a few letters make a text look like a document of another kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

from upload_guard.containers.base import WHOLE, Found, Inner, Remark, read_at, read_whole, size_of
from upload_guard.containers.data_uris import data_uris
from upload_guard.containers.svg import Svg, in_utf8
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.texts.carriers import CARRIERS, carriers_of
from upload_guard.texts.encodings import payloads
from upload_guard.texts.plain import looks_like_text

_ALL = frozenset(carrier.name for carrier in CARRIERS)


class Text:
    """Found files are `guessed`: scripts and tables hold beginnings and pieces of images that are none."""

    name = "text"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        return looks_like_text(head) and sniff(head) is None

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        if size_of(stream) > WHOLE:
            # Only a text this long is let go: refusing it would refuse logs and dumps, and they pass as said.
            yield Remark("text too long to be searched")
            return
        body = read_whole(stream)
        if b"&" in body or b"\\" in body:
            # As markup and style sheets may write them.
            for uri in data_uris(in_utf8(body)):
                yield replace(uri, guessed=True)
        try:
            yield from _carried(body)
        except Unreadable as fault:
            # An SVG with entities says so itself, and more gravely.
            if fault.reason != "entities" or not Svg().holds(read_at(stream, 0, HEAD), stream):
                raise


def _carried(body: bytes) -> Iterator[Found]:
    found = 0
    for carrier in carriers_of("", body[:HEAD], _ALL):
        for payload in chain.from_iterable(map(payloads, carrier.texts(body))):
            found += 1
            yield Inner(f"{carrier.name} {found}", chunks=(payload,), guessed=True)
