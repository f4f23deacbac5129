"""What time brings is noted once, and not before it is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from tests.outbox.receiver import Clock
from tests.outbox.rows import add_case
from upload_guard.outbox.deadlines import Deadlines
from upload_guard.outbox.watch import Watch
from upload_guard.quarantine.custody.retention import ANY, Retention, Rule
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.tables import HashList
from upload_guard.storage.vault_tables import LegalHold, Preservation

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def watch(database: Database, clock: Clock) -> Watch:
    """Of cases that may wait 20 hours and expire after 10 days; there is a list."""
    with database.session() as session:
        session.add(HashList(name="icse", origin="interpol", created_at=clock(), active_number=1))
    retention = Retention({(ANY, ANY): Rule(days=10)})
    return Watch(
        database, retention, Deadlines(20 * HOUR, DAY), 72 * HOUR, 7, clock, local=lambda moment: moment
    )


def noted(watch: Watch, kind: EventKind) -> list[str]:
    with watch.database.session() as session:
        rows = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == kind.value))
        return [row.case_number for row in rows]


@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED])
def test_a_case_that_nobody_decides_is_told_when_it_is_late_and_once(
    watch: Watch, clock: Clock, state: CaseState
) -> None:
    number = add_case(watch.database, clock(), state)
    clock.pass_by(20 * HOUR - timedelta(minutes=1))
    watch.look()
    assert noted(watch, EventKind.CASE_LATE) == []
    for _ in range(3):
        clock.pass_by(HOUR)
        watch.look()
    assert noted(watch, EventKind.CASE_LATE) == [number]


@pytest.mark.parametrize(
    "state", [CaseState.RELEASED, CaseState.CONFIRMED, CaseState.EXPIRED, CaseState.STORING]
)
def test_a_case_that_is_decided_is_never_late(watch: Watch, clock: Clock, state: CaseState) -> None:
    add_case(watch.database, clock() - 9 * DAY, state)
    watch.look()
    assert noted(watch, EventKind.CASE_LATE) == []


@pytest.mark.parametrize("state", [CaseState.OPEN, CaseState.CONFIRMED])
def test_a_file_that_is_about_to_expire_is_told_of_once(watch: Watch, clock: Clock, state: CaseState) -> None:
    number = add_case(watch.database, clock(), state)
    clock.pass_by(7 * DAY - HOUR)
    watch.look()
    assert noted(watch, EventKind.BYTES_EXPIRING) == []
    for _ in range(2):
        clock.pass_by(HOUR)
        watch.look()
    assert noted(watch, EventKind.BYTES_EXPIRING) == [number]


def test_the_file_of_a_released_case_may_expire_unsaid(watch: Watch, clock: Clock) -> None:
    add_case(watch.database, clock() - 8 * DAY, CaseState.RELEASED)
    watch.look()
    assert noted(watch, EventKind.BYTES_EXPIRING) == []


def test_a_file_that_a_hold_keeps_is_not_about_to_expire(watch: Watch, clock: Clock) -> None:
    number = add_case(watch.database, clock() - 8 * DAY)
    with watch.database.session() as session:
        hold = LegalHold(case_number=number, placed_at=clock(), placed_by="ann", because="asked")
        session.add(hold)
    watch.look()
    assert noted(watch, EventKind.BYTES_EXPIRING) == []


def test_the_end_of_a_preservation_is_told_before_it_comes(watch: Watch, clock: Clock) -> None:
    with watch.database.session() as session:
        for number, days in (("soon", 3), ("later", 4), ("over", 0)):
            until = clock() + days * DAY
            session.add(Preservation(case_number=number, report="r", submitted_at=clock(), until=until))
    watch.look()
    watch.look()
    assert noted(watch, EventKind.PRESERVATION_ENDING) == ["soon"]


def test_that_no_list_is_active_is_told_every_day(watch: Watch, clock: Clock) -> None:
    watch.look()
    assert noted(watch, EventKind.NO_LIST) == []
    with watch.database.session() as session:
        session.scalars(select(HashList)).one().active_number = None
    for _ in range(4):
        watch.look()
        clock.pass_by(8 * HOUR)
    assert len(noted(watch, EventKind.NO_LIST)) == 2


def test_the_digest_is_due_once_a_day_at_its_hour_where_the_machine_is(watch: Watch, clock: Clock) -> None:
    east = timezone(5 * HOUR)
    here = replace(watch, local=lambda moment: moment.astimezone(east))
    clock.at = datetime(2026, 3, 1, 1, 59, tzinfo=UTC)
    here.look()
    assert noted(here, EventKind.DIGEST) == []
    for _ in range(24):
        clock.pass_by(HOUR)
        here.look()
    assert len(noted(here, EventKind.DIGEST)) == 1
    clock.pass_by(HOUR)
    here.look()
    assert len(noted(here, EventKind.DIGEST)) == 2
