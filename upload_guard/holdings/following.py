"""What follows from a decision for files of sites: a confirmed case's are removed, a released one's put back.

What a crash or a fault left in between is carried out, and what comes to nothing tried again after a pause.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from upload_guard.errors import AuditBroken, UploadGuardError
from upload_guard.holdings.placements import Placements
from upload_guard.moments import utc_now
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.placement_tables import IN_BETWEEN, PlacedFile, PlaceState
from upload_guard.storage.tables import Case

log = logging.getLogger(__name__)

BY_DECISION = "decision"
"""Who removes and puts back what a person has decided on, in rows and the audit log."""
_IN_PLACE = frozenset({PlaceState.NOTED, PlaceState.RESTORED})


@dataclass(frozen=True, slots=True)
class Followed:
    """How many places were acted upon, and how many that came to nothing."""

    done: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Following:
    """A job over `placements`; `now` is when it runs."""

    placements: Placements
    now: Callable[[], datetime] = utc_now

    def run(self) -> Followed:
        """Raises `StorageFailed`, and `AuditBroken` before anything is done."""
        removable = PlacedFile.state.in_(_IN_PLACE) & (Case.state == CaseState.CONFIRMED)
        restorable = (PlacedFile.state == PlaceState.REMOVED) & (Case.state == CaseState.RELEASED)
        acts = (
            (PlacedFile.state.in_(IN_BETWEEN), self.placements.settle),
            (restorable, lambda place: self.placements.restore(place, BY_DECISION)),
            # Last, so that what was still on its way back when somebody confirmed it does not stay.
            (removable, lambda place: self.placements.remove(place, BY_DECISION)),
        )
        went_well = [_goes_well(act, place) for which, act in acts for place in self._due(which)]
        return Followed(sum(went_well), len(went_well) - sum(went_well))

    def _due(self, which: ColumnElement[bool]) -> Iterable[int]:
        waits = or_(PlacedFile.retry_at.is_(None), PlacedFile.retry_at <= self.now())
        due = (
            select(PlacedFile.id)
            .join(Case, Case.number == PlacedFile.case_number)
            .where(which, waits)
            .order_by(PlacedFile.id)
        )
        with self.placements.database.session() as session:
            return session.scalars(due).all()


def _goes_well(act: Callable[[int], None], place: int) -> bool:
    """One place that fails must not keep the others waiting; its row says why, and when it is tried again."""
    try:
        act(place)
    except AuditBroken:
        raise
    except UploadGuardError:
        return False
    except Exception:
        log.exception("ALARM: place %d failed, by an error of our own", place)
        return False
    return True
