"""Goes back for the bytes of uploads that had passed, where their place was out of reach.

The case that was opened without them stays as it is: the file gets another one, as any file that is found
again does. Tried after a minute, then each time when twice as long has gone by, at most an hour apart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from upload_guard.errors import AuditBroken, StorageFailed
from upload_guard.holdings.again import lacks_bytes
from upload_guard.moments import utc_now
from upload_guard.quarantine.cases import found_case, stored_signals
from upload_guard.quarantine.rows import SHA256_UNKNOWN, match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Action, Findings, Result, Verdict
from upload_guard.retro.log import PassedReader
from upload_guard.retro.opening import LateHit, Opening
from upload_guard.retro.passed import Passed
from upload_guard.storage.database import Database
from upload_guard.storage.retro_tables import RetroMatch
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject

log = logging.getLogger(__name__)

SOUGHT_FOR = timedelta(days=7)
FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_AT_ONCE = 100
_DECIDED_OTHERWISE = frozenset({CaseState.RELEASED, CaseState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Seeking:
    """By the same `opening` that did without them."""

    database: Database
    reader: PassedReader
    opening: Opening
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> None:
        """Look for what is due. Raises `StorageFailed` if rows cannot be written, and `AuditBroken`."""
        due = select(RetroMatch).where(RetroMatch.seek_at <= self.now()).order_by(RetroMatch.seek_at)
        with self.database.session() as session:
            rows = session.scalars(due.limit(_AT_ONCE)).all()
        for row in rows:
            self._note(row, self._looked(row))

    def _looked(self, row: RetroMatch) -> datetime | None:
        """When to look again, if ever. One that fails must not keep the others waiting."""
        try:
            return self._next(row) if self._seek(row) else None
        except AuditBroken:
            raise
        except StorageFailed as fault:
            log.warning("case %s: its file could not be looked for: %s", row.case_number, fault)
            return self._after_pause(row)
        except Exception:
            log.exception("ALARM: case %s: its file was not looked for", row.case_number)
            return self._next(row)

    def _seek(self, row: RetroMatch) -> bool:
        """Whether to look again later."""
        hit = self._hit(row)
        if hit is None:
            return False
        sought = self.opening.seek(hit)
        if sought.case:
            log.warning(
                "a file that had passed is in reach again: case %s has its bytes, where case %s has none",
                sought.case,
                row.case_number,
            )
        return not sought.case and sought.awaited

    def _hit(self, row: RetroMatch) -> LateHit | None:
        """What was found then; None where nobody needs its bytes any more, or it is forgotten."""
        passed = self.reader.one(row.passed_id)
        with self.database.session() as session:
            case = found_case(session, row.case_number)
            held = session.get_one(VaultObject, case.vault_name)
            lacks = lacks_bytes(case, held.kept, self.opening.acting.keeper.retention)
        needed = lacks and case.state not in _DECIDED_OTHERWISE
        return _hit_of(passed, case) if passed and needed else None

    def _next(self, row: RetroMatch) -> datetime | None:
        if self.now() - row.found_at >= SOUGHT_FOR:
            log.warning("ALARM: case %s: its file was out of reach for too long", row.case_number)
            return None
        return self._after_pause(row)

    def _after_pause(self, row: RetroMatch) -> datetime:
        return self.now() + min(max(self.now() - row.found_at, FIRST_PAUSE), _LONGEST_PAUSE)

    def _note(self, row: RetroMatch, seek_at: datetime | None) -> None:
        with self.database.session() as session:
            session.execute(update(RetroMatch).where(RetroMatch.id == row.id).values(seek_at=seek_at))


def _hit_of(passed: Passed, case: Case) -> LateHit:
    matches = tuple(map(match_of, case.matches))
    degraded = tuple(one for one in case.degraded if one != SHA256_UNKNOWN)
    verdict = Verdict(Result(case.result), Action.from_label(case.action), case.reason, matches, degraded)
    signals = stored_signals(case)
    findings = Findings(signals, matches, case.unscannable, case.unreadable, "", degraded, under=case.under)
    return LateHit(passed, signals, findings, verdict)
