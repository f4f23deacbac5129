"""Statements of reasons: made of what a person confirmed, told when their time has come.

Rows are the truth: made twice they are one, and killed half way they are made at the next look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from upload_guard.errors import NoSuchStatement
from upload_guard.keyring import Keyring
from upload_guard.lists.opinions import hold_opinions
from upload_guard.moments import utc_now
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.states import CaseState
from upload_guard.statements.delays import in_force
from upload_guard.statements.links import appeal_url, new_secret
from upload_guard.statements.text import Means, Origin, Reasons, Wording, statement_text
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.statement_tables import Statement, StatementDelay
from upload_guard.storage.tables import Case, Decision

# An installation that begins with statements does not write to everybody whose case was ever confirmed.
_LOOKS_BACK = timedelta(days=7)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """As settings have it. `origin` is where strangers find the page for appeals, empty without appeals."""

    after: timedelta
    appeal_for: timedelta
    service: str
    wording: Mapping[str, Wording]
    origin: str


@dataclass(frozen=True, slots=True)
class Given:
    """A statement as it is handed out."""

    case: str
    language: str
    decided_at: datetime
    text: str = field(repr=False)
    appeal_url: str = field(repr=False)
    appeal_until: datetime


@dataclass(frozen=True, slots=True)
class Statements:
    """Rows in `database`. Raises `StorageFailed`."""

    database: Database
    keyring: Keyring
    rule: Rule
    now: Callable[[], datetime] = field(default=utc_now)

    def look(self) -> None:
        """Make those of what was confirmed since, and tell sites of those whose time has come."""
        self._make()
        self._tell()

    def of(self, number: str, site: str | None, language: str) -> Given:
        """The statement of a case of `site`, or of any (None), in one of `text.LANGUAGES`.

        Raises `NoSuchStatement`, also while it is not to be told.
        """
        with self.database.session() as session:
            return self.read(session, number, site, language)

    def read(self, session: Session, number: str, site: str | None, language: str) -> Given:
        """The same as this session sees it."""
        here = () if site is None else (Case.site == site,)
        found = session.execute(_standing(number).where(*here)).first()
        if found is None:
            raise NoSuchStatement(f"no statement of case {number[:32]!r} on {site or 'any site'}")
        return self._given(found[0], found[1], language)

    def stands(self, session: Session, number: str) -> bool:
        """Whether a case has a statement that may be told, whatever key that lies under."""
        return session.execute(_standing(number)).first() is not None

    def _given(self, row: Statement, case: Case, language: str) -> Given:
        rule = self.rule
        url = appeal_url(self.keyring, rule.origin, row) if rule.origin else ""
        reasons = Reasons(
            case=case.number,
            service=rule.service or case.site,
            uploaded_at=case.created_at,
            decided_at=row.decided_at,
            origin=Origin.of(case.route),
            means=_means(case),
            appeal_until=row.appeal_until,
            appeal_url=url,
        )
        text = statement_text(language, reasons, rule.wording[language])
        return Given(case.number, language, row.decided_at, text, url, row.appeal_until)

    def _make(self) -> None:
        now = self.now()
        made = exists().where(Statement.decision_id == Decision.id)
        wanted = (
            select(Decision, Case.number)
            .join(Case, Case.id == Decision.case_id)
            .where(
                Decision.decision == Ruling.CONFIRMED.value,
                Decision.made_at >= now - _LOOKS_BACK,
                # Not by the index of states: there are far more confirmed cases than decisions of a week.
                func.coalesce(Case.state, "") == CaseState.CONFIRMED,
                Decision.id == _last_decision(),
                ~made,
            )
            .order_by(Decision.made_at)
            .limit(_AT_ONCE)
        )
        with self.database.session() as session:
            for decision, number in session.execute(wanted).all():
                digest, sealed = new_secret(self.keyring, number)
                due = decision.made_at + self.rule.after
                session.add(
                    Statement(
                        case_number=number,
                        decision_id=decision.id,
                        decided_at=decision.made_at,
                        due_at=due,
                        appeal_until=due + self.rule.appeal_for,
                        secret_digest=digest,
                        sealed=sealed,
                    )
                )

    def _tell(self) -> None:
        now = self.now()
        delayed = exists().where(StatementDelay.case_number == Statement.case_number, in_force(now))
        wanted = (
            select(Statement, Case.site)
            .join(Case, Case.number == Statement.case_number)
            .where(
                Statement.told_at.is_(None),
                Statement.due_at <= now,
                Case.state == CaseState.CONFIRMED,
                Statement.decision_id == _last_decision(),
                ~delayed,
            )
            .order_by(Statement.id)
            .limit(_AT_ONCE)
        )
        with self.database.session() as session:
            if session.execute(wanted.limit(1)).first() is None:
                return
        with self.database.session() as session:
            # Nobody decides or delays meanwhile: what was told cannot be untold.
            hold_opinions(session)
            for row, site in session.execute(wanted).all():
                row.told_at = now
                # Who hears late has as long as everybody else.
                row.appeal_until = max(row.appeal_until, now + self.rule.appeal_for)
                note_event(session, Event(EventKind.STATEMENT_READY, row.case_number, site))


def _standing(number: str) -> Select[Statement, Case]:
    """The statement of a case that was told and has not been taken back, with the case."""
    return (
        select(Statement, Case)
        .join(Case, Case.number == Statement.case_number)
        .where(Statement.case_number == number, Case.state == CaseState.CONFIRMED)
        .where(Statement.told_at.is_not(None), Statement.decision_id == _last_decision())
    )


def _means(case: Case) -> Means:
    if case.matches:
        return Means.COMPARED
    return Means.UNREAD if case.unscannable or case.unreadable else Means.NONE


def _last_decision() -> ScalarSelect[int]:
    """The newest decision on the case of the query around it."""
    newest = aliased(Decision)
    return (
        select(newest.id)
        .where(newest.case_id == Case.id)
        .order_by(newest.id.desc())
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )
