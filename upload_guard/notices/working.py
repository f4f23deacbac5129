"""What is done about each address of a notice, step by step; killed anywhere it goes on where it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import GoneFromPlace, TooLargeInPlace, UploadGuardError, UsageError
from upload_guard.holdings.placements import Placements
from upload_guard.moments import utc_now
from upload_guard.notices.addressing import url_key
from upload_guard.notices.desk import address_row
from upload_guard.notices.fetching import is_outside
from upload_guard.notices.mapping import Mapper, Place
from upload_guard.notices.opening import Asked, Opened, Opener
from upload_guard.notices.places import case_that_has, taken_from
from upload_guard.notices.settling import settle
from upload_guard.notices.states import AddressState
from upload_guard.storage.database import Database
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.placement_tables import PlaceState

log = logging.getLogger(__name__)

BY = "notices"
"""Who noted a place, and took away what the policy refuses."""
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Worker:
    """Maps, opens, takes away. `act`: what the policy would refuse is taken away at once, reversibly."""

    database: Database
    mapper: Mapper
    opener: Opener
    placements: Placements
    act: bool = False
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> int:
        """Every address whose time has come, those of the nearest deadline first; how many."""
        done = 0
        for address, notice in self._due():
            self._work(address, notice)
            done += 1
        settle(self.database, self.now())
        return done

    def _due(self) -> list[tuple[NoticeAddress, Notice]]:
        some = (
            select(NoticeAddress, Notice)
            .join(Notice, Notice.id == NoticeAddress.notice_id)
            .where(NoticeAddress.state == AddressState.WAITING, NoticeAddress.next_try <= self.now())
            .order_by(Notice.deadline, NoticeAddress.id)
            .limit(_AT_ONCE)
        )
        with self.database.session() as session:
            return [(address, notice) for address, notice in session.execute(some)]

    def _work(self, address: NoticeAddress, notice: Notice) -> None:
        try:
            self._lead(address, notice)
        except UsageError as fault:
            self._leave(address, AddressState.UNMAPPED, fault)
        except GoneFromPlace as fault:
            self._leave(address, AddressState.MISSING, fault)
        except UploadGuardError as fault:
            self._again(address, fault)
        except Exception as fault:
            # One odd address must hold up no other.
            log.exception("an address of notice %s failed, by an error of our own", notice.number)
            self._again(address, fault)

    def _lead(self, address: NoticeAddress, notice: Notice) -> None:
        locator = address.locator
        site = self.mapper.site_of(locator) or notice.site
        if not locator:
            place = self.mapper.place(address.url)
            if place is None:
                self._leave(address, AddressState.UNMAPPED, None)
                return
            site, locator = place.site, self.opener.first_there(place.locators)
            if not locator:
                self._missing(address, place)
                return
            self._add_originals(address, place.originals, locator)
        asked = Asked(notice.number, address.id, address.tries)
        try:
            opened = self.opener.open(asked, site, locator, self._known)
        except TooLargeInPlace as fault:
            self._leave(address, AddressState.TOO_LARGE, fault, locator)
            return
        self._case(address, opened)

    def _missing(self, address: NoticeAddress, place: Place) -> None:
        """Nothing lies there: it may have been taken away for a case."""
        with self.database.session() as session:
            taken, row = taken_from(session, place.locators), _still_waiting(session, address)
            if row is None:
                return
            if taken is None:
                row.state, row.fault = (
                    AddressState.MISSING.value,
                    f"nothing lies at {place.locators[0]}"[:255],
                )
                return
            row.locator, row.case_number, row.state = (
                taken.locator,
                taken.case_number,
                AddressState.CASE.value,
            )

    def _known(self, locator: str, sha256: bytes) -> str:
        with self.database.session() as session:
            return case_that_has(session, locator, sha256, self.opener.keeper.retention)

    def _case(self, address: NoticeAddress, opened: Opened) -> None:
        if not is_outside(opened.locator):
            place = self.placements.note(opened.case, opened.locator, BY, opened.leftover)
            # Before the row says that it is done with, so that a crash in between loses nothing.
            if self.act and opened.is_refused:
                self._take_away(place, opened)
        with self.database.session() as session:
            if (row := _still_waiting(session, address)) is not None:
                row.locator, row.case_number = opened.locator[:2048], opened.case
                row.state, row.fault = AddressState.CASE.value, ""

    def _take_away(self, place: int, opened: Opened) -> None:
        """Unless a person has put it back."""
        if self.placements.one(place).state is not PlaceState.NOTED:
            return
        try:
            self.placements.remove(place, BY)
        except UploadGuardError as fault:
            # The case is open, and whoever decides on it has it taken away then.
            log.warning("case %s: not taken away at once: %s", opened.case, fault)

    def _add_originals(self, address: NoticeAddress, originals: tuple[str, ...], found: str) -> None:
        """A picture of which a smaller size was named is looked at, too, if there is one beside it."""
        for url in originals:
            place = self.mapper.place(url)
            if place is None or not (there := self.opener.first_there(place.locators[:1])) or there == found:
                continue
            with self.database.session() as session:
                known = select(NoticeAddress.id).where(
                    NoticeAddress.notice_id == address.notice_id, NoticeAddress.url_sha256 == url_key(url)
                )
                if session.scalar(known) is None:
                    notice = session.get_one(Notice, address.notice_id)
                    session.add(address_row(notice, url, self.now(), derived=True))

    def _leave(
        self, address: NoticeAddress, state: AddressState, fault: Exception | None, locator: str = ""
    ) -> None:
        with self.database.session() as session:
            if (row := _still_waiting(session, address)) is not None:
                row.state, row.fault = state.value, str(fault or "")[:255]
                row.locator = locator[:2048] or row.locator

    def _again(self, address: NoticeAddress, fault: Exception) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(address.tries, 20), _LONGEST_PAUSE)
        with self.database.session() as session:
            row = session.get_one(NoticeAddress, address.id)
            row.tries, row.next_try, row.fault = row.tries + 1, self.now() + pause, str(fault)[:255]


def _still_waiting(session: Session, address: NoticeAddress) -> NoticeAddress | None:
    """Its row, unless a person has said meanwhile what became of it."""
    row = session.get_one(NoticeAddress, address.id)
    return row if row.state == AddressState.WAITING else None
