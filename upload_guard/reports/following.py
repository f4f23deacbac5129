"""What decisions on cases mean for reports: drafts by rule, and what is to be taken back.

A rule sends only what a person has confirmed, some time after that, so that a slip can be taken back first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import (
    AuditBroken,
    NotReportable,
    SealBroken,
    StorageFailed,
    UploadGuardError,
    UsageError,
)
from upload_guard.moments import utc_now
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.states import CaseState
from upload_guard.reports.desk import Desk, take_back
from upload_guard.reports.gathering import found_there
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
                changed += self._by_rule(recipient, recipient.wait)
        return changed

    def _due(self, to: Recipient, wait: timedelta) -> Sequence[str]:
        """Cases that were confirmed long enough ago, and that nobody has drafted a report of, withdrawn or
        not: what a person took back is not for a rule to send again. What ended with a decision that was
        taken back is: the case has been confirmed anew."""
        until = self.now() - wait
        of_it = exists().where(Decision.case_id == Case.id)
        confirmed = of_it.where(Decision.decision == Ruling.CONFIRMED, Decision.made_at > until - LOOKS_BACK)
        ended = (Report.state == ReportState.WITHDRAWN) & (Report.withdrawn_by == _BY)
        reported = exists().where(Report.case_number == Case.number, Report.recipient == to.name, ~ended)
        meant = (
            Case.state == CaseState.CONFIRMED,
            confirmed,
            ~of_it.where(Decision.made_at > until),
            ~reported,
            *((Case.site.in_(to.sites),) if to.sites else ()),
            *(() if to.blocked else (found_there(),)),
        )
        with self.desk.database.session() as session:
            return session.scalars(select(Case.number).where(*meant).order_by(Case.id)).all()

    def _half_done(self, to: Recipient) -> Sequence[str]:
        """Drafts of a rule that was killed before it approved them."""
        left = select(Report.number).where(
            Report.recipient == to.name,
            Report.state == ReportState.DRAFT,
            Report.drafted_by == _rule(to),
        )
        with self.desk.database.session() as session:
            return session.scalars(left.order_by(Report.id)).all()

    def _by_rule(self, to: Recipient, wait: timedelta) -> int:
        done = sum(self._approved(number, to) for number in self._half_done(to))
        return done + sum(self._reported(case, to) for case in self._due(to, wait))

    def _reported(self, case: str, to: Recipient) -> bool:
        """Whether it is on its way now; one case that cannot be written keeps no others back."""
        try:
            drafted = self.desk.draft(case, to.name, _rule(to))
        except (AuditBroken, StorageFailed):
            raise
        except UploadGuardError as fault:
            self._tell(case, to, str(fault))
            return False
        except Exception as error:
            log.exception("case %s was not reported to %s, by an error of our own", case, to.name)
            self._tell(case, to, f"an error of our own: {type(error).__name__}")
            return False
        return self._approved(drafted.number, to)

    def _approved(self, number: str, to: Recipient) -> bool:
        try:
            self.desk.approve(number, mark_of(self.desk.paper(number)), _rule(to))
        except (UsageError, SealBroken) as fault:
            # Somebody has dealt with it, or its case is confirmed no more, which ends it.
            log.info("report %s to %s was not approved by rule: %s", number, to.name, fault)
            return False
        return True

    def _tell(self, number: str, to: Recipient, why: str) -> None:
        """A person has to draft it, or to find out what it lacks; told once a case and recipient."""
        once = f"report of {number} to {to.name}"
        with self.desk.database.session() as session:
            site = session.scalar(select(Case.site).where(Case.number == number)) or ""
            said = {"to": to.name, "why": why[:255]}
            note_event(session, Event(EventKind.REPORT_FAILED, number, site, said, once=once[:128]))
        log.info("case %s was not reported to %s: %s", number, to.name, why)

    def _stop_unsent(self) -> int:
        """What has not begun to go out ends with the decision that it rests on."""
        stopped = 0
        unsent = Report.state.in_(UNSENT) & Report.withdraw_since.is_(None)
        for row_id in self._where(or_(_UNCONFIRMED, _decided_anew()) & unsent):
            with self.desk.database.session() as session:
                row = session.get_one(Report, row_id)
                # The recipient may know of one that has begun: a person has to see to that.
                if row.progress or not self._is_taken_back(session, row):
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
        for row_id in self._where(_UNCONFIRMED & gone_out):
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

    def _is_taken_back(self, session: Session, row: Report) -> bool:
        try:
            self.desk.refuse_taken_back(session, row)
        except NotReportable:
            return True
        return False

    def _where(self, which: ColumnElement[bool]) -> Iterator[int]:
        meant = (
            select(Report.id)
            .join(Case, Case.number == Report.case_number)
            .where(which)
            .order_by(Report.id)
            .limit(_AT_ONCE)
        )
        with self.desk.database.session() as session:
            found = session.scalars(meant).all()
        yield from found


_NO_MORE = "the decision that it rests on was taken back"
_BY = "reports"


def _rule(to: Recipient) -> str:
    """Who is noted for what a rule does."""
    return f"rule {to.name}"[:64]


_UNCONFIRMED = Case.state != CaseState.CONFIRMED


def _decided_anew() -> ColumnElement[bool]:
    """Of a report and its case: whether a decision was made since it was written."""
    return exists().where(Decision.case_id == Case.id, Decision.made_at > Report.drafted_at)
