"""Appeals: made by whoever has the link of a statement, settled by another person than decided before.

An appeal undoes nothing by itself. A person either lets the decision stand or takes it back; taken back by
the ordinary acts on the case, it is settled as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken, UsageError
from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.people.roles import Permission, Rights, Role
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.rulings import CONFIRM_PROPOSED, REOPENED, Ruling, Word
from upload_guard.quarantine.states import CaseState
from upload_guard.statements.links import statement_of
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.people_tables import PersonRow
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.tables import Case, Decision

LONGEST_REASON = 4000
LONGEST_ANSWER = 1000
APPELLANT = "appellant"
_PURPOSE = "appeals"


class AppealState(StrEnum):
    """`upheld`: the decision stands. `granted`: it was taken back."""

    OPEN = "open"
    UPHELD = "upheld"
    GRANTED = "granted"


class Chance(StrEnum):
    """What whoever has a link can do, or is told."""

    OPEN = "open"
    OVER = "over"
    WAITING = "waiting"
    UPHELD = "upheld"
    TAKEN_BACK = "taken_back"


_CHANCES: Mapping[AppealState, Chance] = {
    AppealState.OPEN: Chance.WAITING,
    AppealState.UPHELD: Chance.UPHELD,
    AppealState.GRANTED: Chance.TAKEN_BACK,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands for the appellant, who is told no names."""

    case: str
    chance: Chance
    decided_at: datetime
    appeal_until: datetime
    made_at: datetime | None = None
    settled_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Appealed:
    """An appeal for whoever decides about it. `firsts` have made the decision.

    `reason` is empty where it lies under a master key that is gone.
    """

    case: str
    state: AppealState
    made_at: datetime
    reason: str = field(repr=False)
    firsts: frozenset[str]
    settled_by: str
    answer: str


@dataclass(frozen=True, slots=True)
class Appeals:
    """Rows in `database`. Raises `StorageFailed`."""

    database: Database
    keyring: Keyring
    now: Callable[[], datetime] = field(default=utc_now)

    def standing(self, number: str, secret: str) -> Standing | None:
        """What this link leads to; None where it leads nowhere, whatever part of it is wrong."""
        with self.database.session() as session:
            row = statement_of(session, number, secret)
            return self._standing(session, row) if row else None

    def make(self, number: str, secret: str, reason: str) -> Standing | None:
        """Appeal, where that is possible, and how it stands then. Made twice it is one.

        Raises `UsageError` where nothing is said.
        """
        if not reason.strip():
            raise UsageError("an appeal needs a reason")
        try:
            with self.database.session() as session:
                row = statement_of(session, number, secret)
                if row is None or self._standing(session, row).chance is not Chance.OPEN:
                    return self._standing(session, row) if row else None
                self._add(session, row, reason[:LONGEST_REASON])
        except IntegrityError:
            pass  # Another window was faster.
        return self.standing(number, secret)

    def of(self, number: str) -> Appealed | None:
        """The newest appeal on a case."""
        wanted = select(Appeal).where(Appeal.case_number == number).order_by(Appeal.id.desc()).limit(1)
        with self.database.session() as session:
            row = session.scalar(wanted)
            return self._appealed(session, row) if row else None

    def waiting(self) -> tuple[str, ...]:
        """The cases with an appeal that nobody has settled, oldest first."""
        wanted = select(Appeal.case_number).where(Appeal.state == AppealState.OPEN).order_by(Appeal.id)
        with self.database.session() as session:
            return tuple(session.scalars(wanted))

    def uphold(self, number: str, word: Word, answer: str) -> None:
        """The decision stands. Raises `UsageError` for one who made it, where there is somebody else."""
        with self.database.session() as session:
            row = _open_on(session, number)
            _refuse_first(session, row, word.person)
            self._settle(session, row, AppealState.UPHELD, word, answer)

    def grant(self, number: str, decisions: Decisions, word: Word, answer: str) -> None:
        """The decision is taken back, for all that was decided with it, and this file is released.

        Raises `UsageError` as `uphold`. Killed half way, the case is open and its appeal waits.
        """
        with self.database.session() as session:
            _refuse_first(session, _open_on(session, number), word.person)
            is_confirmed = found_case(session, number).state == CaseState.CONFIRMED
        if is_confirmed:
            decisions.reopen(number, word.person, word.because)
        decided = decisions.decide(Ruling.RELEASED, number, word)
        if number not in decided.decided:
            return
        with self.database.session() as session:
            row = session.scalar(_open(number))
            # Otherwise `follow` was faster.
            if row is not None:
                self._settle(session, row, AppealState.GRANTED, word, answer)

    def follow(self) -> None:
        """Settle what the ordinary acts on cases have settled."""
        for number in self.waiting():
            with self.database.session() as session:
                self._follow(session, number)

    def _follow(self, session: Session, number: str) -> None:
        row = session.scalar(_open(number))
        case = session.scalar(select(Case).where(Case.number == number))
        if row is None or case is None:
            return
        last = session.scalar(_decisions(case.id).limit(1))
        if last is None:
            return
        word = Word(last.made_by, last.because, self.now())
        if case.state == CaseState.RELEASED:
            self._settle(session, row, AppealState.GRANTED, word, "")
        elif _is_confirmed_anew(session, row, case, last):
            self._settle(session, row, AppealState.UPHELD, word, "")

    def _add(self, session: Session, row: Statement, reason: str) -> None:
        sealed = self.keyring.seal(_PURPOSE, reason.encode(), row.case_number.encode())
        session.add(
            Appeal(
                statement_id=row.id,
                case_number=row.case_number,
                state=AppealState.OPEN.value,
                made_at=self.now(),
                sealed=sealed,
            )
        )
        session.flush()
        site = session.scalar(select(Case.site).where(Case.number == row.case_number)) or ""
        note_act(session, Act(APPELLANT, "appeal.made", row.case_number))
        note_event(session, Event(EventKind.APPEALED, row.case_number, site))

    def _settle(self, session: Session, row: Appeal, state: AppealState, word: Word, answer: str) -> None:
        row.state, row.settled_at, row.settled_by = state.value, word.at, word.person
        row.answer = answer.strip()[:LONGEST_ANSWER]
        note_act(session, Act(word.person, f"appeal.{state}", row.case_number, {"because": word.reason}))

    def _standing(self, session: Session, row: Statement) -> Standing:
        appeal = session.scalar(select(Appeal).where(Appeal.statement_id == row.id))
        if appeal is None:
            return Standing(row.case_number, self._chance(session, row), row.decided_at, row.appeal_until)
        return Standing(
            row.case_number,
            _CHANCES[AppealState(appeal.state)],
            row.decided_at,
            row.appeal_until,
            appeal.made_at,
            appeal.settled_at,
            appeal.answer,
        )

    def _chance(self, session: Session, row: Statement) -> Chance:
        case = session.scalar(select(Case).where(Case.number == row.case_number))
        last = session.scalar(_decisions(case.id).limit(1)) if case else None
        if last is None or last.id != row.decision_id:
            return Chance.TAKEN_BACK
        return Chance.OPEN if self.now() < row.appeal_until else Chance.OVER

    def _appealed(self, session: Session, row: Appeal) -> Appealed:
        try:
            reason = self.keyring.open_sealed(_PURPOSE, row.sealed, row.case_number.encode()).decode()
        except SealBroken:
            reason = ""
        return Appealed(
            case=row.case_number,
            state=AppealState(row.state),
            made_at=row.made_at,
            reason=reason,
            firsts=_firsts(session, row),
            settled_by=row.settled_by,
            answer=row.answer,
        )


def _open(number: str) -> Select[Appeal]:
    return select(Appeal).where(Appeal.case_number == number, Appeal.state == AppealState.OPEN.value)


def _open_on(session: Session, number: str) -> Appeal:
    row = session.scalar(_open(number))
    if row is None:
        raise UsageError(f"no appeal on case {number} waits")
    return row


def _decisions(case_id: int) -> Select[Decision]:
    return select(Decision).where(Decision.case_id == case_id).order_by(Decision.id.desc())


def _is_confirmed_anew(session: Session, row: Appeal, case: Case, last: Decision) -> bool:
    if case.state != CaseState.CONFIRMED or last.id == _appealed_decision(session, row):
        return False
    return not _is_first(session, row, last.made_by)


def _appealed_decision(session: Session, row: Appeal) -> int:
    return session.scalars(select(Statement.decision_id).where(Statement.id == row.statement_id)).one()


def _firsts(session: Session, row: Appeal) -> frozenset[str]:
    """Who made the decision that is appealed against: of two persons both."""
    confirmed = session.get(Decision, _appealed_decision(session, row))
    if confirmed is None:
        return frozenset()
    firsts = {confirmed.made_by}
    before = select(Decision).where(Decision.case_id == confirmed.case_id, Decision.id < confirmed.id)
    for decision in session.scalars(before.order_by(Decision.id.desc())):
        if decision.decision == REOPENED:
            break
        if decision.decision == CONFIRM_PROPOSED:
            firsts.add(decision.made_by)
    return frozenset(firsts)


def _is_first(session: Session, row: Appeal, person: str) -> bool:
    """Whether `person` made the decision, and there is somebody else who could look at it."""
    firsts = _firsts(session, row)
    return person in firsts and bool(_who_decide(session) - firsts)


def _refuse_first(session: Session, row: Appeal, person: str) -> None:
    if _is_first(session, row, person):
        raise UsageError(f"{person} made the decision, so another person has to look at the appeal")


def _who_decide(session: Session) -> frozenset[str]:
    roles = [role for role in Role if Permission.DECIDE in Rights().permissions(role)]
    living = select(PersonRow.name).where(PersonRow.disabled_at.is_(None), PersonRow.role.in_(roles))
    return frozenset(session.scalars(living))
