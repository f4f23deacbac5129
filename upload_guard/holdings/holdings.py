"""What can be done with a file that a site has already, wherever that is.

A locator names one: `file:///srv/media/a.jpg`, `s3://bucket/key`, `wordpress://SITE/ATTACHMENT`. It is a path
that an administrator may read in a page or a summary, so it holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

Leftover = Mapping[str, Any]
"""What it takes to put a file back as it was (mode, owner, times, metadata): plain JSON, of the holdings'
own.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A file as it stands: `size` in bytes, when it was last `modified` (UTC)."""

    locator: str
    size: int
    modified: datetime


class Holdings(Protocol):
    """The files of one kind of place, by locator.

    All raise `HoldingsUnreachable` (trying again may help); `GoneFromPlace` where nothing is there; and
    `ChangedInPlace` where other bytes are there than are meant, so that no innocent file is ever taken away.
    """

    def look(self, locator: str) -> Standing: ...

    def read(self, locator: str) -> AbstractContextManager[BinaryIO]: ...

    def take(self, locator: str, sha256: bytes) -> Leftover:
        """Take away the file whose digest this is. Whoever calls has its bytes sealed already."""
        ...

    def put(self, locator: str, content: BinaryIO, leftover: Leftover) -> None:
        """Put it back. Nothing that lies there now is overwritten (`ChangedInPlace`)."""
        ...
