"""Lists that other installations may have: what acts of them now, as JSON Lines, and a name for that state.

What two persons here found wrong goes along with that opinion, so that whoever reads it can leave it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from upload_guard.errors import NoSuchList
from upload_guard.lists.changes import changes_of
from upload_guard.lists.feedback import Opinion
from upload_guard.lists.formats.jsonl import json_line
from upload_guard.lists.lookup import version_of
from upload_guard.lists.opinions import OpinionStore
from upload_guard.lists.orders import BuildOrder, acting_version
from upload_guard.lists.store import ListStore
from upload_guard.records import Standing
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.tables import HashList

_LINES = 1000


@dataclass(frozen=True, slots=True)
class Shared:
    """One list as it acts. `state` changes with anything that `pieces` would give."""

    name: str
    number: int
    state: str
    order: BuildOrder
    disputed: Collection[tuple[str, bytes]]

    def pieces(self) -> Iterator[str]:
        """Its entries, some lines at a time. Raises `ListError`, before the first where a file is damaged."""
        lines: list[str] = []
        for one in self.order.entries():
            wrong = (one.signal_type.value, one.value) in self.disputed
            opinion = Opinion.DISPUTED if wrong else ""
            lines.append(json_line(one.signal_type, one.value, one.category, one.since, opinion))
            if len(lines) == _LINES:
                yield "".join(lines)
                lines.clear()
        yield "".join(lines)


@dataclass(frozen=True, slots=True)
class Sharing:
    """Of `store`, the lists called `names` and no other."""

    store: ListStore
    names: frozenset[str]

    def find(self, name: str) -> Shared:
        """Raises `NoSuchList`, also for a list that is not shared or does not act."""
        if name not in self.names:
            raise NoSuchList(f"list {name[:64]!r} is not shared, or there is none")
        standings = OpinionStore(self.store.database).load().standings.items()
        disputed = frozenset(
            (kind.value, value)
            for (listed, kind, value), standing in standings
            if listed == name and standing is Standing.DISPUTED
        )
        with self.store.database.session() as session:
            hash_list = session.scalar(select(HashList).where(HashList.name == name))
            if hash_list is None or hash_list.active_number is None:
                raise NoSuchList(f"list {name!r} has no version that acts")
            version = version_of(hash_list, hash_list.active_number)
            stored = acting_version(session, self.store.folder, hash_list, version)
            order = BuildOrder((stored,), changes_of(session, [hash_list]))
            said = f"{order.generation} {sorted(disputed)}"
            state = f"{version.number}-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
            return Shared(name, version.number, state, order, disputed)

    def note(self, shared: Shared, key_id: str) -> None:
        """That it left the house, in the audit log."""
        with self.store.database.session() as session:
            said: dict[str, str | int] = {"list": shared.name, "version": shared.number}
            note_act(session, Act(f"key {key_id}"[:64], "list.shared", details=said))
