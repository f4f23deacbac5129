"""Repeats of one picture are one group, which the first of them leads.

By the file's digest, or by its look where it surely holds one picture: see `looks`. A case joins when it is
made and stays, so that no decision on a group changes what it holds. It changes no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from upload_guard.quarantine.pictures.looks import Looks, Picture
from upload_guard.storage.group_tables import CaseGroup
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class Grouping:
    """`looks` are remembered by a process."""

    looks: Looks = field(default_factory=Looks)

    def join(self, session: Session, case: Case, picture: Picture | None) -> None:
        """Give a case that was just written its group, a new one where it is the first of its picture."""
        same = select(Case.group_id).where(Case.sha256 == case.sha256, Case.id != case.id)
        group = session.scalar(same.limit(1))
        if group is None and picture is not None:
            group = self.looks.nearest(session, picture)
        if group is None:
            row = CaseGroup(look=picture.look if picture else None)
            session.add(row)
            session.flush()
            group = row.id
        case.group_id = group

    def leave(self, session: Session, group: int) -> None:
        """Remove the group if nothing is in it any more."""
        members = select(Case.id).where(Case.group_id == group)
        session.execute(delete(CaseGroup).where(CaseGroup.id == group, ~members.exists()))
