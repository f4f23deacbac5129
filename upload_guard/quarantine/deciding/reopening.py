"""Taking a decision back: for all cases that were decided by that one act, with what it exempted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from upload_guard.errors import UsageError
from upload_guard.lists.opinions import note_change
from upload_guard.quarantine.custody.handovers import allow_again
from upload_guard.quarantine.deciding.rulings import REOPENED, Chosen, Word, note
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.quarantine.telling import tell_decided
from upload_guard.storage.opinion_tables import Exemption
from upload_guard.storage.tables import Case, Decision

_DECIDED = frozenset({CaseState.RELEASED, CaseState.CONFIRMED, CaseState.ESCALATED})


def decided_by_the_same_act(session: Session, case: Case) -> list[Chosen]:
    """`case` and what was decided with it. Raises `UsageError` where there is nothing to take back."""
    if not _can_be_taken_back(case):
        state = CaseState(case.state).words
        raise UsageError(f"case {case.number} is {state}, so there is no decision to take back")
    own = session.scalar(
        select(Decision).where(Decision.case_id == case.id).order_by(Decision.id.desc()).limit(1)
    )
    chosen = [Chosen(case.id, case.number)]
    if own is None or own.made_on is None:
        return chosen
    later = aliased(Decision)
    same = (
        (Decision.made_on == own.made_on) & (Decision.made_at == own.made_at) & (Decision.case_id != case.id)
    )
    since = select(later.id).where(later.case_id == Decision.case_id, later.id > Decision.id)
    others = select(Decision.case_id).where(same, ~since.exists()).order_by(Decision.case_id)
    return chosen + [Chosen(other, case.number) for other in session.scalars(others)]


def take_back(session: Session, some: Sequence[Chosen], word: Word) -> tuple[str, ...]:
    """Open a portion again; the numbers. What is open already is left as it is."""
    found = select(Case).where(Case.id.in_([one.id for one in some]))
    rows = {row.id: row for row in session.scalars(found)}
    numbers = []
    for one in some:
        case = rows.get(one.id)
        if case is not None and _can_be_taken_back(case):
            case.confirm_by = None
            if case.state in _DECIDED:
                case.state = CaseState.OPEN
            tell_decided(session, case, REOPENED)
            note(session, case, REOPENED, word, one.made_on)
            numbers.append(case.number)
    _lift(session, numbers, word)
    allow_again(session, numbers)
    return tuple(numbers)


def _can_be_taken_back(case: Case) -> bool:
    return case.state in _DECIDED or (case.state in UNDECIDED and case.confirm_by is not None)


def _lift(session: Session, numbers: Sequence[str], word: Word) -> None:
    mine = Exemption.case_number.in_(numbers) & Exemption.lifted_at.is_(None)
    session.execute(update(Exemption).where(mine).values(lifted_at=word.at, lifted_by=word.person))
    note_change(session)
