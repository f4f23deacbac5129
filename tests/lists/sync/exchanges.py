"""An exchange written by a test: its pages, and where it breaks off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from upload_guard.errors import CheckpointLost, UpstreamUnreachable
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.records import SignalType


def md5(number: int) -> ListedHash:
    return ListedHash(SignalType.MD5, b"wxyz" * 2 + number.to_bytes(8, "big"))


def numbers(entries: Iterable[object]) -> list[int]:
    """Of entries or hashes made by `md5`."""
    return sorted(int.from_bytes(one.value[8:], "big") for one in entries)  # type: ignore[attr-defined]


def records(*held: int) -> tuple[Record, ...]:
    """A record for each number, called by it, with that hash."""
    return tuple(Record(str(number), [md5(number)]) for number in held)


def page(checkpoint: str, *held: int, withdrawn: Iterable[int] = (), anew: bool = False) -> Page:
    return Page(records(*held), tuple(map(str, withdrawn)), checkpoint, anew)


@dataclass(slots=True)
class Written:
    """Gives `pages` after the one of a checkpoint, and fails where one is None."""

    pages_: list[Page | None] = field(default_factory=list)
    identity: str = "written"
    source: str = "https://lists.example.org/all"
    asked: list[str] = field(default_factory=list)

    def pages(self, checkpoint: str) -> Iterator[Page]:
        self.asked.append(checkpoint)
        known = [one.checkpoint for one in self.pages_ if one]
        if checkpoint and checkpoint not in known:
            raise CheckpointLost("it knows no such checkpoint")
        for one in self.pages_[known.index(checkpoint) + 1 if checkpoint else 0 :]:
            if one is None:
                raise UpstreamUnreachable("the next page does not come")
            yield one
