"""A list version on trial: built as its activation would build it, in a folder that is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.gate.aside import write_aside
from upload_guard.lists.gate.gate import Decision, GateReport
from upload_guard.lists.gate.gatekeeper import report_on
from upload_guard.lists.orders import BuildOrder, order_of
from upload_guard.lists.store import ListStore
from upload_guard.matching.build import Batches, Progress, build_snapshot
from upload_guard.matching.files import open_files
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Entry, SignalType

Watch = Callable[[Iterable[Entry]], Iterator[Entry]]
"""Is given all entries and gives them on, looking at each."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be in force: a version of one list, without what is put aside, beside all other lists.

    `number` is the version's, `report` what the gate says of it.
    """

    list_name: str
    number: int
    report: GateReport
    order: BuildOrder
    folder: Path

    @property
    def others(self) -> tuple[str, ...]:
        """The lists that act beside it."""
        return tuple(one.list_name for one in self.order.versions if one.list_name != self.list_name)

    @property
    def kinds(self) -> frozenset[SignalType]:
        """The signal types of the version's own entries."""
        return frozenset(row.signal_type for row in self.report.rows if row.now)

    def build(self, watch: Watch, progress: Progress) -> Snapshot:
        """The entries in memory; `watch` sees each once. Raises `ListError` and `StorageFailed`."""
        target = self.folder / "snapshot"
        batches = Batches(watch(self.order.entries()))
        try:
            build_snapshot(target, self.order.set_name, self.order.newest.sequence, batches, progress)
        except OSError as error:
            raise StorageFailed(f"{target}: cannot be built: {error.strerror}") from error
        return Snapshot(self.order.generation, open_files(target))


def put_on_trial(lists: ListStore, name: str, number: int | None, folder: Path) -> Trial:
    """The version of the list NAME (the newest where `number` is None), which the gate may hold.

    Everything is written below `folder`. Raises `ListError`, also for what the gate refuses, and
    `StorageFailed`.
    """
    candidate = lists.candidate(name, number)
    stored = candidate.version
    try:
        # What belongs beside the version's file goes beside this other name of it.
        link = folder / stored.file.name
        link.symlink_to(stored.file.absolute())
        version = replace(stored, file=link)
        report = report_on(replace(candidate, version=version), lists.bank())
        if report.decision is Decision.REFUSED:
            raise ListError(f"list {name!r} version {version.number} is refused: {'; '.join(report.why)}")
        version = replace(version, aside=write_aside(version, report.aside))
    except OSError as error:
        raise StorageFailed(f"{folder}: cannot be written: {error.strerror}") from error
    with lists.database.session() as session:
        order = order_of(session, lists.folder, {name: version})
    return Trial(name, version.number, report, order, folder)
