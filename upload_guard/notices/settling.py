"""What became of each address once its case is decided, and which notices are done with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from upload_guard.notices.fetching import is_outside
from upload_guard.notices.states import FOR_A_PERSON, SETTLED, AddressState, NoticeState
from upload_guard.quarantine.cases import has_no_bytes
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import IN_BETWEEN, PlacedFile, PlaceState
from upload_guard.storage.tables import Case

BY_CASE = "case"
"""Who settled an address of which the decision on its case says what became of it."""
_IN_VAIN = 4
"""After so many tries a person is told that a file cannot be had."""
_BY_HAND = "its case has no bytes, so that nothing is taken away for it: take it away by hand"
# One that is escalated waits for somebody else's decision.
_DECIDED = frozenset({CaseState.CONFIRMED, CaseState.RELEASED, CaseState.EXPIRED})
_AWAY = frozenset({PlaceState.REMOVED, *IN_BETWEEN})
_WITHOUT_THE_FILE: Mapping[PlaceState | None, AddressState] = {
    PlaceState.REMOVED: AddressState.REMOVED,
    PlaceState.GONE: AddressState.GONE,
}


def settle(database: Database, now: datetime) -> None:
    """Follow decided cases, then say of every notice that is not closed where it stands."""
    with database.session() as session:
        decided = (
            select(NoticeAddress, Case)
            .join(Case, Case.number == NoticeAddress.case_number)
            .where(NoticeAddress.state == AddressState.CASE.value, Case.state.in_(_DECIDED))
        )
        for address, decided_case in session.execute(decided).all():
            _follow(session, address, decided_case, now)
    with database.session() as session:
        for notice, counted in _standing(session, Notice.closed_at.is_(None)):
            _set(session, notice, counted, now)


def stand(session: Session, notice: Notice, now: datetime) -> None:
    """Set where the notice stands by its addresses; closing it is told."""
    session.flush()
    for one, counted in _standing(session, Notice.id == notice.id):
        _set(session, one, counted, now)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Addresses of a notice: not settled, and those of them for which a person is needed."""

    unsettled: int
    asking: int


def _standing(session: Session, which: ColumnElement[bool]) -> list[tuple[Notice, _Counted]]:
    state = NoticeAddress.state
    in_vain = (state == AddressState.WAITING.value) & (NoticeAddress.tries >= _IN_VAIN)
    unsettled = func.count(case((state.not_in(_words(SETTLED)), 1)))
    asking = func.count(case((state.in_(_words(FOR_A_PERSON)) | in_vain, 1)))
    rows = session.execute(
        select(Notice, unsettled, asking)
        .outerjoin(NoticeAddress, NoticeAddress.notice_id == Notice.id)
        .where(which)
        .group_by(Notice.id)
    )
    return [(notice, _Counted(*counts)) for notice, *counts in rows]


def _words(states: frozenset[AddressState]) -> list[str]:
    return sorted(state.value for state in states)


def _set(session: Session, notice: Notice, counted: _Counted, now: datetime) -> None:
    if counted.unsettled or notice.to_read:
        asks = notice.to_read or counted.asking
        notice.state = (NoticeState.PERSON if asks else NoticeState.OPEN).value
        return
    notice.state, notice.closed_at = NoticeState.CLOSED.value, now
    note_event(session, Event(EventKind.NOTICE_CLOSED, site=notice.site, details={"notice": notice.number}))


def _follow(session: Session, address: NoticeAddress, decided: Case, now: datetime) -> None:
    state = CaseState(decided.state)
    place = session.scalar(
        select(PlacedFile).where(
            PlacedFile.case_number == address.case_number, PlacedFile.locator == address.locator
        )
    )
    became = _became(state, None if place is None else PlaceState(place.state))
    if became is not None:
        address.state, address.settled_at, address.settled_by = became.value, now, BY_CASE
    elif state is CaseState.EXPIRED or is_outside(address.locator) or _is_another(place):
        # Nothing takes it away by itself, so it must not be forgotten.
        address.state, address.fault = AddressState.UNMAPPED.value, f"its case is {state.words}"
    elif state is CaseState.CONFIRMED and has_no_bytes(session, decided):
        address.state, address.fault = AddressState.UNMAPPED.value, _BY_HAND


def _became(state: CaseState, place: PlaceState | None) -> AddressState | None:
    """What a decision and the place together say; None where they do not, or not yet."""
    if state is CaseState.RELEASED:
        return AddressState.KEPT if place not in _AWAY else None
    return _WITHOUT_THE_FILE.get(place)


def _is_another(place: PlacedFile | None) -> bool:
    return place is not None and place.state == PlaceState.CHANGED
