"""What a carrier is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Carrier(Protocol):
    """One notation in which a body can hold texts. `name` switches it in `intake.carriers`.

    Media types are given in lower case and without parameters.
    """

    name: str

    def carries(self, media_type: str, head: bytes) -> bool:
        """Whether a body of this media type beginning so is in the notation."""
        ...

    def holds_fields(self, media_type: str) -> bool:
        """Whether a body of this type is a form that was filled in, and nobody's file.

        It may hold passwords, and has no business in a sidecar or a vault.
        """
        ...

    def texts(self, body: bytes) -> Iterator[str]:
        """Every text in `body`, as an application would read it; odd ones are read as text.

        Raises `Unreadable` where only a parser that is itself the danger could tell.
        """
        ...


def first_visible(head: bytes) -> bytes:
    """The first byte that is neither white space nor part of a byte order mark; empty if there is none."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
