"""What people ask for on the pages of lists, done in a process of its own: reading millions of hashes would
keep uploads waiting.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from upload_guard.compose import build_reevaluator, foretell, open_lists
from upload_guard.errors import Unavailable, UploadGuardError
from upload_guard.housekeeping import Housekeeper, Job
from upload_guard.lists.gate.gate import GateReport
from upload_guard.lists.tasks.comparing import difference
from upload_guard.lists.tasks.report_rows import ReportShown
from upload_guard.lists.tasks.tasks import ListTasks, Task, TaskAct
from upload_guard.logs import log_to_stderr
from upload_guard.quarantine.deciding.reevaluation import Reevaluated
from upload_guard.settings import Settings
from upload_guard.storage.database import Database

log = logging.getLogger(__name__)

PERSON = "upload_guard"
_LOW_PRIORITY = 10
_OF_OUR_OWN = "an error of upload_guard's own, which its log has"


def list_worker(settings: Settings, database: Database) -> Housekeeper:
    """The thread that sees to it; of all processes of the machine, one at a time does."""
    job = Job("list-tasks", lambda: do_asked(settings, database), mark=database.mark)
    return Housekeeper((job,), settings.data_dir)


def do_asked(settings: Settings, database: Database) -> None:
    """Do what is asked for, if anything is; returns when that is done. Raises `StorageFailed`."""
    tasks = ListTasks(database)
    tasks.ask_of_waiting_versions(PERSON, datetime.now(UTC))
    if not tasks.waiting():
        return
    # Not forked: a copy of a process full of threads may wait for ever for a lock that one of them had.
    process = multiprocessing.get_context("spawn").Process(
        target=_do_all, args=(settings,), name="upload-guard-lists", daemon=True
    )
    process.start()
    process.join()
    if process.exitcode:
        log.warning("ALARM: what was asked for on the pages of lists ended with code %s", process.exitcode)
        tasks.give_up_oldest()


def _do_all(settings: Settings) -> None:
    os.nice(_LOW_PRIORITY)
    log_to_stderr(settings.log)
    do_all(settings)


def do_all(settings: Settings) -> None:
    """One task after another, until none waits. For one process at a time. Raises `StorageFailed`."""
    lists = open_lists(settings)
    tasks = ListTasks(lists.database)
    tasks.give_up_lost()
    while (task := tasks.begin()) is not None:
        reports: list[GateReport] = []
        fault = ""
        outcome: Mapping[str, Any] = {}
        try:
            outcome = _ACTS[task.act](settings, task, reports)
        except UploadGuardError as error:
            fault = str(error)
        except Exception:
            log.exception("%s of list %r failed, by an error of our own", task.act, task.list_name)
            fault = _OF_OUR_OWN
        # What the gate said is worth knowing above all where it let nothing pass.
        heard = {"report": ReportShown.of(reports[-1]).row()} if reports else {}
        tasks.end(task, heard | dict(outcome), fault)


def _activate(settings: Settings, task: Task, reports: list[GateReport]) -> Mapping[str, Any]:
    lists = open_lists(settings)
    version = lists.activate(task.list_name, task.version, task.person, tell=reports.append)
    return {"entries": version.entries, "cases": _judged_again(settings)}


def _roll_back(settings: Settings, task: Task, reports: list[GateReport]) -> Mapping[str, Any]:
    lists = open_lists(settings)
    version = lists.rollback(task.list_name, task.version, task.person, tell=reports.append)
    return {"entries": version.entries, "cases": _judged_again(settings)}


def _judged_again(settings: Settings) -> dict[str, int]:
    """What became of undecided cases here; servers do the same at the same time, and count for themselves."""
    try:
        return asdict(build_reevaluator(settings).run())
    except Unavailable as fault:
        log.info("open cases are judged again by the servers: %s", fault)
        return asdict(Reevaluated())


def _examine(settings: Settings, task: Task, reports: list[GateReport]) -> Mapping[str, Any]:
    reports.append(open_lists(settings).examine(task.list_name, task.version))
    return {}


def _foretell(settings: Settings, task: Task, _reports: list[GateReport]) -> Mapping[str, Any]:
    return foretell(settings, task.list_name, task.version).row()


def _compare(settings: Settings, task: Task, _reports: list[GateReport]) -> Mapping[str, Any]:
    rows = difference(open_lists(settings), task.list_name, task.version, task.against or task.version)
    return {"rows": [asdict(row) for row in rows]}


_ACTS: Mapping[TaskAct, Callable[[Settings, Task, list[GateReport]], Mapping[str, Any]]] = {
    TaskAct.ACTIVATE: _activate,
    TaskAct.ROLLBACK: _roll_back,
    TaskAct.EXAMINE: _examine,
    TaskAct.FORECAST: _foretell,
    TaskAct.COMPARE: _compare,
}
