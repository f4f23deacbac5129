"""Who made a decision, and who else could look at an appeal against it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.people.roles import Permission, Rights, Role
from upload_guard.quarantine.deciding.rulings import CONFIRM_PROPOSED, REOPENED
from upload_guard.storage.people_tables import PersonRow
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.tables import Decision


def appealed_decision(session: Session, row: Appeal) -> int:
    """The id of the decision that is appealed against."""
    return session.scalars(select(Statement.decision_id).where(Statement.id == row.statement_id)).one()


def _firsts(session: Session, row: Appeal) -> frozenset[str]:
    """Who made the decision that is appealed against: of two persons both."""
    confirmed = session.get(Decision, appealed_decision(session, row))
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


def closed_to(session: Session, row: Appeal) -> frozenset[str]:
    """Who made the decision, where there is somebody else who could look at it."""
    firsts = _firsts(session, row)
    return firsts if _who_decide(session) - firsts else frozenset()


def refuse_first(session: Session, row: Appeal, person: str) -> None:
    """Raises `UsageError` for one who made the decision, where there is somebody else."""
    if person in closed_to(session, row):
        raise UsageError(f"{person} made the decision, so another person has to look at the appeal")


def _who_decide(session: Session) -> frozenset[str]:
    roles = [role for role in Role if Permission.DECIDE in Rights().permissions(role)]
    living = select(PersonRow.name).where(PersonRow.disabled_at.is_(None), PersonRow.role.in_(roles))
    return frozenset(session.scalars(living))
