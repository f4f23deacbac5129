"""Hash lists and their versions: import, activate, change, show, and what is in force now."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from upload_guard.errors import ListError, SnapshotDamaged, StorageFailed
from upload_guard.lists.bank import BenignBank
from upload_guard.lists.changes import Addition, record_changes
from upload_guard.lists.elsewhere import Places, build_elsewhere
from upload_guard.lists.entries import StoredHash, StoredVersion, read_entries, version_file, write_entries
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate import GateReport
from upload_guard.lists.gatekeeper import Candidate, approve, candidate_of, let_pass, note_gate, report_on
from upload_guard.lists.orders import BuildOrder, Fold, generation_of, order_of, stored_version
from upload_guard.lists.snapshots import SnapshotFolder
from upload_guard.matching.build import Progress, no_progress
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import SignalType
from upload_guard.settings import LIST_NAME
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.tables import HashList, ListVersion

log = logging.getLogger(__name__)

Tell = Callable[[GateReport], None]

_NAME = re.compile(LIST_NAME)
# Comparing with so many added hashes one by one takes some tens of microseconds.
_MOST_CHANGES = 5000


def say_nothing(_report: GateReport) -> None:
    """For those who do not want to hear what the gate says."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What a person says of a file of hashes. `origin` is needed for a new list only."""

    list_name: str
    source: str
    category: str
    origin: str | None
    person: str


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version as it is shown. `counts` is per signal type."""

    list_name: str
    origin: str
    number: int
    active: bool
    entries: int
    counts: dict[str, int]
    source: str
    imported_at: datetime
    imported_by: str
    activated_at: datetime | None
    activated_by: str | None


@dataclass(frozen=True, slots=True)
class ListStore:
    """Rows in `database`, entries in files below `folder`."""

    database: Database
    folder: Path
    snapshots: SnapshotFolder
    bank: Callable[[], BenignBank] = BenignBank

    def import_version(self, order: ImportOrder, hashes: Iterable[ListedHash]) -> VersionInfo:
        """Store `hashes` as a new version that does not act yet.

        Duplicates are taken once. Entries that the version before already held keep their age. Raises
        `ListError` and stores nothing if any hash cannot be read or there is none.
        """
        if not _NAME.fullmatch(order.list_name):
            raise ListError(f"{order.list_name!r} is no list name: lower-case letters, digits and . _ -")
        now = datetime.now(UTC)
        with exclusive_lock(self.folder / ".import.lock"), self.database.session() as session:
            hash_list = _found_or_new(session, order, now)
            number = max((version.number for version in hash_list.versions), default=0) + 1
            file = version_file(self.folder, order.list_name, number)
            ages = self._ages(hash_list)
            counts: Counter[str] = Counter()
            sha256 = _write(file, _counted(_unique(hashes), order, ages, now, counts))
            if not counts:
                file.unlink()
                raise ListError(f"{order.source}: holds no hash")
            version = ListVersion(
                hash_list=hash_list,
                number=number,
                source=order.source,
                sha256=sha256,
                entries=counts.total(),
                counts=dict(counts),
                imported_at=now,
                imported_by=order.person,
            )
            session.add(version)
            return _info(hash_list, version)

    def activate(
        self,
        name: str,
        number: int | None,
        person: str,
        progress: Progress = no_progress,
        tell: Tell = say_nothing,
    ) -> VersionInfo:
        """Let a version act (the newest where `number` is None), once it passed the gate and is built.

        `tell` hears what the gate said before anything else happens. Raises `ListHeld`, `ListError` if it
        cannot be used and `StorageFailed` if no snapshot can be written.
        """
        # One at a time: each builds what will be in force beside the versions of all others.
        with exclusive_lock(self.folder / ".activate.lock"):
            before = self.order()
            passed, report = self._passed(name, number, tell)
            self._build_instead({name: passed}, progress)
            with self.database.session() as session:
                hash_list = _found(session, name)
                version = _version(hash_list, passed.number)
                note_gate(session, hash_list, passed, report)
                hash_list.active_number = version.number
                version.activated_at, version.activated_by = datetime.now(UTC), person
                info = _info(hash_list, version)
            # The way back stays short.
            self.snapshots.clear_up(self.order(), before)
        return info

    def examine(self, name: str, number: int | None) -> GateReport:
        """What the gate says of a version now; nothing changes. Raises `ListError`."""
        return report_on(self._candidate(name, number), self.bank())

    def examine_active(self, progress: Progress = no_progress) -> tuple[tuple[str, GateReport], ...]:
        """Have all active versions pass the gate again, as after a change of the benign bank."""
        with exclusive_lock(self.folder / ".activate.lock"):
            before = self.order()
            passed = {
                version.list_name: self._passed(version.list_name, version.number, say_nothing)
                for version in before.versions
            }
            self._build_instead({name: version for name, (version, _) in passed.items()}, progress)
            with self.database.session() as session:
                for name, (version, report) in passed.items():
                    note_gate(session, _found(session, name), version, report)
            self.snapshots.clear_up(self.order(), before)
        return tuple((name, report) for name, (_, report) in passed.items())

    def approve(self, name: str, number: int, person: str, because: str) -> None:
        """Let a version pass that the gate holds; it still has to be activated. Raises `ListError`."""
        with self.database.session() as session:
            hash_list = _found(session, name)
            approve(session, hash_list, _version(hash_list, number).number, person, because)

    def _candidate(self, name: str, number: int | None) -> Candidate:
        with self.database.session() as session:
            hash_list = _found(session, name)
            return candidate_of(session, self.folder, hash_list, _version(hash_list, number))

    def _passed(self, name: str, number: int | None, tell: Tell) -> tuple[StoredVersion, GateReport]:
        candidate = self._candidate(name, number)
        report = report_on(candidate, self.bank())
        tell(report)
        return let_pass(candidate, report), report

    def _build_instead(self, instead: Mapping[str, StoredVersion], progress: Progress) -> None:
        with self.database.session() as session:
            order = order_of(session, self.folder, instead)
        if order.versions:
            self.snapshots.build(order, progress)

    def add(self, name: str, hashes: Iterable[ListedHash], category: str, person: str) -> int:
        """Let single hashes act at once, as part of the list's active version; how many.

        Raises `ListError` and adds nothing if any cannot be read or no version is active.
        """
        with self.database.session() as session:
            hash_list = _found(session, name)
            if hash_list.active_number is None:
                raise ListError(f"list {name!r} has no active version that hashes could be added to")
            version = _version(hash_list, hash_list.active_number)
            addition = Addition(version, category)
            return record_changes(session, hash_list, hashes, addition, person, datetime.now(UTC))

    def retract(self, name: str, hashes: Iterable[ListedHash], person: str) -> int:
        """Let single hashes no longer act in any version of the list, until they are added again; how many.

        Raises `ListError` and retracts nothing if any cannot be read.
        """
        with self.database.session() as session:
            return record_changes(session, _found(session, name), hashes, None, person, datetime.now(UTC))

    def versions(self) -> tuple[VersionInfo, ...]:
        """Every version of every list, by name and number."""
        with self.database.session() as session:
            return tuple(_info(hash_list, one) for hash_list in _all(session) for one in hash_list.versions)

    def generation(self) -> str:
        """A name for what is in force, which changes when it does; empty if no list is active."""
        with self.database.session() as session:
            return generation_of(session)

    def load(self, before: Snapshot | None = None) -> Snapshot:
        """What is in force, in memory and ready; built by another process where it is missing or damaged.

        `before` lends its files where they are still those. Raises `ListError`, `StorageFailed` and
        `SnapshotDamaged`.
        """
        try:
            return self._loaded(self.order(), before)
        except SnapshotDamaged as fault:
            log.warning("ALARM: %s; it is built now", fault)
            url = self.database.engine.url.render_as_string(hide_password=False)
            build_elsewhere(Places(url, str(self.folder), str(self.snapshots.folder)))
            return self._loaded(self.order(), before)

    def build(self, progress: Progress = no_progress) -> None:
        """Make the snapshot of what is in force, all changes folded in, unless it is there and sound."""
        order = self.order()
        if order.versions:
            self.snapshots.build(order, progress)
            self.snapshots.clear_up(order)

    def fold(self, progress: Progress = no_progress) -> None:
        """Build anew once so much has changed that comparing with the changes takes time."""
        order = self.order()
        at = self.snapshots.newest(order) or Fold()
        if sum(change.sequence > at.sequence for change in order.changes) > _MOST_CHANGES:
            self.build(progress)

    def verify(self) -> Snapshot:
        """What is in force, compared with its digests; nothing is mended. Raises `SnapshotDamaged`."""
        snapshot = self._loaded(self.order(), None)
        if snapshot.files:
            snapshot.files.verify()
        return snapshot

    def order(self) -> BuildOrder:
        """What is in force, as rows say."""
        with self.database.session() as session:
            return order_of(session, self.folder, {})

    def _loaded(self, order: BuildOrder, before: Snapshot | None) -> Snapshot:
        if not order.versions:
            return Snapshot(order.generation)
        fold = self.snapshots.newest(order)
        if fold is None:
            raise SnapshotDamaged(f"{self.snapshots.folder}: there is no snapshot of the active lists")
        files = before.files if before else None
        if files is None or files.folder != self.snapshots.path(order, fold):
            files = self.snapshots.open(order, fold)
        return Snapshot(order.generation, files, order.delta_after(fold))

    def _ages(self, hash_list: HashList) -> dict[tuple[SignalType, bytes], datetime]:
        if not hash_list.versions:
            return {}
        before = read_entries(stored_version(self.folder, hash_list, hash_list.versions[-1]))
        try:
            return {(entry.signal_type, entry.value): entry.since for entry in before}
        except ListError as fault:
            # A new import may be how somebody mends this; its entries then begin their probation again.
            log.warning("%s: the ages of its entries are lost", fault)
            return {}


def _write(file: Path, hashes: Iterable[StoredHash]) -> bytes:
    try:
        return write_entries(file, hashes)
    except OSError as error:
        raise StorageFailed(f"{file}: cannot be written: {error.strerror}") from error


def _unique(hashes: Iterable[ListedHash]) -> Iterator[ListedHash]:
    seen: set[ListedHash] = set()
    for one in hashes:
        if one not in seen:
            seen.add(one)
            yield one


def _counted(
    hashes: Iterable[ListedHash],
    order: ImportOrder,
    ages: dict[tuple[SignalType, bytes], datetime],
    now: datetime,
    counts: Counter[str],
) -> Iterator[StoredHash]:
    for one in hashes:
        counts[one.signal_type.value] += 1
        since = ages.get((one.signal_type, one.value), now)
        yield StoredHash(one.signal_type, one.value, order.category, since)


def _all(session: Session) -> Iterable[HashList]:
    return session.scalars(
        select(HashList).order_by(HashList.name).options(selectinload(HashList.versions))
    ).all()


def _found_or_new(session: Session, order: ImportOrder, now: datetime) -> HashList:
    hash_list = session.scalar(select(HashList).where(HashList.name == order.list_name))
    if hash_list is None and not order.origin:
        raise ListError(f"list {order.list_name!r} is new: say with --origin who stands behind it")
    if hash_list is None:
        hash_list = HashList(name=order.list_name, origin=order.origin, created_at=now)
        session.add(hash_list)
    if order.origin and order.origin != hash_list.origin:
        raise ListError(f"list {order.list_name!r} has the origin {hash_list.origin!r}, not {order.origin!r}")
    return hash_list


def _found(session: Session, name: str) -> HashList:
    hash_list = session.scalar(select(HashList).where(HashList.name == name))
    if hash_list is None:
        raise ListError(f"there is no list {name!r}: 'upload-guard list show' names them all")
    return hash_list


def _version(hash_list: HashList, number: int | None) -> ListVersion:
    if number is None:
        return hash_list.versions[-1]
    for version in hash_list.versions:
        if version.number == number:
            return version
    raise ListError(f"list {hash_list.name!r} has no version {number}")


def _info(hash_list: HashList, version: ListVersion) -> VersionInfo:
    return VersionInfo(
        list_name=hash_list.name,
        origin=hash_list.origin,
        number=version.number,
        active=version.number == hash_list.active_number,
        entries=version.entries,
        counts=dict(version.counts),
        source=version.source,
        imported_at=version.imported_at,
        imported_by=version.imported_by,
        activated_at=version.activated_at,
        activated_by=version.activated_by,
    )
