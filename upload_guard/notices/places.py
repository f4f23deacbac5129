"""What the rows of cases' files say of a place that a notice leads to."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.storage.placement_tables import PlacedFile, PlaceState
from upload_guard.storage.tables import Case

# A file on which somebody decided otherwise gets a new case: a new notice may have new reasons.
_STANDING = frozenset({*UNDECIDED, CaseState.CONFIRMED, CaseState.ESCALATED})


def case_that_has(session: Session, locator: str, sha256: bytes) -> str:
    """The number of the newest case that stands and has this very file; empty where none has."""
    found = (
        select(Case.number)
        .join(PlacedFile, PlacedFile.case_number == Case.number)
        .where(
            PlacedFile.locator == locator,
            PlacedFile.sha256 == sha256,
            Case.state.in_(_STANDING),
        )
        .order_by(Case.id.desc())
    )
    return session.scalar(found.limit(1)) or ""


def taken_from(session: Session, locators: Collection[str]) -> PlacedFile | None:
    """The file that was, or is being, taken away from one of these places last, if its case stands."""
    away = PlacedFile.removed_at.is_not(None) | (PlacedFile.state == PlaceState.REMOVING)
    found = (
        select(PlacedFile)
        .join(Case, Case.number == PlacedFile.case_number)
        .where(PlacedFile.locator.in_(locators), away, Case.state.in_(_STANDING))
        .order_by(PlacedFile.removed_at.desc())
    )
    return session.scalar(found.limit(1))
