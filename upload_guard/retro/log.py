"""Remembers uploads that passed, for as long as the settings say."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select

from upload_guard.errors import SealBroken
from upload_guard.keyring import Keyring
from upload_guard.lists.log.waiting import WaitingRows
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.retro.passed import Passed, PassedSeal
from upload_guard.storage.database import Database, row_of
from upload_guard.storage.purging import purge_by_portions
from upload_guard.storage.retro_tables import PassedUpload, UploadPlace

log = logging.getLogger(__name__)

_AT_ONCE = 500


class PassedLog:
    """Writes down what passes: an `Observer` of the guard. Safe for threads and forks."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._seal = PassedSeal(keyring)
        self._waiting: WaitingRows[PassedUpload] = WaitingRows(database, "the log of uploads that passed")
        self.flush = self._waiting.flush

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        """Have it written soon. Raises `StorageFailed` where so much waits that it is left out.

        What nothing was found in has nothing to be recognized by; one that was never checked waits for its
        late check.
        """
        if outcome.verdict.action.refuses or findings.canary or not findings.signals:
            return
        row = self._seal.row(datetime.now(UTC), upload, findings)
        self._waiting.add(row, len(row.sealed))


def purge(database: Database, days: int, now: datetime) -> int:
    """Forget what is older than `days` (0: everything); how many uploads. Raises `StorageFailed`."""
    before = now - timedelta(days=days)
    with database.session() as session:
        session.execute(delete(UploadPlace).where(UploadPlace.told_at <= before))
    return purge_by_portions(database, PassedUpload.id, PassedUpload.at <= before)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what passed, up to the upload `last_id`."""

    uploads: tuple[Passed, ...]
    last_id: int


class PassedReader:
    """Reads what passed, oldest first. Reading raises `StorageFailed`."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._seal = PassedSeal(keyring)
        self.digest_key = self._seal.digest_key

    def any_after(self, after: int) -> bool:
        """Whether any came after the upload of that id."""
        with self._database.session() as session:
            newest = session.scalar(select(func.max(PassedUpload.id)))
        return (newest or 0) > after

    def pages(self, after: int) -> Iterator[Page]:
        """Those that came after the upload of that id, by portions. One that cannot be read is an alarm."""
        # A long read would keep the database from tidying up what others write meanwhile.
        while rows := self._rows(after):
            after = rows[-1].id
            yield Page(tuple(filter(None, map(self._passed, rows))), after)

    def one(self, number: int) -> Passed | None:
        """None where it is forgotten, or cannot be read any more."""
        with self._database.session() as session:
            row = row_of(session, PassedUpload, number)
        return self._passed(row) if row is not None else None

    def _rows(self, after: int) -> Sequence[PassedUpload]:
        rest = select(PassedUpload).where(PassedUpload.id > after).order_by(PassedUpload.id).limit(_AT_ONCE)
        with self._database.session() as session:
            return session.scalars(rest).all()

    def _passed(self, row: PassedUpload) -> Passed | None:
        try:
            return self._seal.passed(row)
        except SealBroken as fault:
            log.warning("ALARM: an upload that passed cannot be held against new lists: %s", fault)
            return None
