"""What somebody knew to be on a site: from when, until when, and whether it may stay.

Each thing counts once, as the DSA counts items and not decisions on them. A file in a known place is one,
however many cases it has, with the notice that told of it, if any; an address of a notice whose file is in no
such place is one; and so is a file that had passed before it was found on a list, where only its site knows
the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from upload_guard.late.entries import LATE_ROUTE, RETRO_ROUTE
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.rows import SHA256_UNKNOWN
from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.quarantine.states import CaseState
from upload_guard.statistics.period import Period
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.tables import Case

_AWAY = (AddressState.REMOVED, AddressState.GONE)
_MAY_STAY = (AddressState.KEPT, AddressState.NOT_OURS)
_UNKNOWN = b""
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
    rows = select(PlacedFile, first_told, Case.state, Case.degraded).join(
        Case, Case.number == PlacedFile.case_number, isouter=True
    )
    # Noted after the period, it may still have been told of in it; noted before, it is not known anew.
    lately = select(PlacedFile.locator).where(PlacedFile.noted_at >= period.begin)
    rows = rows.where(PlacedFile.locator.in_(lately))
    if period.site:
        rows = rows.where(PlacedFile.site == period.site)
    found: dict[str, dict[bytes, list[Known]]] = {}
    for row, told_at, state, degraded in session.execute(rows):
        since = min(row.noted_at, told_at) if told_at else row.noted_at
        was_put_back = bool(row.restored_at and row.removed_at and row.restored_at >= row.removed_at)
        stays = state == CaseState.RELEASED or was_put_back
        sha256 = _UNKNOWN if SHA256_UNKNOWN in (degraded or ()) else row.sha256
        files = found.setdefault(row.locator, {})
        files.setdefault(sha256, []).append(Known(since, row.removed_at, stays))
    for files in found.values():
        for of_cases in _joined(files):
            yield from _each_time(of_cases)


def _joined(files: dict[bytes, list[Known]]) -> Iterable[list[Known]]:
    """What the cases of each file in a place say.

    One that was out of reach when its case was opened is the one that was found there besides, if that is one
    alone: see `retro.seeking`.
    """
    known = [of_cases for sha256, of_cases in files.items() if sha256 != _UNKNOWN]
    unknown = files.get(_UNKNOWN, [])
    if len(known) == 1:
        return [known[0] + unknown]
    return [*known, unknown] if unknown else known


def _each_time(of_cases: list[Known]) -> Iterator[Known]:
    """One for each time that a file lay in its place, of what its cases say: it may have come back.

    It stays where each of them lets it, and went when the last of the others took it away.
    """
    taken = sorted((one for one in of_cases if not one.stays), key=lambda one: one.since)
    if not taken:
        yield min(of_cases, key=lambda one: one.since)
        return
    there = taken[0]
    for one in taken[1:]:
        if there.until is not None and one.since > there.until:
            yield there
            there = one
        else:
            went = [until for until in (there.until, one.until) if until is not None]
            there = Known(there.since, max(went, default=None), stays=False)
    yield there


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
