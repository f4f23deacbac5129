"""The flood breaker: counts what entries match, and lowers one that floods.

Lowered, an entry does at most quarantine; nothing here lowers it further. The rest is for a person to decide.
"""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from upload_guard.forks import forget_in_children, let_go_before_forks
from upload_guard.lists.breaker.flood import Flood, FloodLimits, flood_of, looks_compared, needed
from upload_guard.lists.breaker.hits import (
    Counted,
    EntryRow,
    HitKey,
    add_hits,
    add_uploads,
    hits_since,
    matched_since,
    uploads_since,
)
from upload_guard.lists.breaker.trips import is_lowered, lower
from upload_guard.matching.delta import ListedValue
from upload_guard.policy import Trust
from upload_guard.records import Findings, Match, Outcome, SignalType, Source, Standing, Upload
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryHit, UploadCount
from upload_guard.storage.tables import HashList

log = logging.getLogger(__name__)

# A burst is seen in the hour, what trickles in over the day: either is sudden for a list.
_WINDOWS = (60, 24 * 60)
# So many uploads that matched are written at once: in a flood a second is long.
_AT_ONCE = 256
# Seconds of processor time; whatever takes longer to weigh is done for a tenth of the time only.
_SOON_WEIGHED = 0.5


class FloodBreaker:
    """Told of every upload, as `guard.Observer`. One a process; safe for threads and forks. `key` is secret.

    Nobody waits for a row to be written: what came is written and weighed a second later, by `flush`. A
    process that ends loses what is not written yet. `database` may keep its connections open: none of them
    is carried through a fork. What is lowered is written to `journaled`, which notes that it was.
    """

    def __init__(
        self, database: Database, journaled: Database, key: bytes, limits: FloodLimits, trust: Trust
    ) -> None:
        self._database = database
        self._journaled = journaled
        self._key = key
        self._limits = limits
        self._trust = trust
        self._begin()
        forget_in_children(self)
        let_go_before_forks(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting = Counted()
        self._unweighed: dict[ListedValue, EntryRow] = {}
        self._rests_until = 0.0

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        """Count an upload and what matched it. Raises `StorageFailed`."""
        minute = _minute(datetime.now(UTC))
        hits = self._hits(upload, findings, self._reached(outcome.verdict.matches), minute)
        with self._lock:
            self._waiting.add(minute, hits)
            many = bool(hits) and self._waiting.matched % _AT_ONCE == 0
        # Whoever comes while another writes does not wait for that.
        if many and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()

    def flush(self) -> None:
        """Write down and weigh what came; to be called every second or so.

        Raises `StorageFailed`, and then it goes on waiting.
        """
        with self._writing:
            self._write()

    def purge(self) -> None:
        """Forget what is too old to count."""
        before = _minute(datetime.now(UTC)) - max(_WINDOWS)
        with self._writing, self._database.session() as session:
            session.execute(delete(EntryHit).where(EntryHit.minute < before))
            session.execute(delete(UploadCount).where(UploadCount.minute < before))

    def before_fork(self) -> None:
        """Close what is open: SQLite's locks are lost on whoever carries a connection into a child."""
        self._writing.acquire()
        self._database.engine.dispose()

    def after_fork(self) -> None:
        """In the parent: go on."""
        self._writing.release()

    def forget(self) -> None:
        """In a forked child: what waits is the parent's to write; begin anew."""
        self._begin()

    def _reached(self, matches: Iterable[Match]) -> dict[ListedValue, Match]:
        """The entries that held or blocked, each with its nearest match: a lower one has nothing to lose."""
        reached: dict[ListedValue, Match] = {}
        for match in matches:
            entry = match.list_name, match.signal_type, match.value
            if self._may_be_lowered(match) and (
                entry not in reached or match.distance < reached[entry].distance
            ):
                reached[entry] = match
        return reached

    def _may_be_lowered(self, match: Match) -> bool:
        return (
            not match.told
            and match.standing is Standing.FIRM
            and not match.excused
            and match.telling
            and self._trust.ceiling(match.list_name, match.category).refuses
        )

    def _hits(
        self, upload: Upload, findings: Findings, reached: dict[ListedValue, Match], minute: int
    ) -> dict[HitKey, bytes]:
        """What to count one more of, each with its look."""
        if not reached:
            return {}
        source, file = self._source(upload.source), self._keyed(b"file", upload.digest.sha256)
        looks = {(one.type, one.view, one.variant): one.value for one in findings.signals}
        return {
            HitKey(entry, minute, source, file): _difference(
                match, looks.get((match.signal_type, match.view, match.variant))
            )
            for entry, match in reached.items()
        }

    def _source(self, source: Source) -> bytes:
        """Uploaders of whom nothing is known are one, for each site."""
        return self._keyed(b"source", f"{source.site}\0{source.uploader}".encode(errors="surrogatepass"))

    def _keyed(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + data, "sha256")[:16]

    def _write(self) -> None:
        with self._lock:
            counted, self._waiting = self._waiting, Counted()
        if counted.uploads:
            try:
                self._unweighed |= self._written(counted)
            except BaseException:
                with self._lock:
                    self._waiting.add_all(counted)
                raise
        if self._unweighed and time.monotonic() >= self._rests_until:
            self._weigh()

    def _written(self, counted: Counted) -> dict[ListedValue, EntryRow]:
        """The entries that have hits now."""
        with self._database.session() as session:
            add_uploads(session, counted.uploads)
            # A list may have been removed meanwhile.
            ids = _ids_of_lists(session)
            rows = {
                entry: EntryRow(ids[entry[0]], entry[1].value, entry[2])
                for entry in {key.entry: None for key in counted.hits}
                if entry[0] in ids
            }
            add_hits(session, rows, counted)
        return rows

    def _weigh(self) -> None:
        """After writing and apart from it: the last process to write sees all, and nobody waits for this."""
        begun = time.thread_time()
        for entry, row in tuple(self._unweighed.items()):
            flood = self._flood(row)
            if flood is not None and lower(self._journaled, row, flood):
                _tell(entry, flood)
            del self._unweighed[entry]
        took = time.thread_time() - begun
        # Somebody who sends very much must not have this process do nothing else.
        self._rests_until = time.monotonic() + 9 * took if took > _SOON_WEIGHED else 0.0

    def _flood(self, entry: EntryRow) -> Flood | None:
        now = _minute(datetime.now(UTC))
        with self._database.session() as session:
            if is_lowered(session, entry):
                return None
            lifted = session.scalar(select(func.max(BreakerTrip.decided_at)).where(entry.of(BreakerTrip)))
            for window in _WINDOWS:
                first = now - window + 1
                after = max(first, _minute(lifted) + 1) if lifted else first
                flood = self._flood_since(session, entry, after)
                if flood is not None:
                    return flood
        return None

    def _flood_since(self, session: Session, entry: EntryRow, minute: int) -> Flood | None:
        uploads = uploads_since(session, minute)
        sources, matched = matched_since(session, entry, minute)
        # Most end here; what follows reads more.
        if sources < self._limits.sources or matched < needed(uploads, self._limits):
            return None
        hits = hits_since(session, entry, minute, looks_compared(sources))
        return flood_of(hits, uploads, self._limits)


def _tell(entry: ListedValue, flood: Flood) -> None:
    list_name, kind, value = entry
    log.warning(
        "ALARM: the flood breaker lowered an entry: %s %s... on %s matched %d of %d uploads, from %d"
        " sources; see 'upload-guard list breaker show'",
        kind,
        value.hex()[:8],
        list_name,
        flood.matched,
        flood.uploads,
        flood.sources,
    )


def _ids_of_lists(session: Session) -> dict[str, int]:
    return {row.name: row.id for row in session.execute(select(HashList.name, HashList.id))}


def _difference(match: Match, value: bytes | None) -> bytes:
    """The bits in which what matched differs from its entry; none where the match is exact."""
    if match.exact or value is None:
        return bytes(SignalType.PDQ.size)
    return bytes(one ^ other for one, other in zip(value, match.value, strict=True))


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
