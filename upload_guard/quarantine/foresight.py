"""What a decision on a case would decide besides, told before it is made: see `rulings.decided_with`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.rulings import Reach, decided_with
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class Foresight:
    """`same_file` other cases would be decided along, `same_picture` more where the person says so.

    `sites` are those on which a released file would pass, in order. `confirm_said_by` have said that the file
    is what the list says, where that takes two persons.
    """

    same_file: int = 0
    same_picture: int = 0
    sites: tuple[str, ...] = ()
    confirm_said_by: tuple[str, ...] = ()


def foresee(database: Database, number: str) -> Foresight:
    """Raises `UsageError` where there is no such case, and `StorageFailed`."""
    with database.session() as session:
        case = found_case(session, number)
        with_file, with_picture = (decided_with(case, reach) for reach in (Reach.FILE, Reach.PICTURE))
        same_file = _count(session, with_file)
        sites = session.scalars(select(Case.site).where(with_file).distinct())
        mine = (Case.group_id == case.group_id) & (Case.sha256 == case.sha256)
        said = session.scalars(select(Case.confirm_by).where(mine, Case.confirm_by.is_not(None)).distinct())
        return Foresight(
            same_file=same_file,
            same_picture=_count(session, with_picture) - same_file,
            sites=tuple(sorted({case.site, *sites})),
            confirm_said_by=tuple(sorted(person for person in said if person)),
        )


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Case).where(which)) or 0
