"""From the hashes of a file to the stored entries of a version: each once, with its category and its age."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.entries import StoredHash, StoredVersion, read_entries, write_entries
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.spool import Spool, spool_in
from upload_guard.matching.build import Progress
from upload_guard.records import SignalType

log = logging.getLogger(__name__)

_TOLD_EVERY = 1 << 14


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What a person says of a file of hashes.

    `category` is that of hashes for which the file names none. `origin` is needed for a new list only. With
    `keep_dates` the file's own dates count; without them what is new begins its probation now, whatever a
    supplier says.
    """

    list_name: str
    source: str
    category: str | None
    origin: str | None
    person: str
    keep_dates: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What has become of the hashes: the digest of their file, and how many there are."""

    sha256: bytes
    types: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)


def write_version(
    file: Path,
    order: ImportOrder,
    hashes: Iterable[ListedHash],
    before: StoredVersion | None,
    now: datetime,
    progress: Progress,
) -> Written:
    """Write `hashes` to `file`, by signal type and value; what `before` has in its category is as old.

    Raises `ListError`, with nothing written, if any cannot be read or there is none; and `StorageFailed`.
    """
    types: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    try:
        with spool_in(file.parent.parent / ".import") as spool:
            if before:
                _remember(spool, before)
            spool.take(_dated(hashes, order, now))
            sha256 = write_entries(file, _counted(spool.sorted(), types, categories, progress))
    except OSError as error:
        raise StorageFailed(f"{file}: cannot be written: {error.strerror}") from error
    if not types:
        file.unlink()
        raise ListError(f"{order.source}: holds no hash")
    return Written(sha256, types, categories)


def only_computed(hashes: Iterable[ListedHash], computed: frozenset[SignalType]) -> Iterator[ListedHash]:
    """The same hashes; `ListError` at one of a type that nothing here computes: it could never be met."""
    for one in hashes:
        if one.signal_type not in computed:
            name = one.signal_type.rpartition("-")[0]
            raise ListError(
                f"holds {one.signal_type}, which nothing here computes: "
                f"[signals.{name}] in the settings says what does"
            )
        yield one


def _remember(spool: Spool, before: StoredVersion) -> None:
    try:
        spool.remember(
            StoredHash(entry.signal_type, entry.value, entry.category, entry.since)
            for entry in read_entries(before)
        )
    except ListError as fault:
        # A new import may be how somebody mends this; its entries then begin their probation again.
        log.warning("%s: the ages of its entries are lost", fault)


def _dated(hashes: Iterable[ListedHash], order: ImportOrder, now: datetime) -> Iterator[StoredHash]:
    for one in hashes:
        category = one.category or order.category
        if not category:
            raise ListError(f"{order.source}: names no category: say with --category which it is")
        since = min(one.since, now) if order.keep_dates and one.since else now
        yield StoredHash(one.signal_type, one.value, category, since)


def _counted(
    hashes: Iterable[StoredHash], types: Counter[str], categories: Counter[str], progress: Progress
) -> Iterator[StoredHash]:
    for number, one in enumerate(hashes):
        types[one.signal_type.value] += 1
        categories[one.category] += 1
        if number % _TOLD_EVERY == 0:
            progress("writing", number, 0)
        yield one
