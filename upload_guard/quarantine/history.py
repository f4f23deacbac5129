"""What people have said about a case: decisions on it, and the exemptions and disputes that came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from upload_guard.lists.opinions import EVERYWHERE
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
    said = [Said(row.made_at, row.made_by, f"decision: {row.decision}", row.because) for row in decisions]
    for row in exemptions:
        said += _of_exemption(row)
    for dispute, list_name in disputes:
        said += _of_dispute(dispute, list_name)
    return tuple(sorted(said, key=lambda one: one.at))


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
