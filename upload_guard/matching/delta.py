"""What has been added to and retracted from lists since a snapshot was built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from upload_guard.records import Entry, SignalType

ListedValue = tuple[str, SignalType, bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement about a hash of a list: `entry` is what was added, None retracts the hash.

    An addition belongs to one version, beside what that holds already; a retraction takes the hash out of
    every version of the list. Added again, it acts as the new entry alone in its own version, and in the
    others as those hold it. Sequences rise in the order in which changes took effect.
    """

    sequence: int
    list_name: str
    signal_type: SignalType
    value: bytes
    entry: Entry | None


class Delta:
    """What has become of entries that have the changes up to the sequence `after` in them.

    `changes` are all, from the first, in the order of their sequences; `versions` are active by list.
    Whatever `after` is, the same entries come out. `returned` tells of a hash that an earlier change took
    out, and a later one, to another version, gives back: entries without it cannot be brought up to date.
    """

    def __init__(
        self, changes: Iterable[Change] = (), versions: Mapping[str, int] | None = None, after: int = 0
    ) -> None:
        active = versions or {}
        # When each was taken out, and what was added when, by category: the first of equal ones counts.
        gone: dict[ListedValue, int] = {}
        added: dict[ListedValue, dict[str, tuple[int, Entry]]] = {}
        self.returned = False
        for change in changes:
            hash_of_list = change.list_name, change.signal_type, change.value
            if change.entry is None:
                gone[hash_of_list] = change.sequence
                added.pop(hash_of_list, None)
            elif change.entry.version == active.get(change.list_name):
                ours = added.setdefault(hash_of_list, {})
                ours.setdefault(change.entry.category, (change.sequence, change.entry))
            elif hash_of_list in gone and hash_of_list not in added:
                del gone[hash_of_list]
                self.returned |= change.sequence > after > 0
        self.retracted = frozenset(one for one, sequence in gone.items() if sequence > after)
        self.added = tuple(
            entry for ours in added.values() for sequence, entry in ours.values() if sequence > after
        )

    def applied_to(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """`entries` without what was retracted, then those added."""
        for entry in entries:
            if (entry.list_name, entry.signal_type, entry.value) not in self.retracted:
                yield entry
        yield from self.added
