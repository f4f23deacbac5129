"""The audit log: a journal that only grows, and that takes no more where it is not what was written.

That is what read-only means here: an act that cannot be noted is not done, so nobody decides, nothing expires
and no list changes, while uploads are checked and held as ever.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from upload_guard.audit.chain import ACCEPTED, NOTHING, Head, fault_of, is_genuine, mac_of
from upload_guard.audit.heads import HeadFile
from upload_guard.errors import AuditBroken, SealBroken
from upload_guard.keyring import SUBKEY_BYTES, Keyring
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.journal import Act
from upload_guard.storage.vault_tables import AuditHead, AuditRow, SealedSecret

log = logging.getLogger(__name__)

PURPOSE = "audit"
_AT_ONCE = 1000
_WAY_OUT = "'upload-guard audit verify' says more, 'upload-guard audit accept' goes on"


@dataclass(frozen=True, slots=True)
class AuditLog:
    """Rows keyed by a secret of this installation, which lies sealed under the master key.

    `keyring` is opened when the log is first written to or read. `heads` is the head outside the database.
    """

    keyring: Callable[[], Keyring]
    heads: HeadFile

    def write(self, session: Session, act: Act) -> None:
        """Append one act, unless the end of the log is not what was written. Raises `AuditBroken`."""
        # Writing first: whoever appends at the same time waits here.
        row = session.scalars(update(AuditHead).values(id=AuditHead.id).returning(AuditHead)).one()
        key = self._key(session)
        if fault := row.fault or self._fault_at_the_end(session, key, Head(row.sequence, row.mac)):
            raise AuditBroken(f"the audit log is read-only: {fault}; {_WAY_OUT}")
        self._append(session, key, row, act)

    def verify(self, session: Session) -> Head:
        """Go through the whole log, from where a person last accepted it on. Raises `AuditBroken`."""
        key, end = self._key(session), _head(session)
        start = _accepted(session, key)
        # Up to where it ended a moment ago: others go on writing meanwhile.
        if fault := fault_of(_rows_between(session, start.sequence, end.sequence), key, start, end):
            raise AuditBroken(f"audit log: {fault}")
        # In this order, for each row is committed together with the head that names it.
        newest = session.scalar(select(func.max(AuditRow.sequence))) or 0
        session.expire_all()
        if newest > (last := _head(session).sequence):
            raise AuditBroken(f"audit log: rows after {last}, up to {newest}, were not written by this log")
        for head in self.heads.all():
            if head.sequence > start.sequence and not _has(session, head):
                raise AuditBroken(f"audit log: {self._not_named(head)}")
        return end

    def accept(self, session: Session, person: str, because: str) -> Head:
        """Go on in spite of a fault, see `AuditWatch.accept`; the head, to be written down next."""
        row = session.scalars(update(AuditHead).values(id=AuditHead.id).returning(AuditHead)).one()
        exported = self.heads.last()
        fault = row.fault or "none was known"
        newest = session.scalar(select(func.max(AuditRow.sequence))) or 0
        row.sequence, row.fault = max(row.sequence, newest, exported.sequence), ""
        act = Act(
            person, ACCEPTED, details={"because": because, "fault": fault, "exported": exported.sequence}
        )
        return self._append(session, self._key_or_new(session), row, act)

    def _append(self, session: Session, key: bytes, head: AuditHead, act: Act) -> Head:
        row = AuditRow(
            sequence=head.sequence + 1,
            at=datetime.now(UTC),
            person=act.person[:64],
            act=act.name,
            case_number=act.case,
            details=dict(act.details),
            previous=head.mac,
        )
        row.mac = mac_of(row, key)
        session.add(row)
        head.sequence, head.mac = row.sequence, row.mac
        return Head(row.sequence, row.mac)

    def _fault_at_the_end(self, session: Session, key: bytes, head: Head) -> str:
        newest = session.get(AuditRow, head.sequence)
        if head != Head() and (newest is None or newest.mac != head.mac or not is_genuine(newest, key)):
            return f"its last row, {head.sequence}, is not as it was written"
        exported = self.heads.last()
        if exported != Head() and not _has(session, exported):
            return self._not_named(exported)
        return ""

    def _not_named(self, head: Head) -> str:
        return f"row {head.sequence} is not the one that {self.heads.path} names"

    def _key_or_new(self, session: Session) -> bytes:
        try:
            return self._key(session)
        except AuditBroken:
            session.execute(delete(SealedSecret).where(SealedSecret.purpose == PURPOSE))
            return self._key(session)

    def _key(self, session: Session) -> bytes:
        row = session.get(SealedSecret, PURPOSE)
        if row is None:
            # Whoever makes it at the same time waits here, and then finds it.
            session.execute(update(AuditHead).values(id=AuditHead.id))
            row = session.get(SealedSecret, PURPOSE)
        if row is None:
            made = os.urandom(SUBKEY_BYTES)
            sealed = self.keyring().seal(PURPOSE, made, PURPOSE.encode())
            session.add(SealedSecret(purpose=PURPOSE, sealed=sealed))
            return made
        try:
            return self.keyring().open_sealed(PURPOSE, row.sealed, PURPOSE.encode())
        except SealBroken as error:
            raise AuditBroken(
                f"the key of the audit log cannot be opened ({error}); give back its master key, or "
                "'upload-guard audit accept' goes on without what was noted"
            ) from error


@dataclass(frozen=True, slots=True)
class AuditWatch:
    """Looks after the log now and then: writes its head down, and raises the alarm where it is not sound."""

    database: Database
    audit: AuditLog

    def export(self) -> Head:
        """Write the head down outside the database, unless that is done."""
        with self.database.session() as session:
            key, head = self.audit._key(session), _head(session)
            fault = self.audit._fault_at_the_end(session, key, head)
        if fault:
            self._alarm(fault)
        elif head != self.audit.heads.last():
            self.audit.heads.append(head)
            log.info("audit head: %d %s", head.sequence, head.mac.hex())
        return head

    def verify(self) -> None:
        """Go through all of it."""
        try:
            with self.database.session() as session:
                self.audit.verify(session)
        except AuditBroken as fault:
            self._alarm(str(fault).removeprefix("audit log: "))

    def accept(self, person: str, because: str) -> None:
        """Go on in spite of a fault: from here on the log is sound again, and says who took it so."""
        with self.database.session() as session:
            head = self.audit.accept(session, person, because)
        # Killed before this, the old head still stands against it, and the command has to be given again.
        self.audit.heads.append(head)

    def _alarm(self, fault: str) -> None:
        log.error("ALARM: audit log: %s; nothing is decided and nothing expires: %s", fault, _WAY_OUT)
        with self.database.session() as session:
            new = session.execute(update(AuditHead).where(AuditHead.fault == "").values(fault=fault[:255]))
            if new.rowcount:  # type: ignore[attr-defined]
                note_event(session, Event(EventKind.AUDIT_BROKEN, details={"fault": fault[:255]}))


def _head(session: Session) -> Head:
    row = session.scalars(select(AuditHead)).one()
    return Head(row.sequence, row.mac)


def _has(session: Session, head: Head) -> bool:
    row = session.get(AuditRow, head.sequence)
    return row is not None and row.mac == head.mac


def _accepted(session: Session, key: bytes) -> Head:
    """Where to begin: just before the newest row by which a person took the log as it was."""
    newest = select(AuditRow).where(AuditRow.act == ACCEPTED).order_by(AuditRow.sequence.desc())
    row = next((one for one in session.scalars(newest) if is_genuine(one, key)), None)
    return Head(row.sequence - 1, row.previous) if row else Head(0, NOTHING)


def _rows_between(session: Session, sequence: int, last: int) -> Iterator[AuditRow]:
    while True:
        some = select(AuditRow).where(AuditRow.sequence > sequence, AuditRow.sequence <= last)
        rows = session.scalars(some.order_by(AuditRow.sequence).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from rows
        sequence = rows[-1].sequence
