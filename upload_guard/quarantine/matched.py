"""What holds a case, in columns and rows that the queue can filter by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from upload_guard.quarantine.custody.retention import category_of
from upload_guard.quarantine.rows import match_row
from upload_guard.records import Match
from upload_guard.storage.group_tables import CaseEntry, HeldEntry
from upload_guard.storage.tables import Case

_MOST_ENTRIES = 32
"""So many of the strongest matches are found by their entry: an upload must not write thousands of rows."""


def describe(case: Case, matches: Sequence[Match]) -> None:
    """`matches`, strongest first, are what holds the case now."""
    case.matches = [match_row(match) for match in matches]
    case.list_name = matches[0].list_name[:64] if matches else ""
    case.category = category_of(case.matches)[:64]


def forget_entries(session: Session, case: Case) -> None:
    """Have a case found by no entry."""
    session.execute(delete(CaseEntry).where(CaseEntry.case_id == case.id))


def note_entries(session: Session, case: Case, matches: Sequence[Match]) -> None:
    """Have a stored case found by the entries of `matches`."""
    named = dict.fromkeys((one.list_name, one.signal_type, one.value) for one in matches if one.value)
    for list_name, kind, value in list(named)[:_MOST_ENTRIES]:
        entry = session.scalar(
            select(HeldEntry.id).where(
                HeldEntry.list_name == list_name,
                HeldEntry.signal_type == kind.value,
                HeldEntry.value == value,
            )
        )
        if entry is None:
            row = HeldEntry(list_name=list_name, signal_type=kind.value, value=value)
            session.add(row)
            session.flush()
            entry = row.id
        session.add(CaseEntry(entry_id=entry, case_id=case.id))
