"""The flood breaker: counts what entries match, and lowers one that floods.

Lowered, an entry does at most quarantine; nothing here lowers it further. The rest is for a person to decide.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from upload_guard.lists.flood import Flood, FloodLimits, Hit, flood_of
from upload_guard.lists.opinions import note_change
from upload_guard.lists.trips import IN_FORCE
from upload_guard.matching.delta import ListedValue
from upload_guard.policy import Trust
from upload_guard.records import Findings, Match, Outcome, SignalType, Source, Standing, Upload
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryHit, UploadCount
from upload_guard.storage.tables import HashList

log = logging.getLogger(__name__)

# A burst is seen in the hour, what trickles in over the day: either is sudden for a list.
_WINDOWS = (60, 24 * 60)
_MOST_HITS = 5000


class FloodBreaker:
    """Told of every upload, as `guard.Observer`. One a process; safe for threads. `key` is secret."""

    def __init__(self, database: Database, key: bytes, limits: FloodLimits, trust: Trust) -> None:
        self._database = database
        self._key = key
        self._limits = limits
        self._trust = trust
        self._lock = threading.Lock()
        self._uploads = 0

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        """Count an upload and what matched it. Raises `StorageFailed`."""
        with self._lock:
            self._uploads += 1
        reached = self._reached(outcome.verdict.matches)
        if reached:
            self._count(self._hits(upload, findings, reached))

    def flush(self) -> None:
        """Write down how many uploads were counted; to be called every second or so."""
        if self._uploads:
            with self._database.session() as session:
                self._count_uploads(session, _minute(datetime.now(UTC)))

    def purge(self) -> None:
        """Forget what is too old to count."""
        before = _minute(datetime.now(UTC)) - max(_WINDOWS)
        with self._database.session() as session:
            session.execute(delete(EntryHit).where(EntryHit.minute < before))
            session.execute(delete(UploadCount).where(UploadCount.minute < before))

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
            match.standing is Standing.FIRM
            and not match.excused
            and (match.exact or match.signal_type is SignalType.PDQ)
            and self._trust.ceiling(match.list_name, match.category).refuses
        )

    def _hits(
        self, upload: Upload, findings: Findings, reached: Mapping[ListedValue, Match]
    ) -> dict[ListedValue, Hit]:
        source, file = self._source(upload.source), self._keyed(b"file", upload.digest.sha256)
        looks = {(one.type, one.view, one.variant): one.value for one in findings.signals}
        return {
            entry: Hit(
                source, file, _difference(match, looks.get((match.signal_type, match.view, match.variant)))
            )
            for entry, match in reached.items()
        }

    def _source(self, source: Source) -> bytes:
        """Uploaders of whom nothing is known are one, for each site."""
        return self._keyed(b"source", f"{source.site}\0{source.uploader}".encode(errors="surrogatepass"))

    def _keyed(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + data, "sha256")[:16]

    def _count(self, hits: Mapping[ListedValue, Hit]) -> None:
        now = datetime.now(UTC)
        tripped = []
        with self._database.session() as session:
            # Writing first: whoever comes at the same time waits here, and then sees what this one wrote.
            self._count_uploads(session, _minute(now))
            ids = _ids_of_lists(session)
            for entry, hit in hits.items():
                # A list may have been removed meanwhile.
                if entry[0] in ids:
                    row = _Entry(ids[entry[0]], entry[1].value, entry[2])
                    _add_hit(session, row, hit, _minute(now))
                    flood = self._flood(session, row, now)
                    if flood is not None:
                        _trip(session, row, flood, now)
                        tripped.append((entry, flood))
        for (list_name, kind, value), flood in tripped:
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

    def _count_uploads(self, session: Session, minute: int) -> None:
        with self._lock:
            uploads, self._uploads = self._uploads, 0
        row = UploadCount.minute == minute
        changed = session.execute(
            update(UploadCount).where(row).values(uploads=UploadCount.uploads + uploads)
        )
        if not changed.rowcount:  # type: ignore[attr-defined]
            session.add(UploadCount(minute=minute, uploads=uploads))
            session.flush()

    def _flood(self, session: Session, entry: _Entry, now: datetime) -> Flood | None:
        if session.scalar(
            select(BreakerTrip.id).where(entry.of(BreakerTrip), BreakerTrip.state.in_(IN_FORCE))
        ):
            return None
        lifted = session.scalar(select(func.max(BreakerTrip.decided_at)).where(entry.of(BreakerTrip)))
        for window in _WINDOWS:
            first = _minute(now) - window + 1
            after = max(first, _minute(lifted) + 1) if lifted else first
            flood = flood_of(_hits_since(session, entry, after), _uploads_since(session, after), self._limits)
            if flood is not None:
                return flood
        return None


@dataclass(frozen=True, slots=True)
class _Entry:
    list_id: int
    signal_type: str
    value: bytes

    def of(self, table: type[BreakerTrip] | type[EntryHit]) -> ColumnElement[bool]:
        return (
            (table.list_id == self.list_id)
            & (table.signal_type == self.signal_type)
            & (table.value == self.value)
        )


def _trip(session: Session, entry: _Entry, flood: Flood, now: datetime) -> None:
    session.add(
        BreakerTrip(
            list_id=entry.list_id,
            signal_type=entry.signal_type,
            value=entry.value,
            tripped_at=now,
            matched=flood.matched,
            uploads=flood.uploads,
            sources=flood.sources,
            state="tripped",
        )
    )
    note_change(session)


def _add_hit(session: Session, entry: _Entry, hit: Hit, minute: int) -> None:
    same = (
        entry.of(EntryHit)
        & (EntryHit.minute == minute)
        & (EntryHit.source == hit.source)
        & (EntryHit.file == hit.file)
    )
    changed = session.execute(update(EntryHit).where(same).values(uploads=EntryHit.uploads + hit.uploads))
    if changed.rowcount:  # type: ignore[attr-defined]
        return
    session.add(
        EntryHit(
            list_id=entry.list_id,
            signal_type=entry.signal_type,
            value=entry.value,
            minute=minute,
            source=hit.source,
            file=hit.file,
            look=hit.look,
            uploads=hit.uploads,
        )
    )
    session.flush()


def _hits_since(session: Session, entry: _Entry, minute: int) -> list[Hit]:
    columns = EntryHit.source, EntryHit.file, EntryHit.look, EntryHit.uploads
    since = select(*columns).where(entry.of(EntryHit), EntryHit.minute >= minute)
    # The newest of very many are enough to tell a flood, and soon weighed.
    rows = session.execute(since.order_by(EntryHit.id.desc()).limit(_MOST_HITS))
    return [Hit(*row) for row in rows]


def _uploads_since(session: Session, minute: int) -> int:
    counted = select(func.sum(UploadCount.uploads)).where(UploadCount.minute >= minute)
    return session.scalar(counted) or 0


def _ids_of_lists(session: Session) -> dict[str, int]:
    return {row.name: row.id for row in session.execute(select(HashList.name, HashList.id))}


def _difference(match: Match, value: bytes | None) -> bytes:
    """The bits in which what matched differs from its entry; none where the match is exact."""
    if match.exact or value is None:
        return bytes(SignalType.PDQ.size)
    return bytes(one ^ other for one, other in zip(value, match.value, strict=True))


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
