"""What persons do with reports: draft, read, approve, try again, take back. Sending is `sending`'s.

A report is drafted of a case that a person has confirmed, and of no other. What is approved is the very paper
that was read, and that is what goes out, byte by byte.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from upload_guard.errors import NotReportable, NumberChanged, UsageError
from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.reports.classifying import Classes
from upload_guard.reports.gathering import Gathering
from upload_guard.reports.papers import Paper
from upload_guard.reports.recipients import Recipient, Recipients
from upload_guard.reports.shown import ReportInfo, found_report, info_of, mark_of, paper_of, sealed_paper
from upload_guard.reports.states import OUT, TO_SEND, UNSENT, ReportState
from upload_guard.reports.uploaders import Uploaders
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.report_tables import Report
from upload_guard.storage.tables import Case

_MOST = 500
_BECAUSE = 1024


@dataclass(frozen=True, slots=True)
class Desk:
    """Rows in `database`. Each method raises `UsageError` where it cannot be, and `StorageFailed`."""

    database: Database
    keyring: Keyring
    gathering: Gathering
    recipients: Recipients
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def uploaders(self) -> Uploaders:
        return self.gathering.uploaders

    @property
    def classes(self) -> Classes:
        return Classes(self.database)

    def newest(self, states: Collection[ReportState] = frozenset(ReportState)) -> tuple[ReportInfo, ...]:
        """Those in any of `states`, at most 500."""
        some = select(Report).where(Report.state.in_(states)).order_by(Report.id.desc()).limit(_MOST)
        with self.database.session() as session:
            return tuple(map(info_of, session.scalars(some)))

    def of_case(self, case: str) -> tuple[ReportInfo, ...]:
        with self.database.session() as session:
            rows = session.scalars(select(Report).where(Report.case_number == case).order_by(Report.id))
            return tuple(map(info_of, rows))

    def to_withdraw(self) -> tuple[ReportInfo, ...]:
        """What has gone out of cases that are confirmed no more."""
        meant = select(Report).where(
            Report.withdraw_since.is_not(None), Report.state != ReportState.WITHDRAWN
        )
        with self.database.session() as session:
            return tuple(map(info_of, session.scalars(meant.order_by(Report.id))))

    def one(self, number: str) -> ReportInfo:
        with self.database.session() as session:
            return info_of(found_report(session, number))

    def paper(self, number: str) -> Paper:
        """What was drafted. Raises `SealBroken`."""
        with self.database.session() as session:
            return paper_of(self.keyring, found_report(session, number))

    def draft(self, case: str, recipient: str, person: str) -> ReportInfo:
        """Write a report of `case` down for a recipient; nothing is sent.

        Raises `NotReportable` where no person has confirmed the case, where this recipient is not told of
        such, or where its format demands what nobody knows.
        """
        to = self._recipient(recipient)
        number = secrets.token_hex(16)
        with self.database.session() as session:
            self._refuse_second(session, case, recipient)
            row = self._row(number, case, to, self._written(session, case, number, to), person)
            session.add(row)
            try:
                session.flush()
            except IntegrityError:
                raise NotReportable(f"somebody else has drafted a report of case {case} just now") from None
            note_act(session, _act(person, "report.drafted", row))
            return info_of(row)

    def write_again(self, number: str, person: str) -> ReportInfo:
        """A draft as it would be written now, with what was found out since."""
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, {ReportState.DRAFT})
            to = self._recipient(row.recipient)
            paper = self._written(session, row.case_number, number, to)
            written = {"paper_format": paper.format, "sealed": self._sealed(paper, number)}
            self._change(session, row, drafted_at=self.now(), **written)
            note_act(session, _act(person, "report.rewritten", row))
            return info_of(row)

    def approve(self, number: str, mark: str, person: str) -> ReportInfo:
        """Have it sent, now and until it has arrived. `mark` is of the paper that the person has read.

        Raises `NumberChanged` where that is another one by now, and `NotReportable` where the case is
        confirmed no more, or anew.
        """
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, {ReportState.DRAFT})
            if mark_of(paper_of(self.keyring, row)) != mark:
                raise NumberChanged("the report was written anew since you read it: read it again")
            self.refuse_taken_back(session, row)
            now = self.now()
            self._change(
                session,
                row,
                state=ReportState.APPROVED.value,
                approved_at=now,
                approved_by=person[:64],
                next_at=now,
            )
            note_act(session, _act(person, "report.approved", row))
            return info_of(row)

    def try_again(self, number: str, person: str) -> ReportInfo:
        """Send what has failed at once, given up or not; it goes on where it was."""
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, {ReportState.FAILED})
            self.refuse_taken_back(session, row)
            now = self.now()
            # The time for which it is tried begins anew.
            self._change(session, row, approved_at=now, next_at=now)
            note_act(session, _act(person, "report.retried", row))
            return info_of(row)

    def acknowledge(self, number: str, reference: str, person: str) -> ReportInfo:
        """The recipient says that it has it, under `reference`, if it said one."""
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, {ReportState.SENT})
            self._change(
                session,
                row,
                state=ReportState.ACKNOWLEDGED.value,
                acknowledged_at=self.now(),
                reference=reference.strip()[:255] or row.reference,
            )
            note_act(session, _act(person, "report.acknowledged", row))
            return info_of(row)

    def withdraw(self, number: str, because: str, person: str) -> ReportInfo:
        """Take it back, by the way it went if it has gone out.

        Raises `NotWithdrawable` where that way knows none, `TransportError` where it did not get through.
        """
        _needs_a_reason(because)
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, UNSENT | OUT)
            if row.state not in OUT and not row.progress:
                take_back(session, row, because, person, self.now())
                return info_of(row)
            sender, paper = self._recipient(row.recipient).sender(), paper_of(self.keyring, row)
            self._stop(session, row)
            so_far = dict(row.progress)
        sender.withdraw(paper, so_far, because)
        return self.note_withdrawn(number, because, person)

    def note_withdrawn(self, number: str, because: str, person: str) -> ReportInfo:
        """It is taken back: it never went out, or a person has written to the recipient."""
        _needs_a_reason(because)
        with self.database.session() as session:
            row = found_report(session, number)
            _refuse_other_states(row, UNSENT | OUT)
            take_back(session, row, because, person, self.now())
            return info_of(row)

    def refuse_taken_back(self, session: Session, row: Report) -> None:
        """Nobody may be accused by a decision that was taken back since, whatever was decided after that.

        Raises `NotReportable`.
        """
        facts = self.gathering.facts(session, row.case_number, row.number)
        if facts.confirmed_at > row.drafted_at:
            raise NotReportable(
                f"case {row.case_number} was decided anew since its report {row.number} was written, which "
                "still tells of the decision before"
            )

    def _stop(self, session: Session, row: Report) -> None:
        """Nobody goes on sending what is being taken back."""
        if row.state in TO_SEND:
            said = "it was to be taken back, and so is not sent on by itself"
            self._change(session, row, state=ReportState.FAILED.value, fault=said, next_at=None)
        else:
            self._change(session, row, next_at=None)

    def _recipient(self, name: str) -> Recipient:
        try:
            return self.recipients[name]
        except KeyError:
            raise UsageError(
                f"no recipient is called {name[:64]!r}: write a table [reports.recipients.{name[:64]}]"
            ) from None

    def _refuse_second(self, session: Session, case: str, recipient: str) -> None:
        before = session.scalar(select(Report.number).where(Report.slot == _slot(case, recipient)))
        if before is not None:
            raise NotReportable(f"case {case} has a report to {recipient} already: {before}")

    def _written(self, session: Session, case: str, number: str, to: Recipient) -> Paper:
        facts = self.gathering.facts(session, case, number)
        if not to.concerns(session.scalar(select(Case.site).where(Case.number == case)) or ""):
            raise NotReportable(f"{to.name} is not told of cases of this site (its option sites)")
        if facts.blocked and not to.blocked:
            raise NotReportable(
                f"the upload of case {case} was refused and never was on the site: {to.name} is not told of "
                "attempts (its option blocked)"
            )
        return to.format.write(facts)

    def _row(self, number: str, case: str, to: Recipient, paper: Paper, person: str) -> Report:
        return Report(
            number=number,
            case_number=case,
            recipient=to.name,
            paper_format=paper.format,
            state=ReportState.DRAFT.value,
            drafted_at=self.now(),
            drafted_by=person[:64],
            approved_by="",
            withdrawn_by="",
            because="",
            reference="",
            attempts=0,
            fault="",
            progress={},
            sealed=self._sealed(paper, number),
            slot=_slot(case, to.name),
            claim="",
        )

    def _sealed(self, paper: Paper, number: str) -> bytes:
        return sealed_paper(self.keyring, paper, number)

    def _change(self, session: Session, row: Report, **values: object) -> None:
        """Raises `UsageError` where it stands elsewhere by now, or is on its way."""
        if not _changed(session, row, self.now(), **values):
            raise UsageError(f"report {row.number} has just been changed, or is being sent: look again")


def take_back(session: Session, row: Report, because: str, person: str, now: datetime) -> None:
    """Note a report as withdrawn. Raises `UsageError` while it is being sent."""
    done = _changed(
        session,
        row,
        now,
        state=ReportState.WITHDRAWN.value,
        withdrawn_at=now,
        withdrawn_by=person[:64],
        because=because[:_BECAUSE],
        slot=None,
        next_at=None,
        withdraw_since=None,
    )
    if not done:
        raise UsageError(f"report {row.number} is being sent just now: take it back when it has arrived")
    note_act(
        session,
        Act(
            person, "report.withdrawn", row.case_number, {"report": row.number, "because": because[:_BECAUSE]}
        ),
    )


def _changed(session: Session, row: Report, now: datetime, **values: object) -> bool:
    free = or_(Report.claimed_until.is_(None), Report.claimed_until <= now)
    same = (Report.id == row.id) & (Report.state == row.state) & (Report.sealed == row.sealed) & free
    done = session.execute(update(Report).where(same).values(**values))
    session.refresh(row)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _slot(case: str, recipient: str) -> str:
    return f"{case} {recipient}"


def _act(person: str, name: str, row: Report) -> Act:
    return Act(person, name, row.case_number, {"report": row.number, "to": row.recipient})


def _refuse_other_states(row: Report, states: Collection[ReportState]) -> None:
    if row.state not in states:
        raise UsageError(f"report {row.number} is {ReportState(row.state).value}, so that cannot be done")


def _needs_a_reason(because: str) -> None:
    if not because.strip():
        raise UsageError("taking a report back needs a reason")
