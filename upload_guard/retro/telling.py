"""Tells the site, by its own function, of uploads that had passed and are on a list now: until it listens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from upload_guard.late.entries import RETRO_ROUTE, LateMatch
from upload_guard.moments import utc_now
from upload_guard.retro.log import PassedReader
from upload_guard.retro.places import UploadPlaces
from upload_guard.storage.database import Database
from upload_guard.storage.retro_tables import RetroMatch

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
# With pauses that double up to an hour, about two days: as late checks do.
_MOST_TELLINGS = 60
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Telling:
    """`tell` may raise anything, and is called again then."""

    database: Database
    reader: PassedReader
    places: UploadPlaces
    tell: Callable[[LateMatch], object]
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> None:
        """Tell what is due. Raises `SealBroken` and `StorageFailed`."""
        due = select(RetroMatch).where(
            RetroMatch.told_at.is_(None),
            RetroMatch.next_at <= self.now(),
            RetroMatch.attempts < _MOST_TELLINGS,
        )
        with self.database.session() as session:
            rows = session.scalars(due.order_by(RetroMatch.id).limit(_AT_ONCE)).all()
        for row in rows:
            self._tell(row)

    def _tell(self, row: RetroMatch) -> None:
        match = self._match(row)
        if match is None:
            # Forgotten meanwhile, as the settings have it: the case is there.
            self._note(row, told_at=self.now())
            return
        try:
            self.tell(match)
        except Exception as fault:  # noqa: BLE001 - the site's own code
            log.warning("ALARM: on_late_match failed for case %s: %s", row.case_number, type(fault).__name__)
            pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 16), _LONGEST_PAUSE)
            self._note(row, attempts=row.attempts + 1, next_at=self.now() + pause)
        else:
            self._note(row, told_at=self.now())

    def _match(self, row: RetroMatch) -> LateMatch | None:
        passed = self.reader.one(row.passed_id)
        if passed is None:
            return None
        return LateMatch(
            case=row.case_number,
            site=passed.site,
            route=RETRO_ROUTE + passed.route,
            file_name=passed.file_name,
            # Nobody here can read it.
            sha256="",
            when=passed.at,
            result=row.result,
            upload_id=passed.upload_id,
            places=self.places.of(passed.site, passed.upload_id),
        )

    def _note(self, row: RetroMatch, **changed: object) -> None:
        with self.database.session() as session:
            session.execute(update(RetroMatch).where(RetroMatch.id == row.id).values(changed))
