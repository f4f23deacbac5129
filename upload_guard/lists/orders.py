"""What is to be in force, as rows say: which versions with which changes, before anything is built of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from upload_guard.lists.aside import acting_entries
from upload_guard.lists.changes import changes_of
from upload_guard.lists.entries import StoredVersion, version_file
from upload_guard.matching.delta import Change, Delta
from upload_guard.records import Entry
from upload_guard.storage.tables import HashList, ListChange, ListGate, ListVersion


@dataclass(frozen=True, slots=True)
class Fold:
    """The last change that a snapshot has in it.

    `mark` tells it from another change of the same number, as a database brought back from a backup would
    give them out again.
    """

    sequence: int = 0
    mark: str = "0"

    @classmethod
    def at(cls, change: Change) -> Fold:
        said = f"{change.list_name} {change.signal_type} {change.value.hex()} {change.entry}"
        return cls(change.sequence, hashlib.sha256(said.encode()).hexdigest()[:8])


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """A set of versions, and all changes to their lists in their order."""

    versions: tuple[StoredVersion, ...]
    changes: tuple[Change, ...]

    @property
    def set_name(self) -> str:
        """Names the versions; empty if there is none."""
        return _set_name((one.list_name, one.number, one.sha256, one.aside) for one in self.versions)

    @property
    def generation(self) -> str:
        """Names the versions and the newest change."""
        return _generation(self.set_name, self.newest.sequence)

    @property
    def newest(self) -> Fold:
        return Fold.at(self.changes[-1]) if self.changes else Fold()

    def has(self, fold: Fold) -> bool:
        """Whether a snapshot at `fold` is one of this set's past."""
        return fold == Fold() or any(
            Fold.at(one) == fold for one in self.changes if one.sequence == fold.sequence
        )

    def delta_after(self, fold: Fold) -> Delta:
        """What has changed since a snapshot was built at `fold`."""
        later = (change for change in self.changes if change.sequence > fold.sequence)
        return Delta(later, {version.list_name: version.number for version in self.versions})

    def entries(self) -> Iterator[Entry]:
        """All entries in force. Reading them raises `ListError`."""
        read = chain.from_iterable(acting_entries(version) for version in self.versions)
        return self.delta_after(Fold()).applied_to(read)


def order_of(session: Session, folder: Path, instead: Mapping[str, StoredVersion]) -> BuildOrder:
    """The active versions, or for the lists in `instead` those; their files lie below `folder`."""
    versions, lists = [], []
    for hash_list in session.scalars(select(HashList).order_by(HashList.name)):
        version = instead.get(hash_list.name) or active_version(session, folder, hash_list)
        if version is not None:
            lists.append(hash_list)
            versions.append(version)
    return BuildOrder(tuple(versions), changes_of(session, lists))


def active_version(session: Session, folder: Path, hash_list: HashList) -> StoredVersion | None:
    """The list's active version without what was put aside of it, or None."""
    if hash_list.active_number is None:
        return None
    version = session.scalars(
        select(ListVersion).where(
            ListVersion.list_id == hash_list.id, ListVersion.number == hash_list.active_number
        )
    ).one()
    gate = gate_of(session, hash_list, version.number)
    return replace(stored_version(folder, hash_list, version), aside=gate.aside_sha256 if gate else None)


def gate_of(session: Session, hash_list: HashList, number: int) -> ListGate | None:
    """What the gate said of a version, if it was asked."""
    return session.scalar(select(ListGate).where(ListGate.list_id == hash_list.id, ListGate.number == number))


def generation_of(session: Session) -> str:
    """`BuildOrder.generation` of what is active, by as few rows as it takes."""
    active = (ListVersion.list_id == HashList.id) & (ListVersion.number == HashList.active_number)
    versions = session.execute(
        select(HashList.name, ListVersion.number, ListVersion.sha256, ListGate.aside_sha256)
        .join(ListVersion, active)
        .outerjoin(ListGate, (ListGate.list_id == HashList.id) & (ListGate.number == ListVersion.number))
        .order_by(HashList.name)
    )
    changed = session.scalar(
        select(func.max(ListChange.sequence))
        .join(HashList, HashList.id == ListChange.list_id)
        .where(HashList.active_number.is_not(None))
    )
    return _generation(_set_name(row.tuple() for row in versions), changed or 0)


def stored_version(folder: Path, hash_list: HashList, version: ListVersion) -> StoredVersion:
    file = version_file(folder, hash_list.name, version.number)
    return StoredVersion(hash_list.name, version.number, hash_list.origin, file, version.sha256)


def _set_name(versions: Iterable[tuple[str, int, bytes, bytes | None]]) -> str:
    return " ".join(
        f"{name}@{number}:{sha256.hex()[:16]}{f'-{aside.hex()[:16]}' if aside else ''}"
        for name, number, sha256, aside in versions
    )


def _generation(set_name: str, newest_change: int) -> str:
    return f"{set_name} +{newest_change}" if newest_change else set_name
