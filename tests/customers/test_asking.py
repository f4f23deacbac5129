"""Who has told nothing is asked once, in time; what is old is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.customers.conftest import Clock
from tests.customers.test_hits import MD5, OTHER, answered, rows
from upload_guard.customers.asking import Asking
from upload_guard.customers.hits import Hits
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind
from upload_guard.storage.outbox_tables import OutboxEvent


@pytest.fixture
def asking(hits: Hits, clock: Clock) -> Asking:
    return Asking(hits, timedelta(hours=20), timedelta(hours=24), timedelta(days=400), clock)


def asked(database: Database) -> list[OutboxEvent]:
    with database.session() as session:
        return list(session.scalars(select(OutboxEvent)))


def test_a_hit_that_is_open_for_so_long_is_asked_about_once(
    asking: Asking, hits: Hits, database: Database, clock: Clock
) -> None:
    (hit,) = hits.note("forum", [answered(MD5)])
    begin = clock.at
    clock.advance(hours=19)
    asking.look()
    assert asked(database) == []
    clock.advance(hours=1)
    asking.look()
    asking.look()
    (event,) = asked(database)
    assert (event.kind, event.site) == (EventKind.HIT_OPEN, "forum")
    assert event.details == {
        "hit": hit,
        "category": "baseline",
        "asked_at": begin.isoformat(),
        "due_at": (begin + timedelta(hours=24)).isoformat(),
    }


def test_nobody_is_asked_about_what_was_followed_up_or_is_long_past(
    asking: Asking, hits: Hits, database: Database, clock: Clock
) -> None:
    hit, _old = hits.note("forum", [answered(MD5), answered(OTHER)])
    with database.session() as session:
        session.get_one(CustomerHit, hit).followed_at = clock.at
    clock.advance(hours=21)
    asking.look()
    assert len(asked(database)) == 1
    with database.session() as session:
        for event in session.scalars(select(OutboxEvent)):
            session.delete(event)
    clock.advance(days=30)
    asking.look()
    assert asked(database) == []


def test_hits_are_kept_no_longer_than_they_should(
    asking: Asking, hits: Hits, database: Database, clock: Clock
) -> None:
    hits.note("forum", [answered(MD5)])
    clock.advance(days=399)
    asking.look()
    assert len(rows(database)) == 1
    clock.advance(days=2)
    asking.look()
    assert rows(database) == []
