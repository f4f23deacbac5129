"""Text files with files in them: JSON, HTML, CSS, CSV, scripts, with data: URIs or base64.

The same notations as in request bodies, read by the same code: a file may hold what a page would else send.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from upload_guard.containers.base import WHOLE, Found, Inner, Remark, read_whole, size_of
from upload_guard.containers.eml import Eml
from upload_guard.containers.pdf import Pdf
from upload_guard.containers.svg import Svg
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.texts.carriers import CARRIERS, carriers_of
from upload_guard.texts.encodings import payloads
from upload_guard.texts.plain import looks_like_text

# Text by their looks, and taken apart with more knowledge.
_READ_OTHERWISE = (Eml(), Pdf(), Svg())
_ALL = frozenset(carrier.name for carrier in CARRIERS)


class Text:
    """Found files are `guessed`: scripts and tables hold beginnings and pieces of images that are none."""

    name = "text"

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        if not looks_like_text(head) or sniff(head) is not None:
            return False
        return not any(other.holds(head, stream) for other in _READ_OTHERWISE)

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]:  # noqa: ARG002 - the caller counts
        if size_of(stream) > WHOLE:
            # Only a text this long is let go: refusing it would refuse logs and dumps, and they pass as said.
            yield Remark("text too long to be searched")
            return
        body, found = read_whole(stream), 0
        for carrier in carriers_of("", body[:HEAD], _ALL):
            for payload in chain.from_iterable(map(payloads, carrier.texts(body))):
                found += 1
                yield Inner(f"{carrier.name} {found}", chunks=(payload,), guessed=True)
