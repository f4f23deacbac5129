"""What decisions on cases mean for reports: drafts by rule, and what is to be taken back.

A rule sends only what a person has confirmed, some time after that, so that a slip can be taken back first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import NotReportable, UsageError
from upload_guard.moments import utc_now
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.states import CaseState
from upload_guard.reports.desk import Desk, take_back
from upload_guard.reports.gathering import was_blocked
from upload_guard.reports.recipients import Recipient
from upload_guard.reports.shown import mark_of
from upload_guard.reports.states import OUT, UNSENT, ReportState
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.report_tables import Report
from upload_guard.storage.tables import Case, Decision

log = logging.getLogger(__name__)

LOOKS_BACK = timedelta(days=7)
"""A rule that is new does not report the years before it."""
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Following:
    """Looks at rows; may be killed and run again at any moment. Raises `StorageFailed`."""

    desk: Desk
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> int:
        """Draft what rules ask for, and see to what is confirmed no more; how many reports that changed."""
        changed = self._stop_unsent() + self._ask_back()
        for recipient in self.desk.recipients.values():
            if recipient.wait is not None:
                changed += sum(
                    self._by_rule(case, recipient) for case in self._due(recipient, recipient.wait)
                )
        return changed

    def _due(self, to: Recipient, wait: timedelta) -> tuple[str, ...]:
        """Cases that were confirmed long enough ago, and that nobody has drafted a report of, withdrawn or
        not: what a person took back is not for a rule to send again."""
        now = self.now()
        reported = select(Report.id).where(Report.case_number == Case.number, Report.recipient == to.name)
        confirmed = (
            select(Case)
            .join(Decision, Decision.case_id == Case.id)
            .where(
                Case.state == CaseState.CONFIRMED,
                Decision.decision == Ruling.CONFIRMED,
                Decision.made_at > now - LOOKS_BACK - wait,
                ~reported.exists(),
            )
            .order_by(Case.id)
            .distinct()
        )
        with self.desk.database.session() as session:
            return tuple(
                case.number
                for case in session.scalars(confirmed)
                if to.concerns(case.site)
                and (to.blocked or not was_blocked(session, case))
                and _last_decision(session, case) <= now - wait
            )

    def _by_rule(self, case: str, to: Recipient) -> bool:
        by = f"rule {to.name}"
        try:
            drafted = self.desk.draft(case, to.name, by)
            self.desk.approve(drafted.number, mark_of(self.desk.paper(drafted.number)), by)
        except UsageError as fault:
            self._tell(case, to, fault)
            return False
        return True

    def _tell(self, number: str, to: Recipient, fault: UsageError) -> None:
        """A person has to draft it, or to find out what it lacks; told once a case and recipient."""
        once = f"report of {number} to {to.name}"
        with self.desk.database.session() as session:
            site = session.scalar(select(Case.site).where(Case.number == number)) or ""
            said = {"to": to.name, "why": str(fault)[:255]}
            note_event(session, Event(EventKind.REPORT_FAILED, number, site, said, once=once[:128]))
        kind = "cannot be reported" if isinstance(fault, NotReportable) else "was not reported"
        log.info("case %s %s to %s: %s", number, kind, to.name, fault)

    def _stop_unsent(self) -> int:
        """What has not begun to go out ends with the decision that it rests on."""
        stopped = 0
        for row_id in self._of_unconfirmed(Report.state.in_(UNSENT) & Report.withdraw_since.is_(None)):
            with self.desk.database.session() as session:
                row = session.get_one(Report, row_id)
                # The recipient may know of one that has begun: a person has to see to that.
                if row.progress or not _is_unconfirmed(session, row):
                    continue
                try:
                    take_back(session, row, _NO_MORE, _BY, self.now())
                except UsageError:
                    continue
                stopped += 1
        return stopped

    def _ask_back(self) -> int:
        """A task for a person: what has gone out of a case that is confirmed no more."""
        asked = 0
        with self.desk.database.session() as session:
            asked += self._settle_confirmed(session)
        gone_out = Report.state.in_(OUT | UNSENT) & Report.withdraw_since.is_(None)
        for row_id in self._of_unconfirmed(gone_out):
            with self.desk.database.session() as session:
                row = session.get_one(Report, row_id)
                if row.state not in OUT and not row.progress:
                    continue
                row.withdraw_since = self.now()
                site = session.scalar(select(Case.site).where(Case.number == row.case_number)) or ""
                said = {"report": row.number, "to": row.recipient, "withdraw": 1}
                event = Event(EventKind.REPORT_FAILED, row.case_number, site, said)
                note_event(session, event)
                asked += 1
        return asked

    def _settle_confirmed(self, session: Session) -> int:
        """Nothing to take back where a person has confirmed the case again."""
        again = select(Case.number).where(Case.state == CaseState.CONFIRMED)
        meant = (
            Report.withdraw_since.is_not(None)
            & (Report.state != ReportState.WITHDRAWN)
            & Report.case_number.in_(again)
        )
        done = session.execute(update(Report).where(meant).values(withdraw_since=None))
        return int(done.rowcount)  # type: ignore[attr-defined]

    def _of_unconfirmed(self, which: ColumnElement[bool]) -> Iterator[int]:
        meant = (
            select(Report.id)
            .join(Case, Case.number == Report.case_number)
            .where(Case.state != CaseState.CONFIRMED, which)
            .order_by(Report.id)
            .limit(_AT_ONCE)
        )
        with self.desk.database.session() as session:
            found = session.scalars(meant).all()
        yield from found


_NO_MORE = "its case is confirmed no more"
_BY = "reports"


def _is_unconfirmed(session: Session, row: Report) -> bool:
    state = session.scalar(select(Case.state).where(Case.number == row.case_number))
    return state != CaseState.CONFIRMED


def _last_decision(session: Session, case: Case) -> datetime:
    newest = select(Decision.made_at).where(Decision.case_id == case.id).order_by(Decision.id.desc())
    made_at = session.scalar(newest.limit(1))
    return made_at or case.created_at
