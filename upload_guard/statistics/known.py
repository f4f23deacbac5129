"""What somebody knew to be on a site: from when, until when, and whether it may stay.

Each thing counts once. A file in a known place is one, with the notice that told of it, if any; an address
of a notice whose file is in no such place is one; and so is a file that had passed before it was found on a
list, where only its site knows the place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from upload_guard.late.entries import LATE_ROUTE, RETRO_ROUTE
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.quarantine.states import CaseState
from upload_guard.statistics.period import Period
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.tables import Case

_AWAY = (AddressState.REMOVED, AddressState.GONE)
_MAY_STAY = (AddressState.KEPT, AddressState.NOT_OURS)
_TAKEN = (LateAction.REMOVED, LateAction.HIDDEN, LateAction.GONE)


@dataclass(frozen=True, slots=True)
class Known:
    """Known `since` then; gone from visitors' sight `until` then, None while it is not.

    `stays`: a person said that it may, or that it is not on this site.
    """

    since: datetime
    until: datetime | None
    stays: bool


def known_things(session: Session, period: Period) -> Iterator[Known]:
    """What became known in the period, in no order."""
    for one in (*_placed(session, period), *_told(session, period), *_passed(session, period)):
        if period.begin <= one.since < period.end:
            yield one


def _placed(session: Session, period: Period) -> Iterator[Known]:
    """Files in known places. A notice that came first starts the clock, one of a file long gone does not."""
    first_told = (
        select(func.min(Notice.received_at))
        .join(NoticeAddress, NoticeAddress.notice_id == Notice.id)
        .where(
            NoticeAddress.case_number == PlacedFile.case_number,
            NoticeAddress.locator == PlacedFile.locator,
            func.coalesce(Notice.received_at <= PlacedFile.removed_at, True),
        )
        .scalar_subquery()
    )
    rows = select(
        PlacedFile.noted_at, first_told, PlacedFile.removed_at, PlacedFile.restored_at, Case.state
    ).join(Case, Case.number == PlacedFile.case_number, isouter=True)
    # Noted after the period, it may still have been told of in it.
    rows = rows.where(PlacedFile.noted_at >= period.begin)
    if period.site:
        rows = rows.where(PlacedFile.site == period.site)
    for noted_at, told_at, removed_at, restored_at, state in session.execute(rows):
        since = min(noted_at, told_at) if told_at else noted_at
        was_put_back = bool(restored_at and removed_at and restored_at >= removed_at)
        yield Known(since, removed_at, stays=state == CaseState.RELEASED or was_put_back)


def _told(session: Session, period: Period) -> Iterator[Known]:
    """Addresses of notices whose file is in no known place; what a second notice says again is none."""
    placed = exists().where(
        PlacedFile.case_number == NoticeAddress.case_number, PlacedFile.locator == NoticeAddress.locator
    )
    rows = (
        select(Notice.received_at, NoticeAddress.state, NoticeAddress.settled_at)
        .join(NoticeAddress, NoticeAddress.notice_id == Notice.id)
        .where(
            Notice.joined_to == "",
            ~NoticeAddress.derived,
            ~placed,
            Notice.received_at >= period.begin,
            Notice.received_at < period.end,
        )
    )
    if period.site:
        rows = rows.where(Notice.site == period.site)
    for received_at, state, settled_at in session.execute(rows):
        yield Known(received_at, settled_at if state in _AWAY else None, stays=state in _MAY_STAY)


def _passed(session: Session, period: Period) -> Iterator[Known]:
    """Files that had passed, of cases without a place or an address: what their sites say they did."""
    taken_at = (
        select(func.min(LateOutcome.told_at))
        .where(LateOutcome.case_number == Case.number, LateOutcome.outcome.in_(_TAKEN))
        .scalar_subquery()
    )
    rows = select(Case.created_at, taken_at, Case.state).where(
        Case.route.startswith(LATE_ROUTE) | Case.route.startswith(RETRO_ROUTE),
        Case.state != CaseState.STORING,
        ~exists().where(PlacedFile.case_number == Case.number),
        ~exists().where(NoticeAddress.case_number == Case.number),
        Case.created_at >= period.begin,
        Case.created_at < period.end,
    )
    if period.site:
        rows = rows.where(Case.site == period.site)
    for created_at, told_at, state in session.execute(rows):
        yield Known(created_at, told_at, stays=state == CaseState.RELEASED)
