"""Cases and decisions of long ago, as rows: nothing else makes them old."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime

from upload_guard.quarantine.keeper import new_case_number
from upload_guard.quarantine.rows import match_row
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Match, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case, Decision

_values = itertools.count()


def match_on(list_name: str, since: datetime, **differing: object) -> Match:
    """An exact match on a list."""
    values: dict[str, object] = {
        "signal_type": SignalType.SHA256,
        "view": "",
        "distance": 0,
        "limit": 0,
        "list_name": list_name,
        "version": 1,
        "origin": "test-origin",
        "category": "baseline",
        "entry": 1,
        "since": since,
        "value": next(_values).to_bytes(32, "big"),
    }
    return Match(**values | differing)  # type: ignore[arg-type]


def add_case(
    database: Database,
    came: datetime,
    lists: Iterable[str] = ("icse",),
    state: CaseState = CaseState.OPEN,
    site: str = "blog",
    matches: tuple[Match, ...] = (),
) -> str:
    """A case that came in then, held by exact matches on `lists` and by `matches`; its number."""
    number = new_case_number()
    held = (*(match_on(name, came) for name in lists), *matches)
    with database.session() as session:
        session.add(
            Case(
                number=number,
                state=state,
                created_at=came,
                site=site,
                route="/up",
                result="match",
                action="block",
                reason="exact",
                media_type="image/png",
                size=1,
                md5=bytes(16),
                sha1=bytes(20),
                sha256=next(_values).to_bytes(32, "big"),
                vault_name=number,
                matches=[match_row(match) for match in held],
                signals=[],
                unscannable="",
                unreadable="",
                degraded=[],
                under="",
                lowered=False,
                upload_id=number,
            )
        )
    return number


def decide(
    database: Database, number: str, decision: str, at: datetime, state: CaseState, person: str = "ann"
) -> None:
    """A decision of then, as `Decisions` would have written it down."""
    with database.session() as session:
        case = session.query(Case).filter_by(number=number).one()
        case.state = state
        session.add(
            Decision(case_id=case.id, decision=decision, made_at=at, made_by=person, because="a test")
        )
