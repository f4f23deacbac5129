"""What was asked for on the pages of lists is done, by the functions that commands use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import (
    activate_listed_picture,
    listed_hashes,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, open_cases, open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.gate import Decision, DiffRow
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.tasks.report_rows import ReportShown
from upload_guard.lists.tasks.tasks import ListTasks, Task, TaskAct, Wish
from upload_guard.quarantine.deciding.reevaluation import Reevaluated
from upload_guard.quarantine.states import CaseState
from upload_guard.records import SignalType
from upload_guard.rehearsal.forecast import Forecast, UploadsForeseen
from upload_guard.settings import Settings
from upload_guard.sidecar.list_work import do_all, do_asked

LISTED = listed_hashes(picture_bytes(1))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Version 1, which acts, has one picture; version 2, which waits, has another."""
    own = settings_in(tmp_path, benign={"shipped": False}, signal_log={"days": 30})
    activate_listed_picture(own)
    import_version(own, listed_hashes(picture_bytes(2)))
    return own


def import_version(settings: Settings, hashes: list[ListedHash]) -> None:
    order = ImportOrder("test-list", "test", "baseline", None, "tester")
    open_lists(settings).import_version(order, hashes)


def done(settings: Settings, act: TaskAct, version: int = 2, against: int | None = None) -> Task:
    tasks = ListTasks(open_lists(settings).database)
    asked = tasks.ask(Wish(act, "test-list", version, against), "ann")
    do_all(settings)
    return tasks.one(asked.number)


def active(settings: Settings) -> int:
    (number,) = (one.number for one in open_lists(settings).versions() if one.active)
    return number


def send(station: Station, seed: int) -> str:
    (outcome,) = station.guard.check([upload_of(picture_bytes(seed))])
    return outcome.case


def test_a_version_is_activated_in_the_name_of_who_asked(settings: Settings) -> None:
    task = done(settings, TaskAct.ACTIVATE)
    assert (task.fault, task.outcome["entries"], active(settings)) == ("", 3, 2)
    (version,) = (one for one in open_lists(settings).versions() if one.active)
    assert version.activated_by == "ann"
    assert ReportShown.from_row(task.outcome["report"]).decision is Decision.PASSES


def test_a_list_goes_back_and_undecided_cases_are_judged_again(settings: Settings) -> None:
    done(settings, TaskAct.ACTIVATE)
    case = send(quiet_station(settings), 2)
    task = done(settings, TaskAct.ROLLBACK, 1)
    assert active(settings) == 1
    assert Reevaluated(**task.outcome["cases"]) == Reevaluated(judged=1, proposed=1)
    assert open_cases(settings).one(case).state is CaseState.RELEASE_PROPOSED


def test_what_the_gate_holds_does_not_act_and_the_task_says_why(settings: Settings) -> None:
    done(settings, TaskAct.ACTIVATE)
    import_version(settings, LISTED[:1])
    task = done(settings, TaskAct.ACTIVATE, 3)
    assert "is held: it shrinks from 3 to 1 acting entries" in task.fault
    report = ReportShown.from_row(task.outcome["report"])
    assert (report.decision, report.acting, active(settings)) == (Decision.HELD, 1, 2)


def test_examining_tells_what_is_put_aside_and_no_hash(settings: Settings) -> None:
    import_version(settings, [*LISTED, ListedHash(SignalType.PDQ, bytes(32))])
    task = done(settings, TaskAct.EXAMINE, 3)
    report = ReportShown.from_row(task.outcome["report"])
    assert (report.entries, report.acting, len(report.named)) == (4, 3, 1)
    assert sum(report.aside.values()) == 1
    assert not any(one.value.hex() in str(task.outcome) for one in LISTED)


def test_two_versions_are_compared(settings: Settings) -> None:
    task = done(settings, TaskAct.COMPARE, 2, 1)
    rows = [DiffRow(**row) for row in task.outcome["rows"]]
    assert {(row.signal_type, row.category, row.added, row.removed) for row in rows} == {
        (kind.value, "baseline", 1, 1) for kind in (SignalType.SHA256, SignalType.MD5, SignalType.PDQ)
    }


def test_the_forecast_is_what_then_comes(settings: Settings) -> None:
    station = quiet_station(settings)
    held, passed = send(station, 1), send(station, 2)
    for job in station.housekeeper.jobs:
        if job.name == "signal-log":
            job.run()
    assert (bool(held), passed) == (True, "")
    forecast = Forecast.from_row(done(settings, TaskAct.FORECAST).outcome)
    assert forecast.cases == Reevaluated(judged=1, proposed=1)
    assert forecast.uploads == UploadsForeseen(days=7, uploads=2, blocked=1, held=0, passed=1)
    assert open_cases(settings).one(held).state is CaseState.OPEN
    assert active(settings) == 1
    assert Reevaluated(**done(settings, TaskAct.ACTIVATE).outcome["cases"]) == forecast.cases


def test_without_a_signal_log_the_forecast_tells_of_cases_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, signal_log={"days": 0})
    activate_listed_picture(settings)
    assert Forecast.from_row(done(settings, TaskAct.FORECAST, 1).outcome).uploads is None


def test_one_that_fails_does_not_keep_the_next_from_being_done(settings: Settings) -> None:
    tasks = ListTasks(open_lists(settings).database)
    bad = tasks.ask(Wish(TaskAct.EXAMINE, "test-list", 1), "ann")
    (settings.lists_dir / "test-list" / "000001.jsonl").write_bytes(b"damaged")
    good = tasks.ask(Wish(TaskAct.EXAMINE, "test-list", 2), "ann")
    do_all(settings)
    assert "damaged" in tasks.one(bad.number).fault
    assert tasks.one(good.number).fault == ""


def test_a_process_of_its_own_does_it(settings: Settings) -> None:
    tasks = ListTasks(open_lists(settings).database)
    task = tasks.ask(Wish(TaskAct.FORECAST, "test-list", 2), "ann")
    do_asked(settings, tasks.database)
    assert tasks.one(task.number).fault == ""
    assert tasks.one(task.number).ended
    assert not tasks.waiting()
