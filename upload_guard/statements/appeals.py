"""Appeals: made by whoever has the link of a statement, settled by another person than decided before.

An appeal undoes nothing by itself. A person either lets the decision stand or takes it back; taken back by
the ordinary acts on the case, it is settled as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken, UsageError
from upload_guard.keyring import Keyring
from upload_guard.lists.opinions import hold_opinions
from upload_guard.moments import utc_now
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.rulings import Ruling, Word
from upload_guard.quarantine.states import CaseState
from upload_guard.statements.deciders import appealed_decision, closed_to, refuse_first
from upload_guard.statements.links import statement_of
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.statement_tables import APPEAL_WAITS, Appeal, Statement
from upload_guard.storage.tables import Case, Decision

LONGEST_REASON = 4000
LONGEST_ANSWER = 1000
APPELLANT = "appellant"
_PURPOSE = "appeals"


class AppealState(StrEnum):
    """`upheld`: the decision stands. `granted`: it was taken back."""

    OPEN = APPEAL_WAITS
    UPHELD = "upheld"
    GRANTED = "granted"


class Chance(StrEnum):
    """What whoever has a link can do, or is told. `again`: the decision was taken back, and the file is not
    released (yet).
    """

    OPEN = "open"
    OVER = "over"
    WAITING = "waiting"
    UPHELD = "upheld"
    TAKEN_BACK = "taken_back"
    AGAIN = "again"


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
    """An appeal for whoever decides about it. It is not for those to settle to whom it is `closed_to`: they
    have made the decision, and there is somebody else.

    `reason` is empty where it lies under a master key that is gone.
    """

    case: str
    state: AppealState
    made_at: datetime
    reason: str = field(repr=False)
    closed_to: frozenset[str]
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
        standing = self.standing(number, secret)
        if standing is None or standing.chance is not Chance.OPEN:
            return standing
        with self._alone() as session:
            row = statement_of(session, number, secret)
            # Somebody may have decided meanwhile, or another window was faster.
            if row is not None and self._standing(session, row).chance is Chance.OPEN:
                self._add(session, row, reason[:LONGEST_REASON])
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
        """The decision stands. Raises `UsageError` for one who made it, where there is somebody else, and
        where it does not stand, for it was taken back and nobody has decided since.
        """
        with self._alone() as session:
            row = _open_on(session, number)
            refuse_first(session, row, word.person)
            if found_case(session, number).state != CaseState.CONFIRMED:
                raise UsageError(f"case {number} is open again: decide it, which settles the appeal")
            self._settle(session, row, AppealState.UPHELD, word, answer)

    def grant(self, number: str, decisions: Decisions, word: Word, answer: str) -> None:
        """The decision is taken back, for all that was decided with it, and this file is released.

        Raises `UsageError` as `uphold`. Killed half way, the case is open and its appeal waits.
        """
        with self.database.session() as session:
            refuse_first(session, _open_on(session, number), word.person)
            is_confirmed = found_case(session, number).state == CaseState.CONFIRMED
        if is_confirmed:
            decisions.reopen(number, word.person, word.because)
        decided = decisions.decide(Ruling.RELEASED, number, word)
        if number not in decided.decided:
            return
        with self._alone() as session:
            row = session.scalar(_open(number))
            # Otherwise `follow` was faster.
            if row is not None:
                self._settle(session, row, AppealState.GRANTED, word, answer)

    def follow(self) -> None:
        """Settle what the ordinary acts on cases have settled."""
        for number in self.waiting():
            with self.database.session() as session:
                settled = _settled_otherwise(session, number)
            if settled:
                self._follow(number)

    def _follow(self, number: str) -> None:
        with self._alone() as session:
            row, settled = session.scalar(_open(number)), _settled_otherwise(session, number)
            if row is not None and settled is not None:
                state, by = settled
                self._settle(session, row, state, Word(by.made_by, by.because, self.now()), "")

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """A session in which nobody decides on a case, and no other appeal is made."""
        with self.database.session() as session:
            hold_opinions(session)
            yield session

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
        if case is None or last is None or last.id != row.decision_id:
            # What was decided anew has a statement of its own, in its own time: nothing is told of it here.
            return Chance.TAKEN_BACK if case and case.state == CaseState.RELEASED else Chance.AGAIN
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
            closed_to=closed_to(session, row),
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


def _settled_otherwise(session: Session, number: str) -> tuple[AppealState, Decision] | None:
    """How an appeal that waits was settled by a decision on its case, and by which."""
    row = session.scalar(_open(number))
    case = session.scalar(select(Case).where(Case.number == number))
    last = session.scalar(_decisions(case.id).limit(1)) if case else None
    if row is None or case is None or last is None:
        return None
    if case.state == CaseState.RELEASED:
        return AppealState.GRANTED, last
    return (AppealState.UPHELD, last) if _is_confirmed_anew(session, row, case, last) else None


def _is_confirmed_anew(session: Session, row: Appeal, case: Case, last: Decision) -> bool:
    if case.state != CaseState.CONFIRMED or last.id == appealed_decision(session, row):
        return False
    return last.made_by not in closed_to(session, row)
