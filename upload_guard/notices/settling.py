"""What became of each address once its case is decided, and which notices are done with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.notices.fetching import is_outside
from upload_guard.notices.states import FOR_A_PERSON, SETTLED, AddressState, NoticeState
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import IN_BETWEEN, PlacedFile, PlaceState
from upload_guard.storage.tables import Case

BY_CASE = "case"
"""Who settled an address of which the decision on its case says what became of it."""
_IN_VAIN = 4
"""After so many tries a person is told that a file cannot be had."""
_AWAY = frozenset({PlaceState.REMOVED, *IN_BETWEEN})
_WITHOUT_THE_FILE: Mapping[PlaceState | None, AddressState] = {
    PlaceState.REMOVED: AddressState.REMOVED,
    PlaceState.GONE: AddressState.GONE,
}
_STILL_NOBODYS = frozenset(AddressState) - SETTLED


def settle(database: Database, now: datetime) -> None:
    """Follow decided cases, then say of every notice that is not closed where it stands."""
    with database.session() as session:
        decided = (
            select(NoticeAddress, Case)
            .join(Case, Case.number == NoticeAddress.case_number)
            .where(NoticeAddress.state == AddressState.CASE.value, Case.state.not_in(UNDECIDED))
        )
        for address, case in session.execute(decided).all():
            _follow(session, address, CaseState(case.state), now)
    with database.session() as session:
        for notice in session.scalars(select(Notice).where(Notice.closed_at.is_(None))).all():
            stand(session, notice, now)


def stand(session: Session, notice: Notice, now: datetime) -> None:
    """Set where the notice stands by its addresses; closing it is told."""
    session.flush()
    rows = session.execute(
        select(NoticeAddress.state, NoticeAddress.tries).where(NoticeAddress.notice_id == notice.id)
    ).all()
    states = {AddressState(state) for state, _ in rows}
    if not states & _STILL_NOBODYS and not notice.to_read:
        notice.state, notice.closed_at = NoticeState.CLOSED.value, now
        said = {"notice": notice.number}
        once = f"notice closed {notice.number} {now:%Y-%m-%dT%H:%M:%S}"
        note_event(session, Event(EventKind.NOTICE_CLOSED, site=notice.site, details=said, once=once))
        return
    in_vain = any(state == AddressState.WAITING and tries >= _IN_VAIN for state, tries in rows)
    asks = notice.to_read or in_vain or bool(states & FOR_A_PERSON)
    notice.state = (NoticeState.PERSON if asks else NoticeState.OPEN).value


def _follow(session: Session, address: NoticeAddress, state: CaseState, now: datetime) -> None:
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


def _became(state: CaseState, place: PlaceState | None) -> AddressState | None:
    """What a decision and the place together say; None where they do not, or not yet."""
    if state is CaseState.RELEASED:
        return AddressState.KEPT if place not in _AWAY else None
    return _WITHOUT_THE_FILE.get(place)


def _is_another(place: PlacedFile | None) -> bool:
    return place is not None and place.state == PlaceState.CHANGED
