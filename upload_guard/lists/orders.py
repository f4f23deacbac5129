"""What is to be in force, as rows say: which versions with which changes, before anything is built of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.lists.changes import changes_of, newest_change
from upload_guard.lists.entries import StoredVersion, version_file
from upload_guard.lists.gate.aside import acting_entries
from upload_guard.matching.delta import Change, Delta
from upload_guard.records import Entry
from upload_guard.storage.tables import HashList, ListGate, ListVersion


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
        return _generation(self.set_name, self.newest)

    @property
    def newest(self) -> Fold:
        return Fold.at(self.changes[-1]) if self.changes else Fold()

    def has(self, fold: Fold) -> bool:
        """Whether a snapshot at `fold` is one of this set's past, from which the present can be reached."""
        return _holds(self.changes, fold) and not self.delta_after(fold).returned

    def delta_after(self, fold: Fold) -> Delta:
        """What has changed since a snapshot was built at `fold`."""
        active = {version.list_name: version.number for version in self.versions}
        return Delta(self.changes, active, fold.sequence)

    def entries(self) -> Iterator[Entry]:
        """All entries in force. Reading them raises `ListError`."""
        read = chain.from_iterable(acting_entries(version) for version in self.versions)
        return self.delta_after(Fold()).applied_to(read)


@dataclass(frozen=True, slots=True)
class Past:
    """Versions that were in force and are still used, and all changes to their lists in their order."""

    set_name: str
    changes: tuple[Change, ...]

    @property
    def generation(self) -> str:
        return _generation(self.set_name, Fold.at(self.changes[-1]) if self.changes else Fold())

    @property
    def stopgap(self) -> str:
        """Another name, since what is known under that one may differ from what is made do with."""
        return f"{self.generation} for want of what is active"

    def delta_after(self, fold: Fold) -> Delta:
        """What has changed since `fold`; everything where that is of a past that rows no longer know."""
        versions = {name: int(number) for name, number in _NAMED.findall(self.set_name)}
        return Delta(self.changes, versions, fold.sequence if _holds(self.changes, fold) else 0)


def past_of(session: Session, set_name: str) -> Past:
    """What rows now say of the lists whose versions `set_name` names."""
    names = [name for name, _ in _NAMED.findall(set_name)]
    lists = session.scalars(select(HashList).where(HashList.name.in_(names)))
    return Past(set_name, changes_of(session, lists))


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
    return acting_version(session, folder, hash_list, version)


def acting_version(
    session: Session, folder: Path, hash_list: HashList, version: ListVersion
) -> StoredVersion:
    """A version without what was put aside of it when it last passed the gate."""
    gate = gate_of(session, hash_list, version.number)
    return replace(stored_version(folder, hash_list, version), aside=gate.aside_sha256 if gate else None)


def gate_of(session: Session, hash_list: HashList, number: int) -> ListGate | None:
    """What the gate said of a version, if it was asked."""
    return session.scalar(select(ListGate).where(ListGate.list_id == hash_list.id, ListGate.number == number))


def generation_of(session: Session) -> str:
    """`BuildOrder.generation` of what is active, by as few rows as it takes."""
    active = (ListVersion.list_id == HashList.id) & (ListVersion.number == HashList.active_number)
    rows = session.execute(
        select(HashList, ListVersion, ListGate.aside_sha256)
        .join(ListVersion, active)
        .outerjoin(ListGate, (ListGate.list_id == HashList.id) & (ListGate.number == ListVersion.number))
        .order_by(HashList.name)
    )
    versions = [(one, version.number, version.sha256, aside) for one, version, aside in rows]
    change = newest_change(session, (hash_list for hash_list, *_ in versions))
    set_name = _set_name((one.name, number, digest, aside) for one, number, digest, aside in versions)
    return _generation(set_name, Fold.at(change) if change else Fold())


def stored_version(folder: Path, hash_list: HashList, version: ListVersion) -> StoredVersion:
    file = version_file(folder, hash_list.name, version.number)
    return StoredVersion(hash_list.name, version.number, hash_list.origin, file, version.sha256)


def _holds(changes: Iterable[Change], fold: Fold) -> bool:
    """Whether `fold` is one of the states that `changes` led through."""
    return fold == Fold() or any(Fold.at(one) == fold for one in changes if one.sequence == fold.sequence)


# As `_set_name` writes them.
_NAMED = re.compile(r"(\S+)@(\d+):\S+")


def _set_name(versions: Iterable[tuple[str, int, bytes, bytes | None]]) -> str:
    return " ".join(
        f"{name}@{number}:{sha256.hex()[:16]}{f'-{aside.hex()[:16]}' if aside else ''}"
        for name, number, sha256, aside in versions
    )


def _generation(set_name: str, newest: Fold) -> str:
    return set_name if newest == Fold() else f"{set_name} +{newest.sequence}-{newest.mark}"
