"""Sends approved reports, each by one process at a time, and goes on where a failed attempt stopped.

At least once, as everywhere between two machines: what the other side has taken is noted after each step, so
that only who dies between its answer and our note does that one step twice.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import AuditBroken, NotReportable, SealBroken, TransportError, UploadGuardError
from upload_guard.moments import utc_now
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.custody.holds import Holds
from upload_guard.reports.desk import Desk
from upload_guard.reports.papers import Paper, Progress, Sent
from upload_guard.reports.recipients import Recipient
from upload_guard.reports.shown import paper_of
from upload_guard.reports.states import TO_SEND, ReportState
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.report_tables import Report

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=2)
_JITTER = 0.2
BY_ITSELF = "reports"
"""Who is noted for what no person does."""


@dataclass(frozen=True, slots=True)
class _Held:
    """One report that its holder may send, as long as its lease lasts."""

    id: int
    number: str
    case: str
    approved_by: str
    recipient: Recipient
    paper: Paper
    progress: Progress
    claim: str


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What the desk has approved. `patience` is for how long a report is tried. Raises `StorageFailed`."""

    desk: Desk
    patience: timedelta
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> int:
        """Send all whose time has come; how many arrived."""
        arrived = 0
        while held := self._claim():
            arrived += self._send(held)
        return arrived

    def _claim(self) -> _Held | None:
        """The next one, by the caller alone. What may not go, or cannot, is set aside on the way."""
        while True:
            now, claim = self.now(), secrets.token_hex(16)
            with self.desk.database.session() as session:
                number = session.scalar(select(Report.id).where(_due(now)).order_by(Report.next_at).limit(1))
                if number is None:
                    return None
                recipient = self._recipient(session, number)
                lease = now + _lease(recipient)
                claimed = session.execute(
                    update(Report)
                    .where(Report.id == number, _due(now))
                    .values(claim=claim, claimed_until=lease, attempts=Report.attempts + 1)
                )
                if not claimed.rowcount:  # type: ignore[attr-defined]
                    continue
                row = session.get_one(Report, number, populate_existing=True)
                held = self._held(session, row, recipient, claim)
                if held is not None:
                    return held

    def _recipient(self, session: Session, report: int) -> Recipient | None:
        name = session.scalar(select(Report.recipient).where(Report.id == report)) or ""
        return self.desk.recipients.get(name)

    def _held(self, session: Session, row: Report, to: Recipient | None, claim: str) -> _Held | None:
        if to is None:
            self._give_up(session, row, f"no recipient is called {row.recipient!r} any more")
            return None
        try:
            # A decision that was taken back meanwhile stops what has not gone out.
            self.desk.refuse_taken_back(session, row)
            paper = paper_of(self.desk.keyring, row)
        except (NotReportable, SealBroken) as fault:
            self._give_up(session, row, str(fault))
            return None
        # Noted before it goes out: while the audit log takes nothing, nothing does.
        said = {"report": row.number, "to": to.name}
        note_act(session, Act(row.approved_by, "report.sending", row.case_number, said))
        return _Held(
            row.id, row.number, row.case_number, row.approved_by, to, paper, dict(row.progress), claim
        )

    def _send(self, held: _Held) -> bool:
        try:
            sent = held.recipient.sender().send(
                held.paper, held.progress, lambda step: self._step(held, step)
            )
        except TransportError as error:
            log.warning("report %s to %s has not arrived: %s", held.number, held.recipient.name, error)
            self._failed(held, str(error), error.permanent)
            return False
        except Exception as error:
            log.exception("report %s to %s failed, by an error of our own", held.number, held.recipient.name)
            self._failed(held, f"an error of our own: {type(error).__name__}", permanent=False)
            return False
        self._arrived(held, sent)
        return True

    def _step(self, held: _Held, progress: Progress) -> None:
        """Raises `TransportError` where another process has taken over."""
        until = self.now() + _lease(held.recipient)
        values: dict[str, Any] = {"progress": dict(progress), "claimed_until": until}
        with self.desk.database.session() as session:
            mine = session.execute(update(Report).where(_mine(held)).values(**values))
            if not mine.rowcount:  # type: ignore[attr-defined]
                raise TransportError("it took so long that somebody else goes on with it")

    def _arrived(self, held: _Held, sent: Sent) -> None:
        now = self.now()
        if held.recipient.preserves:
            # First: who dies in between goes on from here, and the bytes of what was reported are not lost.
            self._preserve(held, sent, now)
        state = ReportState.ACKNOWLEDGED if sent.acknowledged else ReportState.SENT
        values: dict[str, Any] = {
            "state": state.value,
            "sent_at": now,
            "acknowledged_at": now if sent.acknowledged else None,
            "reference": sent.reference[:255],
            "fault": "",
            "next_at": None,
        }
        arrived = update(Report).where(_mine(held)).values(**values, **_FREED)
        try:
            with self.desk.database.session() as session:
                if not session.execute(arrived).rowcount:  # type: ignore[attr-defined]
                    return
                note_act(session, self._act(held, f"report.{state}"))
        except AuditBroken as fault:
            # It has gone out, whatever the log says, and must not go out again; that it would was noted.
            log.warning("ALARM: report %s has gone out, and that is not noted: %s", held.number, fault)
            with self.desk.database.session() as session:
                session.execute(arrived)

    def _preserve(self, held: _Held, sent: Sent, now: datetime) -> None:
        name = " ".join(part for part in (held.recipient.name, sent.reference or held.number) if part)
        try:
            Holds(self.desk.database).preserve(held.case, name, now, held.approved_by)
        except UploadGuardError as fault:
            # The report has arrived all the same.
            log.warning("ALARM: case %s was reported and cannot be preserved: %s", held.case, fault)

    def _failed(self, held: _Held, fault: str, permanent: bool) -> None:
        now = self.now()
        with self.desk.database.session() as session:
            row = session.scalar(select(Report).where(_mine(held)))
            if row is None:
                return
            since = row.approved_at or now
            if permanent or since + self.patience <= now:
                self._give_up(session, row, fault)
                return
            row.state, row.fault = ReportState.FAILED.value, fault[:2000]
            row.next_at = now + pause_after(row.attempts)
            row.claim, row.claimed_until = "", None

    def _give_up(self, session: Session, row: Report, fault: str) -> None:
        """A person has to look at it."""
        row.state, row.fault, row.next_at = ReportState.FAILED.value, fault[:2000], None
        row.claim, row.claimed_until = "", None
        said = {"report": row.number, "to": row.recipient}
        note_act(session, Act(BY_ITSELF, "report.failed", row.case_number, said))
        site = found_case(session, row.case_number).site
        once = f"report {row.number} {row.attempts}"
        note_event(session, Event(EventKind.REPORT_FAILED, row.case_number, site, said, once=once))

    def _act(self, held: _Held, name: str) -> Act:
        said = {"report": held.number, "to": held.recipient.name}
        return Act(held.approved_by, name, held.case, said)


def pause_after(attempts: int) -> timedelta:
    """How long until the next attempt: doubling, bounded, not in step."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 20), LONGEST_PAUSE)
    jitter: float = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    return pause * jitter


_FREED: dict[str, Any] = {"claim": "", "claimed_until": None}


def _lease(recipient: Recipient | None) -> timedelta:
    # One step; each that is taken begins it anew. Only who died lets it run out.
    return timedelta(seconds=3 * (recipient.seconds if recipient else 0) + 30)


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(Report.claimed_until.is_(None), Report.claimed_until <= now)
    return Report.state.in_(TO_SEND) & (Report.next_at <= now) & free


def _mine(held: _Held) -> ColumnElement[bool]:
    return (Report.id == held.id) & (Report.claim == held.claim)
