"""What the rows of cases' files say of a place that a notice leads to."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.holdings.again import lacks_bytes
from upload_guard.quarantine.custody.retention import Retention
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.storage.placement_tables import PlacedFile, PlaceState
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject

# A file on which somebody decided otherwise gets a new case: a new notice may have new reasons.
_STANDING = frozenset({*UNDECIDED, CaseState.CONFIRMED, CaseState.ESCALATED})


def case_that_has(session: Session, locator: str, sha256: bytes, retention: Retention) -> str:
    """The number of the newest case that stands and has this very file, with its bytes; empty where none has.

    What is never kept, by `retention`, no new case would have either.
    """
    found = (
        select(Case, VaultObject.kept)
        .join(PlacedFile, PlacedFile.case_number == Case.number)
        .join(VaultObject, VaultObject.name == Case.vault_name)
        .where(
            PlacedFile.locator == locator,
            PlacedFile.sha256 == sha256,
            Case.state.in_(_STANDING),
        )
        .order_by(Case.id.desc())
    )
    having = (case.number for case, kept in session.execute(found) if not lacks_bytes(case, kept, retention))
    return next(having, "")


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
