"""What a person says of a notice: where a file lies, that it is none of ours or gone, that all was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.moments import utc_now
from upload_guard.notices.addressing import split, url_key
from upload_guard.notices.desk import address_row
from upload_guard.notices.settling import stand
from upload_guard.notices.states import BY_A_PERSON, FOR_A_PERSON, SETTLED, AddressState
from upload_guard.storage.database import Database, row_of
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.notice_tables import Notice, NoticeAddress

_MOST_ADDED = 100
_LONGEST = 2048
# Of one whose file is in a case the decision on that says what becomes of it.
_SAYABLE = frozenset(AddressState) - SETTLED - {AddressState.CASE}


@dataclass(frozen=True, slots=True)
class NoticeActs:
    """Every act is noted in the audit log with it. Other open notices of the same address are settled alike.

    `site_of` says of which site of ours a locator may name a file, if of any; `fetches` whether it is allowed
    to fetch from outside.
    """

    database: Database
    site_of: Callable[[str], str]
    fetches: bool = False
    now: Callable[[], datetime] = field(default=utc_now)

    def say(self, number: str, address: int, state: AddressState, by: str) -> None:
        """It is gone, none of ours, or was removed by hand; what is too large to be read may also stay.

        Raises `UsageError`.
        """
        self._change(number, address, f"notice.{state.value}", by, self._said(state, by), state)

    def say_all(self, number: str, state: AddressState, by: str) -> None:
        """The same of every address of a notice that waits for a person. Raises `UsageError`."""
        if state not in BY_A_PERSON:
            raise UsageError(f"{state.words}: only a case says that")
        with self.database.session() as session:
            note_act(session, Act(by, f"notice.all_{state.value}", details={"notice": number}))
            notice = _open_notice(session, number)
            waiting = select(NoticeAddress.url_sha256).where(
                NoticeAddress.notice_id == notice.id, NoticeAddress.state.in_(_words(FOR_A_PERSON))
            )
            self._set_alike(session, session.scalars(waiting).all(), self._said(state, by))

    def map_to(self, number: str, address: int, locator: str, by: str) -> None:
        """The file lies there. Raises `UsageError` for a place that the settings do not have."""
        if len(locator) > _LONGEST or not self.site_of(locator):
            raise UsageError(f"{locator[:200]!r} is in no folder or bucket of [incoming.sites]")
        self._look_at(number, address, locator, "notice.mapped", by)

    def fetch(self, number: str, address: int, by: str) -> None:
        """Have it fetched from outside and checked. Raises `UsageError` where that is not allowed."""
        with self.database.session() as session:
            url = _found(session, number, address)[1].url
        if not self.fetches or split(url) is None:
            raise UsageError("nothing is fetched from outside here: see fetch in [incoming]")
        self._look_at(number, address, url[:_LONGEST], "notice.fetched", by)

    def look_again(self, number: str, address: int, by: str) -> None:
        """Map it anew, as after a change of settings."""
        self._look_at(number, address, "", "notice.looked_again", by)

    def add(self, number: str, urls: Sequence[str], by: str) -> None:
        """Name addresses that a person has read in it. Raises `UsageError`."""
        wrong = [url for url in urls if split(url) is None or len(url) > _LONGEST]
        if wrong or not urls or len(urls) > _MOST_ADDED:
            raise UsageError("whole addresses, http:// or https://, at most a hundred, one a line")
        with self.database.session() as session:
            notice = _open_notice(session, number)
            known = set(
                session.scalars(select(NoticeAddress.url_sha256).where(NoticeAddress.notice_id == notice.id))
            )
            new = {url_key(url): url for url in urls}
            session.add_all(
                address_row(notice, url, self.now()) for key, url in new.items() if key not in known
            )
            note_act(
                session, Act(by, "notice.addresses_added", details={"notice": number, "count": len(new)})
            )
            stand(session, notice, self.now())

    def all_read(self, number: str, by: str) -> None:
        """A person has read it, and all that it names stands below it."""
        with self.database.session() as session:
            notice = _open_notice(session, number)
            notice.to_read = False
            note_act(session, Act(by, "notice.read", details={"notice": number}))
            stand(session, notice, self.now())

    def _look_at(self, number: str, address: int, locator: str, act: str, by: str) -> None:
        waiting = {
            "state": AddressState.WAITING.value,
            "locator": locator,
            "case_number": "",
            "tries": 0,
            "next_try": self.now(),
            "fault": "",
        }
        self._change(number, address, act, by, waiting)

    def _change(
        self,
        number: str,
        address: int,
        act: str,
        by: str,
        values: dict[str, Any],
        said: AddressState | None = None,
    ) -> None:
        with self.database.session() as session:
            note_act(session, Act(by, act, details={"notice": number, "address": address}))
            _, row = _found(session, number, address)
            if AddressState(row.state) not in _SAYABLE:
                raise UsageError(f"that address is settled, or in a case: {AddressState(row.state).words}")
            if said is not None and said not in AddressState(row.state).sayable:
                raise UsageError(f"{said.words}: only a case says that")
            self._set_alike(session, [row.url_sha256], values)

    def _said(self, state: AddressState, by: str) -> dict[str, Any]:
        return {"state": state.value, "settled_at": self.now(), "settled_by": by, "fault": ""}

    def _set_alike(self, session: Session, keys: Sequence[bytes], values: dict[str, Any]) -> None:
        """These addresses in every open notice, as far as they wait for somebody to say what they are."""
        alike = NoticeAddress.url_sha256.in_(keys) & NoticeAddress.state.in_(_words(_SAYABLE))
        naming = select(NoticeAddress.notice_id).where(alike)
        notices = session.scalars(
            select(Notice).where(Notice.closed_at.is_(None), Notice.id.in_(naming))
        ).all()
        mine = alike & NoticeAddress.notice_id.in_([notice.id for notice in notices])
        session.execute(
            update(NoticeAddress).where(mine).values(**values).execution_options(synchronize_session=False)
        )
        for notice in notices:
            stand(session, notice, self.now())


def _words(states: frozenset[AddressState]) -> list[str]:
    return sorted(state.value for state in states)


def _found(session: Session, number: str, address: int) -> tuple[Notice, NoticeAddress]:
    notice, row = _open_notice(session, number), row_of(session, NoticeAddress, address)
    if row is None or row.notice_id != notice.id:
        raise UsageError(f"notice {number} has no such address")
    return notice, row


def _open_notice(session: Session, number: str) -> Notice:
    notice = session.scalar(select(Notice).where(Notice.number == number))
    if notice is None:
        raise UsageError(f"there is no notice {number[:32]!r}: 'upload-guard incoming list' names them")
    if notice.closed_at is not None:
        raise UsageError(f"notice {number} is closed")
    return notice
