"""Cases, notices and files in place are told of before their deadline and once more after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.outbox.receiver import Clock
from tests.outbox.rows import add_case
from tests.statistics.places import add_notice, add_place
from upload_guard.notices.states import AddressState
from upload_guard.outbox.deadlines import Deadlines
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind
from upload_guard.storage.notice_tables import Notice
from upload_guard.storage.outbox_tables import OutboxEvent

HOUR = timedelta(hours=1)
LATE, OVERDUE = EventKind.NOTICE_LATE, EventKind.OVERDUE


def look(database: Database, clock: Clock) -> None:
    with database.session() as session:
        Deadlines(20 * HOUR, 24 * HOUR).note(session, clock())


def noted(database: Database, kind: EventKind) -> list[str]:
    with database.session() as session:
        rows = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == kind.value))
        return [row.case_number or row.details["notice"] for row in rows]


def told(database: Database) -> dict[EventKind, int]:
    kinds = (EventKind.CASE_LATE, EventKind.NOTICE_LATE, EventKind.OVERDUE)
    return {kind: len(noted(database, kind)) for kind in kinds}


def pass_hours(database: Database, clock: Clock, hours: int) -> None:
    for _ in range(hours):
        clock.pass_by(HOUR)
        look(database, clock)


def test_a_case_is_told_of_when_it_is_late_and_once_more_past_the_norm(
    database: Database, clock: Clock
) -> None:
    number = add_case(database, clock())
    pass_hours(database, clock, 23)
    assert (noted(database, EventKind.CASE_LATE), noted(database, OVERDUE)) == ([number], [])
    pass_hours(database, clock, 9)
    assert (noted(database, EventKind.CASE_LATE), noted(database, OVERDUE)) == ([number], [number])


def test_a_notice_is_told_of_when_it_is_late_and_once_more_past_its_deadline(
    database: Database, clock: Clock
) -> None:
    number = add_notice(database, clock(), AddressState.WAITING)
    pass_hours(database, clock, 19)
    assert told(database)[LATE] == 0
    pass_hours(database, clock, 4)
    assert (noted(database, LATE), noted(database, OVERDUE)) == ([number], [])
    pass_hours(database, clock, 9)
    assert (noted(database, LATE), noted(database, OVERDUE)) == ([number], [number])


def test_a_notice_with_a_deadline_of_its_own_is_late_as_long_before_it(
    database: Database, clock: Clock
) -> None:
    number = add_notice(database, clock(), AddressState.WAITING)
    with database.session() as session:
        session.execute(update(Notice).values(deadline=clock() + 6 * HOUR))
    pass_hours(database, clock, 1)
    assert told(database)[LATE] == 0
    pass_hours(database, clock, 1)
    assert noted(database, LATE) == [number]


def test_a_notice_that_is_dealt_with_is_never_late(database: Database, clock: Clock) -> None:
    add_notice(database, clock(), AddressState.GONE, settled=clock())
    pass_hours(database, clock, 30)
    assert not any(told(database).values())


def test_a_confirmed_file_that_still_lies_on_its_site_is_told_of(database: Database, clock: Clock) -> None:
    number = add_case(database, clock(), CaseState.CONFIRMED)
    for _ in range(2):
        add_place(database, number, clock())
    pass_hours(database, clock, 23)
    assert not any(told(database).values())
    pass_hours(database, clock, 5)
    assert noted(database, OVERDUE) == [number]


@pytest.mark.parametrize("state", [CaseState.RELEASED, CaseState.EXPIRED])
def test_a_file_that_may_stay_is_not(database: Database, clock: Clock, state: CaseState) -> None:
    add_place(database, add_case(database, clock(), state), clock())
    pass_hours(database, clock, 30)
    assert not any(told(database).values())


def test_a_file_that_was_taken_away_is_not(database: Database, clock: Clock) -> None:
    add_place(database, add_case(database, clock(), CaseState.CONFIRMED), clock(), removed=clock())
    pass_hours(database, clock, 30)
    assert not any(told(database).values())
