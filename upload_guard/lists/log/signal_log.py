"""The signal log: what was found in every upload that was judged here, for lists that are still to come.

An upload does not wait for the disk: its row is written a second or two later, together with those of others.
A process that ends loses what is not written yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from upload_guard.keyring import Keyring
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.lists.log.logged import Logged, LogSeal
from upload_guard.lists.log.waiting import WaitingRows
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.storage.database import Database
from upload_guard.storage.purging import purge_by_portions
from upload_guard.storage.signal_tables import LoggedUpload

_AT_ONCE = 500


class SignalLog:
    """Writes the log: an `Observer` of the guard. Safe for threads."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._seal = LogSeal(keyring)
        self._waiting: WaitingRows[LoggedUpload] = WaitingRows(database, "the signal log")
        self.flush = self._waiting.flush

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        """Have it written soon. Raises `StorageFailed` where so much waits that it is left out."""
        row = self._seal.row(datetime.now(UTC), upload.source.site, outcome.verdict, findings)
        self._waiting.add(row, len(row.sealed))


def purge(database: Database, days: int, now: datetime) -> int:
    """Remove what is older than `days` (0: everything); how many rows. Raises `StorageFailed`."""
    old = LoggedUpload.at <= now - timedelta(days=days)
    return purge_by_portions(database, LoggedUpload.id, old)


class LogReader:
    """Reads the uploads of the log from `since` on. Reading raises `SealBroken` and `StorageFailed`."""

    def __init__(self, database: Database, keyring: Keyring, since: datetime) -> None:
        self._database = database
        self._seal = LogSeal(keyring)
        self._since = since
        with database.session() as session:
            newest = session.scalar(select(func.max(LoggedUpload.id)))
            self._newest = newest or 0
            self.count = session.scalar(self._of(select(func.count(LoggedUpload.id)))) or 0

    @property
    def digest_key(self) -> DigestKey:
        """The key of their digests."""
        return self._seal.digest_key

    def uploads(self) -> Iterator[Logged]:
        """Those that were there when this reader was made, oldest first; as often as wanted."""
        last = 0
        # By portions: a long read would keep the database from tidying up what others write meanwhile.
        while True:
            page = self._of(select(LoggedUpload)).where(LoggedUpload.id > last)
            with self._database.session() as session:
                rows = session.scalars(page.order_by(LoggedUpload.id).limit(_AT_ONCE)).all()
            if not rows:
                return
            yield from map(self._seal.logged, rows)
            last = rows[-1].id

    def _of(self, query: Select[tuple[Any]]) -> Select[tuple[Any]]:
        return query.where(LoggedUpload.at >= self._since, LoggedUpload.id <= self._newest)
