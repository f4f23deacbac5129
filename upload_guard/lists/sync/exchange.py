"""What an exchange gives: a list page by page, from where the last run ended.

`upstreams`, which is above, has a module for each: those who fetch know lists, lists know no service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from upload_guard.lists.formats import ListedHash


@dataclass(frozen=True, slots=True)
class Record:
    """What the exchange changes and withdraws as one: an entry with its fingerprints, a single hash, a file.

    `key` names it for good within the exchange. `hashes` are all it now has and are read once.
    """

    key: str
    hashes: Iterable[ListedHash]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `checkpoint` is where to go on once this page is kept.

    `records` take the place of what was said of the same keys before; `withdrawn` are keys that are no longer
    listed, known or not. Where `anew` is set, whatever came before this page no longer counts: a whole list
    begins so. Both are read once and in bounded memory, before the next page is asked for.
    """

    records: Iterable[Record]
    withdrawn: Iterable[str]
    checkpoint: str
    anew: bool = False

    def __post_init__(self) -> None:
        if not self.checkpoint:
            raise ValueError("an empty checkpoint would begin from the start")


class Exchange(Protocol):
    """One list of one supplier.

    Systems of the field fit so: NCMEC's record is `member/id`, its checkpoint `paging/next` and then the time
    up to which was asked, `deletedImage` withdraws; StopNCII's record is the hash, and any `hashStatus` but
    Active withdraws; HMA's is the bank's content id; Tech Against Terrorism withdraws by `deleted`.
    """

    @property
    def source(self) -> str:
        """Where versions are said to come from, without any secret; at most 255 characters."""
        ...

    @property
    def identity(self) -> str:
        """What a checkpoint belongs to: another identity, and the list is fetched from the start."""
        ...

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """What is new after `checkpoint`, everything where that is empty; no page where nothing is.

        Raises `UpstreamError`, of which `CheckpointLost` where it must begin from the start; reading a page's
        records raises it too, and `ListError` for what is no hash.
        """
        ...
