"""The snapshot in force: looked after by a thread of its own, replaced within a second, never half.

Whoever asks gets what is there at once; opening and reading the next snapshot is the thread's business. The
old one is unmapped when the last query that holds it ends. While the next one is missing and has to be built,
which takes long or fails, the one in use goes on with what was retracted since.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import Protocol

from upload_guard.errors import NotReady, SnapshotDamaged, UploadGuardError
from upload_guard.matching.files import SnapshotFiles
from upload_guard.matching.mender import FIRST_PAUSE, Mender
from upload_guard.matching.snapshot import Snapshot

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5
# How long the first uploads after a start wait for the lists before they are told to come again.
_PATIENCE = 5.0


class SnapshotSource(Protocol):
    """Where snapshots come from."""

    def generation(self) -> str:
        """The name of what is in force now; cheap, and changes when that does."""
        ...

    def load(self, before: Snapshot | None) -> Snapshot:
        """A snapshot ready for use, all of it in memory. `before` is the one used so far.

        Raises `SnapshotDamaged` where it has to be built first.
        """
        ...

    def carry_on(self, before: Snapshot) -> Snapshot:
        """`before` with all that has been retracted since; itself where nothing has."""
        ...

    def mend(self) -> None:
        """Build what `load` lacks; may take long."""
        ...


class LiveSnapshot:
    """Call it for the snapshot to use now. One a process; safe for threads, and for forks before its use."""

    def __init__(
        self, source: SnapshotSource, look_every: float = _LOOK_EVERY, first_pause: float = FIRST_PAUSE
    ) -> None:
        self._source = source
        self._mender = Mender(source.mend, first_pause)
        self._lacked: tuple[str, int] | None = None
        self._look_every = look_every
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._looked = threading.Event()
        self._snapshot: Snapshot | None = None
        self.fault = ""
        """Why the entries in force are not the newest, for health; empty where they are."""
        self.since = 0.0
        """When what is in force was taken over, in seconds since 1970; 0 before."""

    def __call__(self) -> Snapshot:
        """Raises `NotReady` while nothing could be loaded yet; later faults keep the last good one."""
        self.start()
        snapshot = self._snapshot
        if snapshot is None and self._looked.wait(_PATIENCE):
            snapshot = self._snapshot
        if snapshot is None:
            raise NotReady(f"no list could be loaded: {self.fault or 'they are being read or built'}")
        return snapshot

    @property
    def files(self) -> SnapshotFiles | None:
        """What is mapped now, if anything is."""
        return self._snapshot.files if self._snapshot else None

    def look(self) -> None:
        """Take over what is in force now; the thread does so by itself."""
        attempts = self._mender.attempts
        try:
            wanted = self._source.generation()
            if self._snapshot is None or self._snapshot.generation != wanted:
                self._take_over(wanted)
            else:
                self._have_all()
        except UploadGuardError as fault:
            self._say(str(fault))
        except Exception as fault:
            # The thread must live on: without it no retraction would act any more.
            log.exception("lists could not be loaded")
            self._say(f"a fault of our own: {type(fault).__name__}")
        finally:
            # The first uploads wait for the first attempt to build, too, and for a look at what came of it:
            # it may have ended before this look does.
            if self._snapshot or not (self._mender.building or self._mender.attempts > attempts):
                self._looked.set()

    def _take_over(self, wanted: str) -> None:
        # Reading it once more is of no use before something has changed.
        lacked = wanted, self._mender.attempts
        if lacked == self._lacked:
            self._mender.begin()
            return
        try:
            self._snapshot = self._source.load(self._snapshot)
            self.since = time.time()
        except SnapshotDamaged as fault:
            self._mender.begin()
            self._say(self._mender.fault or str(fault))
            if self._snapshot is not None:
                self._snapshot = self._source.carry_on(self._snapshot)
            self._lacked = lacked
        else:
            self._have_all()

    def _have_all(self) -> None:
        self._lacked = None
        self._mender.all_well()
        self._say("")

    def _say(self, fault: str) -> None:
        if fault and fault != self.fault:
            log.warning(
                "ALARM: lists could not be loaded, the last good ones stay, without what is retracted: %s",
                fault,
            )
        self.fault = fault

    def start(self) -> None:
        """Begin loading, unless that is done; the first call does it, too."""
        # A forked child has the object and not the thread.
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # It holds no reference between looks, so that it ends with the object.
                self._thread = threading.Thread(
                    target=_keep_looking,
                    args=(weakref.ref(self), self._look_every),
                    name="upload-guard-lists",
                    daemon=True,
                )
                self._thread.start()


def _keep_looking(live: weakref.ref[LiveSnapshot], every: float) -> None:
    used: SnapshotFiles | None = None
    while (alive := live()) is not None:
        alive.look()
        before, used = used, alive.files
        del alive
        time.sleep(every)
        # By now no query is likely to need the old one, and none is harmed if it does.
        if before is not None and before is not used:
            before.release()
