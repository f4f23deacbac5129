"""The folder of built snapshots: which there are for a set of versions, building and clearing up."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import SnapshotDamaged, StorageFailed
from upload_guard.lists.orders import BuildOrder, Fold
from upload_guard.matching.build import Batches, Progress, build_snapshot
from upload_guard.matching.files import SnapshotFiles, open_files
from upload_guard.storage.locks import exclusive_lock

log = logging.getLogger(__name__)

# A process that has just read the rows may be about to open what they then named.
_KEEP_SECONDS = 600.0
# As `SnapshotFolder.path` names them.
_OURS = re.compile(r"[0-9a-f]{32}-[0-9]{1,20}-([0-9a-f]{8}|0)")


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """Snapshots below `folder`, each in one of its own, named by its versions and the last change in it."""

    folder: Path

    def newest(self, order: BuildOrder) -> Fold | None:
        """The last state of the changes at which there is a snapshot of these versions."""
        folds = (fold_of(path) for path in self._all(_name(order.set_name)))
        return max((fold for fold in folds if order.has(fold)), key=lambda fold: fold.sequence, default=None)

    def open(self, order: BuildOrder, fold: Fold) -> SnapshotFiles:
        """Mapped, compared with its sums, and so read into memory. Raises `SnapshotDamaged`."""
        files = open_files(self.path(order, fold))
        files.read()
        return files

    def build(self, order: BuildOrder, progress: Progress) -> None:
        """Build the snapshot at the newest change in this process; once on this machine.

        Raises `ListError` if the versions cannot be read, `StorageFailed` if it cannot be written.
        """
        target = self.path(order, order.newest)
        with exclusive_lock(self.folder / ".build.lock"):
            if _is_whole(target):
                return
            try:
                # What was being built when its builder was killed, and what is damaged.
                for left in (*self.folder.glob("*.part"), target):
                    shutil.rmtree(left, ignore_errors=True)
                batches = Batches(order.entries())
                build_snapshot(target, order.set_name, order.newest.sequence, batches, progress)
            except OSError as error:
                raise StorageFailed(f"{target}: cannot be built: {error.strerror}") from error

    def clear_up(self, *kept: BuildOrder) -> None:
        """Remove all snapshots but the newest of `kept`, unless they are a few minutes old."""
        needed = {self.path(order, fold) for order in kept if (fold := self.newest(order)) is not None}
        for path in set(self._all("*")) - needed:
            try:
                if time.time() - path.stat().st_mtime > _KEEP_SECONDS:
                    # Whoever has it mapped goes on using it.
                    shutil.rmtree(path)
            except OSError as error:
                log.warning("an old snapshot stays: %s: %s", path, error.strerror)

    def _all(self, name: str) -> Iterator[Path]:
        # Whatever else somebody has put there is no business of ours.
        return (path for path in self.folder.glob(f"{name}-*-*") if _OURS.fullmatch(path.name))

    def path(self, order: BuildOrder, fold: Fold) -> Path:
        return self.folder / f"{_name(order.set_name)}-{fold.sequence}-{fold.mark}"


def _name(set_name: str) -> str:
    return hashlib.sha256(set_name.encode()).hexdigest()[:32]


def fold_of(path: Path) -> Fold:
    """The last change in the snapshot at `path`, by its name."""
    _, sequence, mark = path.name.split("-")
    return Fold(int(sequence), mark)


def _is_whole(folder: Path) -> bool:
    try:
        open_files(folder).verify()
    except SnapshotDamaged:
        return False
    return True
