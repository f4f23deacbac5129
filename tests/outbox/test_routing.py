"""From events to messages: each once, together where they come close together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.outbox.receiver import Clock
from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.routing import KEPT, Noted, Router
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.outbox_tables import OutboxEvent, OutboxMessage


@dataclass(frozen=True)
class Counting:
    """A route whose messages say how many events they are made of."""

    pause: timedelta = timedelta()
    kinds: frozenset[EventKind] = field(default=frozenset({EventKind.CASE_OPENED}))

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
        yield Draft(MessageKind.NOTICE, "somebody", {"count": len(events)})


def note(database: Database, *events: Event) -> None:
    with database.session() as session:
        for event in events:
            note_event(session, event)


def opened(database: Database, count: int = 1) -> None:
    note(database, *[Event(EventKind.CASE_OPENED, f"case {number}") for number in range(count)])


def counts(database: Database) -> list[int]:
    with database.session() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.number))
        return [row.body["count"] for row in rows]


def test_an_event_becomes_a_message_once(database: Database, clock: Clock) -> None:
    opened(database)
    router = Router(database, [Counting()], clock)
    assert [router.run(), router.run()] == [1, 0]
    assert counts(database) == [1]


def test_the_first_of_a_kind_is_told_at_once_and_what_follows_together(
    database: Database, clock: Clock
) -> None:
    router = Router(database, [Counting(timedelta(minutes=15))], clock)
    opened(database)
    router.run()
    for _ in range(3):
        clock.pass_by(timedelta(minutes=4))
        opened(database, 100)
        router.run()
    assert counts(database) == [1]
    clock.pass_by(timedelta(minutes=3))
    router.run()
    assert counts(database) == [1, 300]


def test_where_each_is_told_apart_no_transaction_takes_very_many(database: Database, clock: Clock) -> None:
    opened(database, 450)
    router = Router(database, [Counting()], clock)
    assert [router.run() for _ in range(4)] == [1, 1, 1, 0]
    assert counts(database) == [200, 200, 50]


def test_what_nobody_wants_to_hear_is_not_told_when_somebody_does_later(
    database: Database, clock: Clock
) -> None:
    opened(database)
    Router(database, [], clock).run()
    Router(database, [Counting()], clock).run()
    assert counts(database) == []


def test_a_route_that_fails_has_its_events_told_the_next_time(database: Database, clock: Clock) -> None:
    class Failing(Counting):
        def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
            yield from super().drafts(session, events)
            raise KeyError

    opened(database)
    with pytest.raises(KeyError):
        Router(database, [Failing()], clock).run()
    Router(database, [Counting()], clock).run()
    assert counts(database) == [1]


def test_an_event_that_is_told_once_is_noted_once(database: Database, clock: Clock) -> None:
    for _ in range(2):
        note(database, Event(EventKind.CASE_OPENED, once="late 2345"))
    Router(database, [Counting()], clock).run()
    note(database, Event(EventKind.CASE_OPENED, once="late 2345"))
    Router(database, [Counting()], clock).run()
    assert counts(database) == [1]


def test_what_was_told_long_ago_is_forgotten(database: Database, clock: Clock) -> None:
    router = Router(database, [Counting()], clock)
    opened(database)
    router.run()
    opened(database)
    clock.pass_by(KEPT + timedelta(days=1))
    router.purge()
    with database.session() as session:
        assert [row.routed_at for row in session.scalars(select(OutboxEvent))] == [None]


def test_what_is_told_a_single_time_is_not_told_again_when_all_else_is_forgotten(
    database: Database, clock: Clock
) -> None:
    router = Router(database, [Counting()], clock)
    late, digest = (
        Event(EventKind.CASE_OPENED, once=once) for once in ("late 7KQM-2TZP", "digest 2026-11-26")
    )
    note(database, late, digest)
    router.run()
    clock.pass_by(KEPT + timedelta(days=1))
    router.purge()
    note(database, late)
    assert router.run() == 0
    with database.session() as session:
        assert session.scalars(select(OutboxEvent.once)).all() == [late.once]
