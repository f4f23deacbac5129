"""What has been added to and retracted from lists since a snapshot was built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from upload_guard.records import Entry, SignalType

ListedValue = tuple[str, SignalType, bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement about a hash of a list: `entry` is what was added, None retracts the hash.

    An addition belongs to one version; a retraction holds for every version of the list, until the hash is
    added again to any. Sequences rise in the order in which changes took effect.
    """

    sequence: int
    list_name: str
    signal_type: SignalType
    value: bytes
    entry: Entry | None


class Delta:
    """What stands after `changes`, in the order of their sequences, where `versions` are active by list."""

    def __init__(self, changes: Iterable[Change] = (), versions: Mapping[str, int] | None = None) -> None:
        active = versions or {}
        retracted: set[ListedValue] = set()
        added: dict[ListedValue, dict[int, Entry]] = {}
        for change in changes:
            hash_of_list = change.list_name, change.signal_type, change.value
            if change.entry is None:
                retracted.add(hash_of_list)
                added.pop(hash_of_list, None)
            else:
                retracted.discard(hash_of_list)
                added.setdefault(hash_of_list, {})[change.entry.version] = change.entry
        self.retracted = frozenset(retracted)
        self.added = tuple(
            versions[active[list_name]]
            for (list_name, _, _), versions in added.items()
            if active.get(list_name) in versions
        )

    def applied_to(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """`entries` without what was retracted, then those added."""
        for entry in entries:
            if (entry.list_name, entry.signal_type, entry.value) not in self.retracted:
                yield entry
        yield from self.added
