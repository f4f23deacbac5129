"""What people have said about a case: decisions on it, and the exemptions and disputes that came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.lists.opinions import EVERYWHERE
from upload_guard.quarantine.deciding.rulings import CONFIRM_PROPOSED, Ruling
from upload_guard.quarantine.pictures.groups import confirmed_before
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import EntryDispute, Exemption
from upload_guard.storage.tables import Case, Decision, HashList


@dataclass(frozen=True, slots=True)
class Said:
    """`what` was said, in words, by whom and why."""

    at: datetime
    by: str
    what: str
    because: str = ""


def history(database: Database, number: str) -> tuple[Said, ...]:
    """All about the case of that number, oldest first. Raises `StorageFailed`."""
    with database.session() as session:
        decisions = session.scalars(select(Decision).join(Case).where(Case.number == number)).all()
        exemptions = session.scalars(select(Exemption).where(Exemption.case_number == number)).all()
        disputes = session.execute(
            select(EntryDispute, HashList.name)
            .join(HashList, HashList.id == EntryDispute.list_id)
            .where(EntryDispute.case_number == number)
        ).all()
        case = session.scalar(select(Case).where(Case.number == number))
        confirmed = _confirmed_before(session, case) if case else ()
    said = [*confirmed, *(_of_decision(row, number) for row in decisions)]
    for row in exemptions:
        said += _of_exemption(row)
    for dispute, list_name in disputes:
        said += _of_dispute(dispute, list_name)
    return tuple(sorted(said, key=lambda one: one.at))


def _of_decision(row: Decision, number: str) -> Said:
    what = "proposed to confirm" if row.decision == CONFIRM_PROPOSED else f"decision: {row.decision}"
    along = f", with case {row.made_on}" if row.made_on not in {None, number} else ""
    return Said(row.made_at, row.made_by, what + along, row.because)


def _confirmed_before(session: Session, case: Case) -> tuple[Said, ...]:
    """That this very file was confirmed on another case, before it came again."""
    other = confirmed_before(session, case)
    made = (
        select(Decision)
        .join(Case)
        .where(Case.number == other, Decision.decision == Ruling.CONFIRMED)
        .order_by(Decision.id.desc())
    )
    row = session.scalar(made.limit(1)) if other else None
    if row is None or row.made_at > case.created_at:
        return ()
    return (Said(row.made_at, row.made_by, f"the same file was confirmed, case {other}", row.because),)


def _of_exemption(row: Exemption) -> list[Said]:
    where = "everywhere" if row.site == EVERYWHERE else f"on {row.site}"
    until = f" until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else ""
    said = [Said(row.made_at, row.made_by, f"the file passes {where}{until}", row.because)]
    if row.lifted_at:
        said.append(Said(row.lifted_at, row.lifted_by or "", "that was lifted"))
    return said


def _of_dispute(row: EntryDispute, list_name: str) -> list[Said]:
    entry = f"an entry of {list_name} ({row.signal_type})"
    said = [Said(row.proposed_at, row.proposed_by, f"proposed to dispute {entry}", row.because)]
    if row.agreed_at:
        said.append(Said(row.agreed_at, row.agreed_by or "", f"agreed to dispute {entry}"))
    if row.lifted_at:
        said.append(Said(row.lifted_at, row.lifted_by or "", f"lifted the dispute of {entry}"))
    return said
