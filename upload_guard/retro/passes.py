"""Goes through all that passed, once for every state of the lists, and opens cases of what they know by now.

A pass is a row: a process that is killed half way leaves how far it came, and the next one goes on from
there. What is done twice ends in one case. Uploads that come while a pass runs were held against the new
lists when they came, or are gone through too, since a pass ends where there is nothing more, some time after
it began.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from upload_guard.checkers.local import LocalChecker
from upload_guard.lists.log.keyed import Recognizer
from upload_guard.lists.log.logged import sha256_of
from upload_guard.lists.store import ListStore
from upload_guard.matching.snapshot import Snapshot
from upload_guard.moments import utc_now
from upload_guard.policy import Policy, judge
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Result, SignalType
from upload_guard.retro.log import PassedReader
from upload_guard.retro.opening import LateHit, Opening
from upload_guard.retro.passed import Passed
from upload_guard.retro.seeking import FIRST_PAUSE
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.retro_tables import RetroMatch, RetroPass
from upload_guard.storage.tables import Case

log = logging.getLogger(__name__)

SETTLES_AFTER = timedelta(seconds=90)
"""Within so long after a check by the old lists it is written down, and each process has the new ones."""


@dataclass(frozen=True, slots=True)
class Passes:
    """`checker` is that of the settings; `policy` says what is refused by now."""

    database: Database
    reader: PassedReader
    lists: ListStore
    checker: LocalChecker
    policy: Policy
    opening: Opening
    settles_after: timedelta = SETTLES_AFTER
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> None:
        """Go on with the pass that the lists ask for, if any. May be killed at any point and run again.

        Raises `ListError`, `NotReady` and `StorageFailed`.
        """
        snapshot = self.checker.snapshot()
        if snapshot.generation != self.lists.generation():
            # What is in force here is not the newest yet.
            return
        going = self._begun(snapshot.generation)
        if going is None:
            return
        if (after := self._gone_through(going, snapshot)) is not None:
            self._end(going, after)

    def _begun(self, generation: str) -> RetroPass | None:
        """The pass of these lists; None where it is done. One of lists that act no more is left as it is."""
        with self.database.session() as session:
            newest = session.scalar(select(RetroPass).order_by(RetroPass.id.desc()).limit(1))
            if newest is None or newest.generation != generation:
                newest = RetroPass(
                    generation=generation, started_at=self.now(), last_id=0, uploads=0, matches=0
                )
                session.add(newest)
            return newest if newest.done_at is None else None

    def _gone_through(self, going: RetroPass, snapshot: Snapshot) -> int | None:
        """The last upload that was looked at; None where other lists act meanwhile."""
        after = going.last_id
        if not self.reader.any_after(after):
            return after
        recognizer = self._recognizer(after, snapshot)
        if recognizer is None:
            return None
        checker = self.checker.as_of_now(snapshot)
        for page in self.reader.pages(after):
            if self.lists.generation() != going.generation:
                return None
            hits = [hit for one in page.uploads if (hit := self._hit(one, recognizer, checker)) is not None]
            for hit in hits:
                self._found(hit)
            after = page.last_id
            self._note_progress(going, after, len(page.uploads), len(hits))
        return after

    def _recognizer(self, after: int, snapshot: Snapshot) -> Recognizer | None:
        """Of the digests in what is left; None where rows and snapshot are not of one moment."""
        order = self.lists.order()
        if order.generation != snapshot.generation:
            return None
        asked = (
            signal.value
            for page in self.reader.pages(after)
            for one in page.uploads
            for signal in one.signals
            if signal.type.exact
        )
        recognizer = Recognizer(self.reader.digest_key, asked)
        for _ in recognizer.watching(order.entries()):
            pass
        known_good = (pair for file in self.checker.bank().files for pair in file.digests)
        recognizer.meet(SignalType.SHA256, (value for kind, value in known_good if kind is SignalType.SHA256))
        recognizer.meet(SignalType.SHA256, (sha256 for sha256, _ in self.checker.opinions().exempted))
        return recognizer

    def _hit(self, passed: Passed, recognizer: Recognizer, checker: LocalChecker) -> LateHit | None:
        signals = tuple(map(recognizer.plain, passed.signals))
        findings = checker.compare(signals, sha256_of(signals), passed.site)
        verdict = judge(findings, self.policy, self.now())
        # What could not be read then is no news now.
        if not verdict.action.refuses or verdict.result not in {Result.MATCH, Result.NEAR}:
            return None
        return LateHit(passed, signals, findings, verdict)

    def _found(self, hit: LateHit) -> None:
        """Its case, and that its site has to be told."""
        passed = hit.passed
        before, stands = self._before(passed)
        if stands:
            return
        opened = self.opening.open(hit, before)
        number = opened.case
        log.warning("ALARM: an upload that had passed is listed now: case %s, site %s", number, passed.site)
        with self.database.session() as session:
            session.add(
                RetroMatch(
                    passed_id=passed.id,
                    case_number=number,
                    result=hit.verdict.result.value,
                    found_at=self.now(),
                    next_at=self.now(),
                    seek_at=self.now() + FIRST_PAUSE if opened.awaited else None,
                )
            )
            details = {"upload": passed.upload_id, "result": hit.verdict.result.value}
            # Two uploads that went to one place share a case, and each may have gone elsewhere besides.
            once = f"found late {number} {passed.upload_id}"
            note_event(session, Event(EventKind.FOUND_LATE, number, passed.site, details, once=once))

    def _before(self, passed: Passed) -> tuple[str, bool]:
        """The newest case of this upload, and whether it stands: one that was released does not."""
        newest = (
            select(Case.number, Case.state)
            .join(RetroMatch, RetroMatch.case_number == Case.number)
            .where(RetroMatch.passed_id == passed.id)
            .order_by(RetroMatch.id.desc())
            .limit(1)
        )
        with self.database.session() as session:
            row = session.execute(newest).one_or_none()
        return ("", False) if row is None else (row.number, row.state != CaseState.RELEASED)

    def _note_progress(self, going: RetroPass, after: int, uploads: int, hits: int) -> None:
        changed = {
            "last_id": after,
            "uploads": RetroPass.uploads + uploads,
            "matches": RetroPass.matches + hits,
        }
        with self.database.session() as session:
            session.execute(update(RetroPass).where(RetroPass.id == going.id).values(changed))

    def _end(self, going: RetroPass, after: int) -> None:
        if self.now() < going.started_at + self.settles_after:
            return
        with self.database.session() as session:
            mine = RetroPass.id == going.id, RetroPass.last_id == after
            session.execute(update(RetroPass).where(*mine).values(done_at=self.now()))
