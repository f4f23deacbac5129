"""Spreads what `furnish` has made in some seconds over the last weeks, which no function of ours can do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from upload_guard.records import Action, Result
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import UploadStatistic
from upload_guard.storage.tables import Case, Decision, ListActivation, ListVersion

_DAYS = 28
_EVERY_DAY = {
    (Result.CLEAN, Action.ALLOW, ""): 900,
    (Result.DISPUTED, Action.MONITOR, ""): 3,
    (Result.UNSCANNABLE, Action.QUARANTINE, "encrypted"): 2,
}


def spread(database: Database) -> None:
    """The last case came an hour ago, each before it some hours earlier, under lists that acted before."""
    now = datetime.now(UTC)
    with database.session() as session:
        cases = session.scalars(select(Case).order_by(Case.id.desc())).all()
        for back, case in enumerate(cases):
            case.created_at = now - timedelta(hours=1 + 7 * back)
            for decision in session.scalars(select(Decision).where(Decision.case_id == case.id)):
                decision.made_at = case.created_at + timedelta(minutes=40 + 20 * back)
        # Old enough for the server to ask the gate about a version that waits.
        for version in session.scalars(select(ListVersion)):
            version.imported_at = now - timedelta(days=_DAYS if version.number == 1 else 1)
        for activation in session.scalars(select(ListActivation)):
            activation.activated_at = now - timedelta(days=_DAYS)
    with database.session() as session:
        for back in range(_DAYS):
            day = (now - timedelta(days=back)).date()
            # Fewer at weekends.
            share = 0.4 if day.weekday() >= 5 else 1 - 0.02 * (back % 7)
            for (result, action, reason), uploads in _EVERY_DAY.items():
                for sites, site in enumerate(("blog", "shop", "forum"), start=1):
                    counted = round(uploads * share / sites)
                    session.add(
                        UploadStatistic(
                            day=day,
                            site=site,
                            result=result,
                            action=action.label,
                            reason=reason,
                            uploads=counted,
                        )
                    )
