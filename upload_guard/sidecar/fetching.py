"""Lists that have an exchange are fetched when their time has come: in a process of its own, since reading
millions of hashes would keep uploads waiting.
"""

from __future__ import annotations

import logging
import multiprocessing
from datetime import timedelta

from upload_guard.compose import build_sync, due_lists
from upload_guard.errors import UploadGuardError
from upload_guard.housekeeping import Housekeeper, Job
from upload_guard.logs import log_to_stderr
from upload_guard.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY = 20.0
# An exchange that fails is not asked again at once.
_PAUSE = timedelta(minutes=10)
PERSON = "sidecar"


def fetcher(settings: Settings) -> Housekeeper:
    """The thread that sees to it; of all processes of the machine, one at a time does."""
    return Housekeeper((Job("fetching", lambda: fetch_due(settings), every=_LOOK_EVERY),), settings.data_dir)


def fetch_due(settings: Settings) -> None:
    """Fetch what is due, if anything is; returns when that is done. Raises `StorageFailed`."""
    names = due_lists(settings, _PAUSE)
    if not names:
        return
    # Not forked: a copy of a process full of threads may wait for ever for a lock that one of them had.
    process = multiprocessing.get_context("spawn").Process(
        target=_fetch, args=(settings, names), name="upload-guard-fetching", daemon=True
    )
    process.start()
    process.join()
    if process.exitcode:
        log.warning("ALARM: fetching lists ended with exit code %s", process.exitcode)


def _fetch(settings: Settings, names: tuple[str, ...]) -> None:
    log_to_stderr(settings.log)
    for name in names:
        try:
            report = build_sync(settings, name, PERSON).run()
        except UploadGuardError:
            # The run has told of it, in the log and in its row.
            continue
        if report.is_new:
            log.info(
                "list %r is version %d now, %d entries", name, report.version.number, report.version.entries
            )
        if report.waits:
            log.warning("list %r: version %d waits: %s", name, report.version.number, report.waits)
