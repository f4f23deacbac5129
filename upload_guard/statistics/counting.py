"""Counts uploads by day, site and what came of them, as they are checked.

An upload does not wait for the disk: counts are written some seconds later, several at once, and added to
those of other processes and machines. A process that is killed loses what it has not written yet.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.dialects.sqlite import insert

from upload_guard.errors import StorageFailed
from upload_guard.forks import forget_in_children
from upload_guard.records import Findings, Outcome, Result, Upload
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import UploadStatistic

FLUSH_EVERY = 5.0
"""Seconds between writings, and so what a killed process loses at most."""
_MOST_WAITING = 10_000
_SAYS_WHY = frozenset({Result.UNSCANNABLE, Result.UNCHECKED})


@dataclass(frozen=True, slots=True)
class _Kind:
    day: date
    site: str
    result: str
    action: str
    reason: str


class UploadCounter:
    """Told of every upload, as `guard.Observer`. One a process; safe for threads and forks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begin()
        forget_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: Counter[_Kind] = Counter()

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:  # noqa: ARG002 - as observers are
        """Count it. Raises `StorageFailed` where so much waits that it is left out."""
        verdict = outcome.verdict
        kind = _Kind(
            day=datetime.now(UTC).date(),
            site=upload.source.site[:64],
            result=verdict.result.value,
            action=verdict.action.label,
            reason=verdict.reason[:64] if verdict.result in _SAYS_WHY else "",
        )
        with self._lock:
            if kind not in self._waiting and len(self._waiting) >= _MOST_WAITING:
                raise StorageFailed("the statistics are not written as fast as uploads come")
            self._waiting[kind] += 1

    def flush(self) -> None:
        """Write what came; to be called every `FLUSH_EVERY` seconds.

        Raises `StorageFailed`, and then it goes on waiting.
        """
        with self._writing:
            with self._lock:
                counted, self._waiting = self._waiting, Counter()
            if not counted:
                return
            try:
                self._write(counted)
            except BaseException:
                with self._lock:
                    self._waiting.update(counted)
                raise

    def forget(self) -> None:
        """In a forked child: what waits is the parent's to write; begin anew."""
        self._begin()

    def _write(self, counted: Counter[_Kind]) -> None:
        added = insert(UploadStatistic)
        upsert = added.on_conflict_do_update(
            index_elements=["day", "site", "result", "action", "reason"],
            set_={"uploads": UploadStatistic.uploads + added.excluded.uploads},
        )
        with self._database.session() as session:
            session.execute(upsert, [_row(kind, uploads) for kind, uploads in counted.items()])


def _row(kind: _Kind, uploads: int) -> dict[str, object]:
    return {
        "day": kind.day,
        "site": kind.site,
        "result": kind.result,
        "action": kind.action,
        "reason": kind.reason,
        "uploads": uploads,
    }
