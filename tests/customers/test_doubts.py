"""Entries that customers hold for false positives are named, by the keyed digests of their hits alone."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.customers.test_hits import MD5, OTHER, SHA1, answered
from tests.customers.test_outcomes import Written, of_hash
from upload_guard.customers.doubts import doubted_entries
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.customers.outcomes import Outcomes
from upload_guard.customers.wire import HitOutcome
from upload_guard.records import Entry, Signal
from upload_guard.storage.database import Database


def entry(signal: Signal, number: int) -> Entry:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return Entry("icse", 1, "interpol", "baseline", signal.type, signal.value, since, number)


LISTED = (entry(MD5, 1), entry(SHA1, 2), entry(OTHER, 3))


def test_only_what_is_doubted_now_is_named_with_who_doubts_it(
    hits: Hits, database: Database, keys: HitKeys
) -> None:
    outcomes = Outcomes(Database(database.engine, Written()), keys, hits.now)
    assert list(doubted_entries(database, keys, LISTED)) == []
    for site in ("forum", "blog"):
        hits.note(site, [answered(MD5), answered(SHA1), answered(OTHER)])
        outcomes.tell(site, [of_hash(MD5, HitOutcome.FALSE_POSITIVE), of_hash(OTHER)], "k")
    outcomes.tell("blog", [of_hash(SHA1, HitOutcome.FALSE_POSITIVE)], "k")
    outcomes.tell("blog", [of_hash(SHA1, HitOutcome.REMOVED)], "k")
    (doubted,) = doubted_entries(database, keys, LISTED)
    assert (doubted.entry.number, doubted.customers) == (1, ("blog", "forum"))
