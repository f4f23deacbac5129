"""What can be done with a file that a site has already, wherever that is.

A locator names one: `file:///srv/media/a.jpg`, `s3://bucket/key`, `wordpress://SITE/ATTACHMENT`. It is a path
that an administrator may read in a page or a summary, so it holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, BinaryIO, Protocol

from upload_guard.records import Content

Leftover = Mapping[str, Any]
"""What it takes to put a file back as it was (mode, owner, times, metadata): plain JSON, of the holdings'
own.
"""
UNKNOWN: Leftover = MappingProxyType({})
"""Of a file that nobody has looked at before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A file as it stands: `size` in bytes, when last `modified` (UTC), and what it takes to put it back."""

    locator: str
    size: int
    modified: datetime
    leftover: Leftover = field(default_factory=dict)


class Holdings(Protocol):
    """The files of one kind of place, by locator.

    All raise `HoldingsUnreachable` (trying again may help); `GoneFromPlace` where it is certain that nothing
    is there, never where a disk, a bucket or a site is missing as a whole; and `ChangedInPlace` where other
    bytes are there than are meant, so that no innocent file is ever taken away. `known` is what `look` said
    of the file at that place before.
    """

    def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing: ...

    def read(self, locator: str) -> AbstractContextManager[BinaryIO]:
        """Its bytes. Raises `TooLargeInPlace` where a place has a bound of its own."""
        ...

    def take(self, locator: str, sha256: bytes, case: str, known: Leftover) -> None:
        """Take away the file whose digest this is, for a case. Killed at any moment, it can be called again.

        Whoever calls has its bytes sealed already, and has noted what `look` said of it.
        """
        ...

    def put(self, locator: str, content: Content, leftover: Leftover, case: str) -> None:
        """Put it back, as far as that case goes. Killed at any moment, it can be called again.

        Nothing that lies there now is overwritten: `ChangedInPlace`, unless those are the very bytes.
        """
        ...


def scheme_of(locator: str) -> str:
    """The kind of place: "file", "s3", "wordpress"."""
    return locator.partition("://")[0]
