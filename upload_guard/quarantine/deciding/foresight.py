"""What a decision on a case would decide besides, told before it is made: see `rulings.decided_with`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.deciding.rulings import Reach, decided_with, seen_with
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class Foresight:
    """`same_file` other cases would be decided along, `same_picture` more where the person says so.

    `sites` are those on which a released file would pass, in order. `confirm_said_by` have said that the file
    is what the list says, where that takes two persons. `marks` are of what either would decide: `Seen.mark`.
    """

    same_file: int = 0
    same_picture: int = 0
    sites: tuple[str, ...] = ()
    confirm_said_by: tuple[str, ...] = ()
    marks: Mapping[Reach, str] = field(default_factory=dict, compare=False)


def foresee(database: Database, number: str) -> Foresight:
    """Raises `UsageError` where there is no such case, and `StorageFailed`."""
    with database.session() as session:
        case = found_case(session, number)
        seen = {reach: seen_with(session, case, reach) for reach in Reach}
        sites = session.scalars(select(Case.site).where(decided_with(case, Reach.FILE)).distinct())
        mine = (Case.group_id == case.group_id) & (Case.sha256 == case.sha256)
        said = session.scalars(select(Case.confirm_by).where(mine, Case.confirm_by.is_not(None)).distinct())
        return Foresight(
            same_file=seen[Reach.FILE].count - 1,
            same_picture=seen[Reach.PICTURE].count - seen[Reach.FILE].count,
            sites=tuple(sorted({case.site, *sites})),
            confirm_said_by=tuple(sorted(person for person in said if person)),
            marks={reach: one.mark for reach, one in seen.items()},
        )
