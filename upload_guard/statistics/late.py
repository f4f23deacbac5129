"""Files that had passed before they were found on a list: what their sites say they did with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.statistics.period import Period
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case

STILL_THERE = (LateAction.FAILED, LateAction.KEPT)
"""Where visitors may still see the file."""
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class StillThere:
    """A file that its site did not take away. `reference` is the site's own name for it, if it gave one."""

    case: str
    site: str
    action: LateAction
    reference: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class LateFiles:
    """What sites told in a period, and the newest of the files that were not taken away, at most 50."""

    told: Mapping[LateAction, int]
    still_there: tuple[StillThere, ...]


def late_files(database: Database, period: Period) -> LateFiles:
    """Raises `StorageFailed`."""
    of_site = (Case.site == period.site,) if period.site else ()
    when = LateOutcome.told_at >= period.begin, LateOutcome.told_at < period.end
    same = Case.number == LateOutcome.case_number
    with database.session() as session:
        counted = (
            select(LateOutcome.outcome, func.count())
            .join(Case, same, isouter=not period.site)
            .where(*when, *of_site)
            .group_by(LateOutcome.outcome)
        )
        told = {LateAction(outcome): count for outcome, count in session.execute(counted)}
        newest = (
            select(LateOutcome, Case.site)
            .join(Case, same, isouter=not period.site)
            .where(*when, *of_site, LateOutcome.outcome.in_(STILL_THERE))
            .order_by(LateOutcome.told_at.desc(), LateOutcome.id.desc())
            .limit(_SHOWN)
        )
        rows = session.execute(newest).all()
    return LateFiles(
        {action: told.get(action, 0) for action in LateAction},
        tuple(
            StillThere(row.case_number, site or "", LateAction(row.outcome), row.reference, row.told_at)
            for row, site in rows
        ),
    )
