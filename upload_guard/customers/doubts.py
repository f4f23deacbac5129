"""Which entries customers hold for false positives, for those who look after lists: an opinion, no more.

Rows do not know the hashes, so the lists are gone through for entries whose keyed digest is among those of
such hits. A likeness is found only where the customer asked for the entry's very hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from upload_guard.customers.hits import HitKeys
from upload_guard.customers.wire import HitOutcome
from upload_guard.records import Entry, Signal
from upload_guard.storage.customer_tables import CustomerHit, CustomerHitDigest
from upload_guard.storage.database import Database


@dataclass(frozen=True, slots=True)
class Doubted:
    """An entry with the customers whose last word on a hit by it is that it is a false positive."""

    entry: Entry
    customers: tuple[str, ...]


def doubted_entries(database: Database, keys: HitKeys, entries: Iterable[Entry]) -> Iterator[Doubted]:
    """Those of `entries`. Raises `StorageFailed`."""
    doubters = _doubters(database)
    if not doubters:
        return
    for entry in entries:
        found: set[str] = set()
        for digest in keys.digests(Signal(entry.signal_type, entry.value)):
            found |= doubters.get(digest, frozenset())
        if found:
            yield Doubted(entry, tuple(sorted(found)))


def _doubters(database: Database) -> Mapping[bytes, frozenset[str]]:
    """Customers by the digests of hits that they doubt."""
    said = (
        select(CustomerHitDigest.digest, CustomerHitDigest.site)
        .join(CustomerHit, CustomerHit.id == CustomerHitDigest.hit_id)
        .where(CustomerHit.outcome == HitOutcome.FALSE_POSITIVE.value)
    )
    doubters: dict[bytes, frozenset[str]] = {}
    with database.session() as session:
        for digest, site in session.execute(said):
            doubters[digest] = doubters.get(digest, frozenset()) | {site}
    return doubters
