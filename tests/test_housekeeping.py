"""What has to be done now and then, in each process."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from upload_guard.housekeeping import Housekeeper, Job


def test_jobs_begin_with_start(tmp_path: Path) -> None:
    done = threading.Event()
    house = Housekeeper((Job("job", done.set),), tmp_path)
    house.start()
    assert done.wait(5)


def test_a_child_forked_while_the_thread_begins_has_a_thread_of_its_own(tmp_path: Path) -> None:
    done = threading.Event()
    house = Housekeeper((Job("job", done.set, every=600.0),), tmp_path)
    house.start()
    assert done.wait(5)
    with house._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(5)
            done.clear()
            house.start()
            os._exit(0 if done.wait(4) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
