"""Tables and snapshots built of what a test lists, by the builder that everybody uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from upload_guard.matching.bands import plan_bands
from upload_guard.matching.build import Batches, build_snapshot
from upload_guard.matching.delta import Change, Delta
from upload_guard.matching.files import SnapshotFiles, open_files
from upload_guard.matching.snapshot import Snapshot
from upload_guard.matching.table import Table
from upload_guard.records import Entry, SignalType

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def entry_of(
    kind: SignalType,
    value: bytes,
    list_name: str = "list",
    number: int = 5,
    category: str = "baseline",
    since: datetime = SINCE,
) -> Entry:
    return Entry(list_name, 3, "origin", category, kind, value, since, number)


def files_of(folder: Path, entries: Iterable[Entry], worth_bands: int = 16_384) -> SnapshotFiles:
    """Built below `folder`, with bands from `worth_bands` entries on."""
    target = Path(mkdtemp(dir=folder)) / "snapshot"
    plan = partial(plan_bands, worth_bands=worth_bands)
    build_snapshot(target, "generation", 0, Batches(entries), plan=plan)
    return open_files(target)


def table_of(folder: Path, kind: SignalType, values: Sequence[bytes], worth_bands: int = 16_384) -> Table:
    entries = [entry_of(kind, value, number=number) for number, value in enumerate(values)]
    return files_of(folder, entries, worth_bands).tables[kind]


def snapshot_of(folder: Path, entries: Iterable[Entry], changes: Iterable[Change] = ()) -> Snapshot:
    """A built snapshot; `changes` came after it, to lists whose third version is active."""
    changed = tuple(changes)
    versions = {change.list_name: 3 for change in changed}
    return Snapshot("generation", files_of(folder, entries), Delta(changed, versions))


def added(sequence: int, entry: Entry) -> Change:
    return Change(sequence, entry.list_name, entry.signal_type, entry.value, entry)


def retracted(sequence: int, kind: SignalType, value: bytes, list_name: str = "list") -> Change:
    return Change(sequence, list_name, kind, value, None)


class Complete:
    """The half of a source of snapshots that lacks nothing."""

    def carry_on(self, before: Snapshot) -> Snapshot:
        return before

    def mend(self) -> None:
        raise AssertionError("nothing was lacking")
