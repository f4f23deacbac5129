"""Which lists held each case when it came in: kept apart, since a case's own row tells what holds it now."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from upload_guard.quarantine.rows import match_of
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import CaseList
from upload_guard.storage.tables import Case

NO_LIST = ""
"""Each case that was looked at has this one, so that it is looked at once."""
_AT_ONCE = 200


def note_lists(database: Database) -> int:
    """Look at the cases that have come since the last time; how many. Raises `StorageFailed`.

    To be called every few seconds: what lists hold a case may change as lists do.
    """
    looked = 0
    while True:
        with database.session() as session:
            cases = _new(session)
            session.add_all(row for case in cases for row in _rows(case))
        looked += len(cases)
        if len(cases) < _AT_ONCE:
            return looked


def _new(session: Session) -> list[Case]:
    last = session.scalar(select(func.max(CaseList.case_id))) or 0
    return list(session.scalars(select(Case).where(Case.id > last).order_by(Case.id).limit(_AT_ONCE)))


def _rows(case: Case) -> Iterator[CaseList]:
    yield CaseList(case_id=case.id, list_name=NO_LIST)
    matches = (match_of(stored) for stored in case.matches)
    for name in sorted({match.list_name for match in matches if not match.excused}):
        yield CaseList(case_id=case.id, list_name=name)
