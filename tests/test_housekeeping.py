"""What has to be done now and then, in each process."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from tests.support import eventually
from upload_guard.errors import StorageFailed
from upload_guard.housekeeping import Housekeeper, Job


class Watched:
    """A job that looks at `rows`, and how often it was run."""

    def __init__(self, folder: Path, run: Callable[[], object] = bool, rests: float = 600.0) -> None:
        self.rows = 0
        self.runs = 0
        self._does = run
        self.job = Job("job", self._run, every=0.0, mark=lambda: self.rows, rests=rests)
        self.house = Housekeeper((self.job,), folder)

    def _run(self) -> None:
        self.runs += 1
        self._does()

    def runs_after(self, looks: int) -> int:
        for _ in range(looks):
            self.house.look()
        return self.runs


def test_jobs_begin_with_start(tmp_path: Path) -> None:
    done = threading.Event()
    house = Housekeeper((Job("job", done.set),), tmp_path)
    house.start()
    assert done.wait(60)


def test_a_child_forked_while_the_thread_begins_has_a_thread_of_its_own(tmp_path: Path) -> None:
    done = threading.Event()
    house = Housekeeper((Job("job", done.set, every=600.0),), tmp_path)
    house.start()
    assert done.wait(60)
    with house._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            done.clear()
            house.start()
            os._exit(0 if done.wait(50) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_job_runs_again_only_once_what_it_looks_at_has_changed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.runs_after(3) == 1
    watched.rows += 1
    assert watched.runs_after(3) == 2


def test_what_changes_while_a_job_runs_has_it_run_once_more(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched._does = lambda: setattr(watched, "rows", 1)
    assert watched.runs_after(3) == 2


def test_a_job_runs_all_the_same_when_the_clock_may_have_brought_something(tmp_path: Path) -> None:
    assert Watched(tmp_path, rests=0.0).runs_after(3) == 3


def test_a_job_that_says_nothing_of_what_it_looks_at_runs_each_time(tmp_path: Path) -> None:
    runs: list[int] = []
    house = Housekeeper((Job("job", lambda: runs.append(1), every=0.0),), tmp_path)
    house.look()
    house.look()
    assert len(runs) == 2


def test_a_job_that_failed_is_tried_again_though_nothing_has_changed(tmp_path: Path) -> None:
    faults = [StorageFailed("a fault"), ZeroDivisionError()]

    def fail() -> None:
        if faults:
            raise faults.pop()

    assert Watched(tmp_path, fail).runs_after(5) == 3


def test_a_job_of_every_few_hours_that_failed_is_tried_again_in_a_minute(tmp_path: Path) -> None:
    def fails() -> None:
        raise StorageFailed("for now")

    failing, going_well = Job("failing", fails, every=3600.0), Job("going-well", bool, every=3600.0)
    house = Housekeeper((failing, going_well), tmp_path)
    house.look()
    assert house.until_due(failing) <= 60 < house.until_due(going_well)


def test_a_job_that_another_process_was_doing_is_not_done(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with watched.house.lock_of(watched.job).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert watched.runs_after(2) == 0
    assert watched.runs_after(2) == 1


def test_its_threads_end_with_a_house_however_long_they_were_to_sleep(tmp_path: Path) -> None:
    done = threading.Event()
    house = Housekeeper((Job("that ends", done.set, every=3600.0),), tmp_path)
    house.start()
    assert done.wait(5)
    del house
    gc.collect()
    assert eventually(lambda: "upload-guard-that ends" not in {one.name for one in threading.enumerate()})
