"""The rows of places: how each is noted, found, moved from state to state and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.holdings.holdings import UNKNOWN, Leftover
from upload_guard.storage.database import row_of
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.placement_tables import REMOVABLE, RESTORABLE, PlacedFile, PlaceState
from upload_guard.storage.tables import Case

SHOWN = 255
"""As much of a locator or a fault as rows and the audit log have."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One place of a case's file, as a person sees it. `fault` is why the last attempt came to nothing."""

    id: int
    case: str
    site: str
    locator: str
    state: PlaceState
    noted_at: datetime
    removed_at: datetime | None
    removed_by: str
    restored_at: datetime | None
    restored_by: str
    fault: str

    @property
    def removable(self) -> bool:
        return self.state in REMOVABLE

    @property
    def restorable(self) -> bool:
        return self.state in RESTORABLE


def note_place(session: Session, case: Case, locator: str, person: str, leftover: Leftover = UNKNOWN) -> int:
    """The file of a case lies there too: with the caller's transaction, under the lock that its row takes.

    `leftover` is what was said of it, where somebody has just looked.
    """
    known = select(PlacedFile).where(PlacedFile.case_number == case.number, PlacedFile.locator == locator)
    row = session.scalar(known)
    if row is None:
        row = PlacedFile(
            case_number=case.number,
            site=case.site,
            locator=locator,
            sha256=case.sha256,
            state=PlaceState.NOTED,
            noted_at=datetime.now(UTC),
            noted_by=person[:64],
            leftover=dict(leftover),
        )
        session.add(row)
        session.flush()
        note_act(session, Act(person, "file.placed", case.number, said_of(row)))
    return row.id


def said_of(row: PlacedFile) -> Mapping[str, str | int]:
    return {"place": row.id, "locator": row.locator[:SHOWN]}


def found_place(session: Session, place: int) -> PlacedFile:
    row = row_of(session, PlacedFile, place)
    if row is None:
        raise UsageError(f"there is no place {place}: 'upload-guard removals list' names them")
    return row


def move(session: Session, row: PlacedFile, state: PlaceState, **changed: object) -> bool:
    """From the state that was read to `state`; False where somebody was faster."""
    mine = (PlacedFile.id == row.id) & (PlacedFile.state == row.state)
    moved = session.execute(update(PlacedFile).where(mine).values(state=state, **changed))
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    row.state = state
    for name, value in changed.items():
        setattr(row, name, value)
    return True


def placed(row: PlacedFile) -> Placed:
    return Placed(
        id=row.id,
        case=row.case_number,
        site=row.site,
        locator=row.locator,
        state=PlaceState(row.state),
        noted_at=row.noted_at,
        removed_at=row.removed_at,
        removed_by=row.removed_by,
        restored_at=row.restored_at,
        restored_by=row.restored_by,
        fault=row.fault,
    )
