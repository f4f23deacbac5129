"""Hash lists and their versions: import, activate, change, show, and what is in force now."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from upload_guard.errors import ListError, SnapshotDamaged
from upload_guard.list_settings import LIST_NAME
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.changes import Addition, changes_of, record_changes
from upload_guard.lists.elsewhere import Places, build_elsewhere
from upload_guard.lists.entries import StoredVersion, version_file
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.aside import aside_entries
from upload_guard.lists.gate.gate import GateReport
from upload_guard.lists.gate.gatekeeper import (
    Candidate,
    approve,
    candidate_of,
    let_pass,
    note_gate,
    report_on,
)
from upload_guard.lists.gate.sifting import Sifted, sift
from upload_guard.lists.importing import ImportOrder, only_computed, write_version
from upload_guard.lists.lookup import found, found_or_new, refuse_no_way_back, version_before, version_of
from upload_guard.lists.orders import BuildOrder, Fold, acting_version, generation_of, order_of, past_of
from upload_guard.lists.snapshots import SnapshotFolder, fold_of
from upload_guard.lists.versions import VersionInfo, Way, all_versions, info_of
from upload_guard.matching.build import Progress, no_progress
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Entry, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.tables import ListActivation, ListVersion

log = logging.getLogger(__name__)

Tell = Callable[[GateReport], None]

_NAME = re.compile(LIST_NAME)
# Comparing with so many added hashes one by one takes some tens of microseconds.
_MOST_CHANGES = 5000


def say_nothing(_report: GateReport) -> None:
    """For those who do not want to hear what the gate says."""


@dataclass(frozen=True, slots=True)
class ListStore:
    """Rows in `database`, entries in files below `folder`; `computed` are the types that uploads have."""

    database: Database
    folder: Path
    snapshots: SnapshotFolder
    bank: Callable[[], BenignBank] = BenignBank
    computed: frozenset[SignalType] = frozenset(SignalType)

    def import_version(
        self, order: ImportOrder, hashes: Iterable[ListedHash], progress: Progress = no_progress
    ) -> VersionInfo:
        """Store `hashes` as a new version that does not act yet.

        Duplicates are taken once. Entries that the version before already held in their category keep their
        age. Raises `ListError` and stores nothing if any hash cannot be read or there is none.
        """
        if not _NAME.fullmatch(order.list_name):
            raise ListError(f"{order.list_name!r} is no list name: lower-case letters, digits and . _ -")
        now = datetime.now(UTC)
        with exclusive_lock(self.folder / ".import.lock"):
            # Reading millions takes minutes, in which others must be able to write to the database.
            with self.database.session() as session:
                before = version_before(session, self.folder, order)
            number = before.number + 1 if before else 1
            file = version_file(self.folder, order.list_name, number)
            known = only_computed(hashes, self.computed)
            written = write_version(file, order, known, before, now, progress)
            with self.database.session() as session:
                hash_list = found_or_new(session, order, now)
                version = ListVersion(
                    hash_list=hash_list,
                    number=number,
                    source=order.source,
                    sha256=written.sha256,
                    entries=written.types.total(),
                    counts=dict(written.types),
                    categories=dict(written.categories),
                    imported_at=now,
                    imported_by=order.person,
                )
                session.add(version)
                note_act(session, _act("list.imported", order.list_name, number, order.person))
                session.flush()
                return info_of(session, hash_list, version)

    def activate(
        self,
        name: str,
        number: int | None,
        person: str,
        progress: Progress = no_progress,
        tell: Tell = say_nothing,
        way: Way = Way.MANUAL,
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
                hash_list = found(session, name)
                version = version_of(hash_list, passed.number)
                note_gate(session, hash_list, passed, report)
                hash_list.active_number = version.number
                hash_list.activations.append(
                    ListActivation(
                        number=version.number, way=way, activated_at=datetime.now(UTC), activated_by=person
                    )
                )
                note_act(session, _act(f"list.activated.{way}", name, version.number, person))
                session.flush()
                info = info_of(session, hash_list, version)
            # The way back stays short.
            self.snapshots.clear_up(self.order(), before)
        return info

    def rollback(
        self, name: str, number: int, person: str, progress: Progress = no_progress, tell: Tell = say_nothing
    ) -> VersionInfo:
        """Let a version act again that has acted before. Raises as `activate` does."""
        with self.database.session() as session:
            hash_list = found(session, name)
            refuse_no_way_back(hash_list, version_of(hash_list, number).number)
        return self.activate(name, number, person, progress, tell, Way.ROLLBACK)

    def examine(self, name: str, number: int | None) -> GateReport:
        """What the gate says of a version now; nothing changes. Raises `ListError`."""
        return report_on(self.candidate(name, number), self.bank())

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
                    note_gate(session, found(session, name), version, report)
            self.snapshots.clear_up(self.order(), before)
        return tuple((name, report) for name, (_, report) in passed.items())

    def approve(self, name: str, number: int, person: str, because: str) -> None:
        """Let a version pass that the gate holds; it still has to be activated.

        Raises `ListError`, and `UsageError` without a reason.
        """
        with self.database.session() as session:
            hash_list = found(session, name)
            approve(session, hash_list, version_of(hash_list, number).number, person, because)
            said: dict[str, str | int] = {"list": name, "version": number, "because": because[:1024]}
            note_act(session, Act(person, "list.approved", details=said))

    def candidate(self, name: str, number: int | None) -> Candidate:
        """A version (the newest where `number` is None) beside the one that is active. Raises `ListError`."""
        with self.database.session() as session:
            hash_list = found(session, name)
            return candidate_of(session, self.folder, hash_list, version_of(hash_list, number))

    def _passed(self, name: str, number: int | None, tell: Tell) -> tuple[StoredVersion, GateReport]:
        candidate = self.candidate(name, number)
        report = report_on(candidate, self.bank())
        tell(report)
        return let_pass(self.database, candidate, report), report

    def _build_instead(self, instead: Mapping[str, StoredVersion], progress: Progress) -> None:
        with self.database.session() as session:
            order = order_of(session, self.folder, instead)
        if order.versions:
            self.snapshots.build(order, progress)

    def add(self, name: str, hashes: Iterable[ListedHash], category: str, person: str) -> Sifted:
        """Let single hashes act at once, as part of the list's active version, but for what may not act.

        Raises `ListError` and adds nothing if any cannot be read or no version is active.
        """
        # They may come slowly, and whoever writes to the database waits for the session.
        sifted = sift(tuple(only_computed(hashes, self.computed)), self.bank())
        with self.database.session() as session:
            hash_list = found(session, name)
            if hash_list.active_number is None:
                raise ListError(f"list {name!r} has no active version that hashes could be added to")
            version = version_of(hash_list, hash_list.active_number)
            addition = Addition(version, category)
            count = record_changes(session, hash_list, sifted.kept, addition, person, datetime.now(UTC))
            note_act(session, Act(person, "list.added", details={"list": name, "hashes": count}))
        return sifted

    def retract(self, name: str, hashes: Iterable[ListedHash], person: str) -> int:
        """Let single hashes no longer act in any version of the list, until they are added again; how many.

        Raises `ListError` and retracts nothing if any cannot be read.
        """
        given = tuple(hashes)
        with self.database.session() as session:
            count = record_changes(session, found(session, name), given, None, person, datetime.now(UTC))
            note_act(session, Act(person, "list.retracted", details={"list": name, "hashes": count}))
        return count

    def holders(self, hashes: Iterable[ListedHash]) -> Iterator[frozenset[str]]:
        """The lists that each of `hashes` acts in now. Raises `SnapshotDamaged` where that is not built."""
        snapshot = self.load()
        return (snapshot.lists_of(one.signal_type, one.value) for one in hashes)

    def put_aside(self, name: str) -> Iterator[Entry]:
        """The entries of the list's active version that the gate has put aside. Raises `ListError`."""
        ours = (version for version in self.order().versions if version.list_name == name)
        return (entry for version in ours for entry in aside_entries(version))

    def versions(self) -> tuple[VersionInfo, ...]:
        """Every version of every list, by name and number."""
        with self.database.session() as session:
            return all_versions(session)

    def entries(self, name: str, number: int | None) -> Iterator[Entry]:
        """The entries of a version (the active one, or else the newest, where `number` is None) as they act.

        With what was added to it, without what was retracted or put aside. Reading them raises `ListError`.
        """
        with self.database.session() as session:
            hash_list = found(session, name)
            version = version_of(hash_list, number or hash_list.active_number)
            stored = acting_version(session, self.folder, hash_list, version)
            order = BuildOrder((stored,), changes_of(session, [hash_list]))
        return order.entries()

    def generation(self) -> str:
        """A name for what is in force, which changes when it does; empty if no list is active."""
        return self.database.remembered(generation_of)

    def load(self, before: Snapshot | None = None) -> Snapshot:
        """What is in force, in memory and ready. `before` lends its files where they are still those.

        Raises `StorageFailed`, and `SnapshotDamaged` where it has to be built first.
        """
        return self._loaded(self.order(), before)

    def carry_on(self, before: Snapshot) -> Snapshot:
        """The versions of `before`, with the changes up to now; itself where there is none. See `load`."""
        if before.files is None:
            return before
        with self.database.session() as session:
            past = past_of(session, before.files.manifest.generation)
        if before.generation in (past.generation, past.stopgap):
            return before
        return Snapshot(past.stopgap, before.files, past.delta_after(fold_of(before.files.folder)))

    def mend(self) -> None:
        """Build what is in force in a process of its own. Raises `ListError` and `StorageFailed`."""
        url = self.database.engine.url.render_as_string(hide_password=False)
        build_elsewhere(Places(url, str(self.folder), str(self.snapshots.folder)))

    def build(self, progress: Progress = no_progress) -> None:
        """Make the snapshot of what is in force, all changes folded in, unless it is there and sound."""
        # What an activation goes back to meanwhile would be cleared up as unused.
        with exclusive_lock(self.folder / ".activate.lock"):
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


def _act(name: str, list_name: str, number: int, person: str) -> Act:
    return Act(person, name, details={"list": list_name, "version": number})
