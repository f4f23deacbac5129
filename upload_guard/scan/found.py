"""What was found in a file, as a row: which entries, and never a hash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.guard import Judged
from upload_guard.records import Match, Result, Verdict
from upload_guard.scan.records import Column, Item, Looked
from upload_guard.storage.scan_tables import ScannedFile

_MOST_MATCHES = 10
_COLUMNS = {
    Result.CLEAN: Column.CLEAN,
    Result.DISPUTED: Column.EXCUSED,
    Result.UNSCANNABLE: Column.UNREAD,
    Result.UNCHECKED: Column.UNCHECKED,
}


def looked_at(item: Item, judged: Judged) -> Looked:
    """What a verdict makes of a file that is there already."""
    verdict = judged.verdict
    return Looked(
        item,
        _column(verdict),
        verdict.action.label,
        verdict.reason[:255],
        tuple(map(_told, verdict.matches[:_MOST_MATCHES])),
    )


def _column(verdict: Verdict) -> Column:
    if verdict.result in _COLUMNS:
        return _COLUMNS[verdict.result]
    return Column.LISTED if verdict.action.refuses else Column.NOTED


def _told(match: Match) -> Mapping[str, Any]:
    return {
        "list": match.list_name,
        "version": match.version,
        "category": match.category,
        "entry": match.entry,
        "signal_type": match.signal_type.value,
        "view": match.view,
        "distance": match.distance,
        "limit": match.limit,
    }


def note(session: Session, scan_id: int, chunk: int | None, looked: Looked) -> None:
    """Write the row, in place of an earlier one of the same file in this scan."""
    ours = ScannedFile.scan_id == scan_id, ScannedFile.locator == looked.item.locator
    row = session.scalar(select(ScannedFile).where(*ours))
    if row is None:
        row = ScannedFile(scan_id=scan_id, locator=looked.item.locator)
        session.add(row)
    row.chunk_id = chunk
    row.size = looked.item.size
    row.found, row.action, row.reason = looked.column, looked.action, looked.reason
    row.matches = [dict(one) for one in looked.matches]
    row.case_number, row.fault = looked.case, looked.fault
    row.found_at = datetime.now(UTC)
    session.flush()


def looked_of(row: ScannedFile) -> Looked:
    """What was noted."""
    return Looked(
        Item(row.locator, row.size),
        Column(row.found),
        row.action,
        row.reason,
        tuple(row.matches),
        row.case_number,
        row.fault,
    )
