"""Text files with files in them: JSON, HTML, CSS, CSV, scripts, with data: URIs or base64.

The same notations as in request bodies, read by the same code: a file may hold what a page would else send.
Searched whatever else the file may be, since a few letters make a text look like a document of another kind.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from upload_guard.containers.base import WHOLE, Found, Inner, Remark, read_at, read_whole, size_of
from upload_guard.containers.svg import Svg
from upload_guard.digests import digest_of
from upload_guard.errors import Unreadable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.texts.carriers import CARRIERS, carriers_of
from upload_guard.texts.encodings import Finder
from upload_guard.texts.plain import looks_like_text

_ALL = frozenset(carrier.name for carrier in CARRIERS)


class Text:
    """Found files are `guessed`: scripts and tables hold beginnings and pieces of images that are none."""

    name = "text"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:  # noqa: ARG002 - the head says all
        # What begins as an image and has NUL bytes is binary, however many letters its headers have.
        return looks_like_text(head) and not (b"\0" in head and sniff(head) is not None)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:
        if size_of(stream) > WHOLE or not budget.may_search(size_of(stream)):
            # Only so much text is let go: refusing it would refuse logs and dumps, and they pass as said.
            yield Remark("text too long to be searched")
            return
        try:
            yield from _carried(read_whole(stream))
        except Unreadable as fault:
            # An SVG with entities says so itself, and more gravely.
            if fault.reason != "entities" or not Svg().holds(read_at(stream, 0, HEAD), stream):
                raise


def _carried(body: bytes) -> Iterator[Found]:
    finder, seen = Finder(), {digest_of(io.BytesIO(body)).sha256}
    for carrier in carriers_of("", body[:HEAD], _ALL):
        for payload in chain.from_iterable(map(finder.payloads, carrier.texts(body))):
            digest = digest_of(io.BytesIO(payload)).sha256
            if digest not in seen:
                seen.add(digest)
                yield Inner(f"{carrier.name} {len(seen) - 1}", chunks=(payload,), guessed=True)
