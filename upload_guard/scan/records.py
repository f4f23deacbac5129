"""What the stages of a scan hand to each other.

walk -> Item -> chunk -> Looked -> counts and rows -> Summary
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from upload_guard.records import Content


class ScanState(StrEnum):
    """`LEFT` is one that was begun anew, and will not be gone on with."""

    PLANNING = "planning"
    CHECKING = "checking"
    DONE = "done"
    LEFT = "left"


class ChunkState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


class Column(StrEnum):
    """What became of one file, a column of the summary each.

    `LISTED` is what the policy would refuse as an upload, `NOTED` a match that it only notes, `EXCUSED` one
    that the benign bank or a decision here excuses. `UNREAD` could not be read whole, `UNCHECKED` could not
    be compared with anything; neither is ever clean. `GONE` was there when the scan was planned.
    """

    CLEAN = "clean"
    UNREAD = "unread"
    UNCHECKED = "unchecked"
    LISTED = "listed"
    NOTED = "noted"
    EXCUSED = "excused"
    GONE = "gone"


KEPT = "kept"
"""In the counts of a chunk: how many of the clean ones were known by kept hashes and not read."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the plan: its locator (see `holdings.holdings`), size in bytes, and `stamp`.

    The stamp changes whenever its content may have changed: times and inode, or what an object store says.
    """

    locator: str
    size: int = 0
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Shut:
    """A folder, or a name, that could not be looked into, and why."""

    locator: str
    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, which is not followed: what it leads to is scanned where it lies."""

    locator: str


Met = Item | Shut | Link


class Walk(Protocol):
    """The files of one root, always in the same order; those behind `after` where that is given."""

    @property
    def root(self) -> str: ...

    def items(self, after: str = "") -> Iterator[Met]: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open: its bytes, and the item as it was at that moment."""

    item: Item
    content: Content
    name: str


class Opener(Protocol):
    """Opens files by locator. Both raise `GoneFromPlace`, and `HoldingsUnreachable` as "LOCATOR: why"."""

    def look(self, item: Item) -> Item:
        """The item as it stands now, or as planned where looking costs as much as reading."""
        ...

    def opened(self, item: Item) -> AbstractContextManager[Opened]: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in one file. `matches` name entries; `fault` is why it was not acted upon."""

    item: Item
    column: Column
    action: str = ""
    reason: str = ""
    matches: tuple[Mapping[str, Any], ...] = ()
    case: str = ""
    fault: str = ""
    kept: bool = False
