"""Lists that may be asked about privately are prepared for that when they change: in a process of its own,
since a million evaluations take a minute.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time

from upload_guard.compose import disclosed_lists, open_lists, prepare_private_set, private_set_is_due
from upload_guard.errors import UploadGuardError
from upload_guard.housekeeping import Housekeeper, Job
from upload_guard.lists.opinions import OpinionStore
from upload_guard.lists.store import ListStore
from upload_guard.logs import log_to_stderr
from upload_guard.moments import utc_now
from upload_guard.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY = 2.0
# What failed is not tried again at once, and what is there is looked over as often.
_PAUSE = 60.0
_LOW_PRIORITY = 10


def private_preparer(settings: Settings, lists: ListStore) -> Housekeeper:
    """The thread that sees to it; of all processes of the machine, one at a time does."""
    work = _Work(settings, lists)
    return Housekeeper((Job("private-checks", work.run, every=_LOOK_EVERY),), settings.data_dir)


class _Work:
    """Remembers what was in force when it was prepared last, by as few rows as that takes."""

    def __init__(self, settings: Settings, lists: ListStore) -> None:
        self._settings, self._lists = settings, lists
        self._prepared = ""
        self._looked = self._failed = -_PAUSE

    def run(self) -> None:
        """Raises `StorageFailed`."""
        in_force, now = self._in_force(), time.monotonic()
        if now - self._failed < _PAUSE or (in_force == self._prepared and now - self._looked < _PAUSE):
            return
        if not private_set_is_due(self._settings, self._lists):
            self._prepared, self._looked = in_force, now
            return
        # Not forked: a copy of a process full of threads may wait for ever for a lock that one of them had.
        process = multiprocessing.get_context("spawn").Process(
            target=_prepare, args=(self._settings,), name="upload-guard-private", daemon=True
        )
        process.start()
        process.join()
        if process.exitcode:
            log.warning("ALARM: private checks could not be prepared, the last ones stay")
            self._failed = time.monotonic()

    def _in_force(self) -> str:
        opinions = OpinionStore(self._lists.database).generation()
        return f"{self._lists.generation()} {opinions} {utc_now().date()}"


def _prepare(settings: Settings) -> None:
    os.nice(_LOW_PRIORITY)
    log_to_stderr(settings.log)
    begun = time.monotonic()
    try:
        prepare_private_set(settings, open_lists(settings))
    except UploadGuardError as fault:
        log.warning("private checks: %s", fault)
        sys.exit(1)
    names = ", ".join(disclosed_lists(settings))
    log.info("private checks of %s were prepared in %.1f s", names, time.monotonic() - begun)
