"""What a carrier is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Carrier(Protocol):
    """One notation in which a body can hold texts. `name` switches it in `intake.carriers`."""

    name: str

    def carries(self, media_type: str, head: bytes) -> bool:
        """Whether a body of this media type (lower case, no parameters) beginning so is in the notation."""
        ...

    def texts(self, body: bytes) -> Iterator[str]:
        """Every text in `body`, as an application would read it. Never raises: odd ones are read as text."""
        ...


def first_visible(head: bytes) -> bytes:
    """The first byte that is neither white space nor part of a byte order mark; empty if there is none."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
