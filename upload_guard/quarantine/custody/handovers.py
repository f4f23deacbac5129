"""Gives the file of a released case back to its site, once, to a request that its own key signed.

It counts as given when the last byte has been handed to the server's socket. Where the connection breaks
before that, the same may be asked for again at once; where the process dies, after `LEASE`. What was lost
behind the socket is lost: a person can reopen the case and release it again, which allows one more.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import (
    AuditBroken,
    BytesGone,
    HandedOver,
    HandoverBusy,
    NoSuchCase,
    NotReleased,
    VaultDamaged,
)
from upload_guard.moments import utc_now
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.outbox_tables import Handover
from upload_guard.storage.tables import Case
from upload_guard.vault.vault import Vault

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)
"""How long a request may take, and how long nobody else gets what a process died over."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The bytes on their way, to be read once and whole; `size` of them."""

    case: str
    size: int
    sha256: bytes
    pieces: Watched


class Watched:
    """An iterator that tells once how it ended: read to its end, or broken off, be it before its start."""

    def __init__(
        self, pieces: Generator[bytes], on_end: Callable[[], None], on_break: Callable[[], None]
    ) -> None:
        self._pieces, self._on_end, self._on_break = pieces, on_end, on_break
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self._tell(self._on_end)
            raise
        except BaseException:
            self._tell(self._on_break)
            raise

    def close(self) -> None:
        """To be called by whoever reads no further."""
        self._pieces.close()
        self._tell(self._on_break)

    def _tell(self, how: Callable[[], None]) -> None:
        if not self._ended:
            self._ended = True
            how()


@dataclass(frozen=True, slots=True)
class Handovers:
    """Rows in `database`, bytes from `vault`, which stay there."""

    database: Database
    vault: Vault
    now: Callable[[], datetime] = field(default=utc_now)

    def begin(self, number: str, site: str, key_id: str) -> GivenBack:
        """Claim the bytes of a case of `site` for one request.

        Raises `NoSuchCase`, `NotReleased`, `HandedOver`, `HandoverBusy`, `BytesGone`, `StorageFailed`.
        """
        claim, until = secrets.token_hex(16), self.now() + LEASE
        with self.database.session() as session:
            case = self._claimed(session, number, site, key_id, claim)
            note_act(session, Act(_by(key_id), "case.fetch_begun", number, {"site": site}))
        try:
            pieces = self.vault.unsealed(case.vault_name)
            first = next(pieces, b"")
        except BaseException as fault:
            self._let_go(number, claim)
            if isinstance(fault, VaultDamaged):
                raise BytesGone(str(fault)) from fault
            raise
        timely = self._timely(until, first, pieces)
        watched = Watched(
            timely,
            on_end=lambda: self._note_given(number, claim, key_id),
            on_break=lambda: self._let_go(number, claim),
        )
        return GivenBack(number, case.size, case.sha256, watched)

    def _claimed(self, session: Session, number: str, site: str, key_id: str, claim: str) -> Case:
        now = self.now()
        # Writing first: of two requests one waits here, and then sees what the other wrote.
        free = (Handover.case_number == number) & (Handover.claimed_until <= now)
        session.execute(delete(Handover).where(free, Handover.given_at.is_(None)))
        case = session.scalar(select(Case).where(Case.number == number, Case.site == site))
        if case is None or case.state == CaseState.STORING:
            raise NoSuchCase(f"no case {number[:32]!r} on {site}")
        if case.state != CaseState.RELEASED:
            raise NotReleased(f"case {number} is {CaseState(case.state).words}")
        before = session.get(Handover, number)
        if before is not None and before.given_at is not None:
            raise HandedOver(f"case {number} was given back at {before.given_at:%Y-%m-%d %H:%M} UTC")
        if before is not None:
            raise HandoverBusy(f"case {number} is on its way to key {before.key_id}")
        session.add(
            Handover(case_number=number, key_id=key_id, claim=claim, claimed_until=now + LEASE, given_at=None)
        )
        return case

    def _timely(self, until: datetime, first: bytes, rest: Iterator[bytes]) -> Generator[bytes]:
        """Ends in a fault before anybody else may take over."""
        yield first
        for piece in rest:
            if self.now() >= until:
                raise HandoverBusy("a file was fetched so slowly that its time is over")
            yield piece

    def _note_given(self, number: str, claim: str, key_id: str) -> None:
        given = update(Handover).where(_of(number, claim)).values(given_at=self.now())
        try:
            with self.database.session() as session:
                session.execute(given)
                note_act(session, Act(_by(key_id), "case.fetched", number))
        except AuditBroken as fault:
            # The bytes have left, whatever the log says; that they would was noted before.
            log.warning("ALARM: case %s was fetched, and that is not noted: %s", number, fault)
            with self.database.session() as session:
                session.execute(given)

    def _let_go(self, number: str, claim: str) -> None:
        """Nothing was given, or not all of it: it may be asked for again."""
        with self.database.session() as session:
            session.execute(delete(Handover).where(_of(number, claim), Handover.given_at.is_(None)))


def allow_again(session: Session, numbers: Collection[str]) -> None:
    """Whatever was given back before: what is released anew can be fetched anew."""
    session.execute(delete(Handover).where(Handover.case_number.in_(numbers)))


def was_given(session: Session, number: str) -> bool:
    """Whether the file of that case has gone back to its site."""
    given = select(Handover.case_number).where(Handover.case_number == number, Handover.given_at.is_not(None))
    return session.scalar(given) is not None


def _of(number: str, claim: str) -> ColumnElement[bool]:
    return (Handover.case_number == number) & (Handover.claim == claim)


def _by(key_id: str) -> str:
    return f"key {key_id}"
