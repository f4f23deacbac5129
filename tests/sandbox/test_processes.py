"""Which processes there are, and that none outlives its server."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from tests.sandbox.conftest import (
    SCAN,
    TASK,
    alive,
    descendants,
    limits,
    open_sandbox,
    parent_of,
    said,
    tell,
)
from tests.support import eventually
from upload_guard.sandbox.pool import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

ROOT = Path(__file__).parents[2]

SERVER = """
import sys, time
from tests.sandbox.conftest import SCAN, TASK, descendants, limits, tell
from upload_guard.sandbox.pool import Sandbox
import os
sandbox = Sandbox(limits(), SCAN, TASK)
sandbox.start()
print(*descendants(os.getpid()), flush=True)
{then}
"""


def server(then: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A server in a process of its own, and the processes that its sandbox started."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER.format(then=then)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process.stdout:
        return process, [int(pid) for pid in process.stdout.readline().split()]


def all_end(pids: list[int]) -> bool:
    return eventually(lambda: not any(alive(pid) for pid in pids))


def test_closing_leaves_no_process() -> None:
    before = descendants(os.getpid())
    with open_sandbox() as sandbox:
        tell(sandbox, "exit")
        tell(sandbox, "pid")
        assert len(descendants(os.getpid()) - before) >= 2
    assert descendants(os.getpid()) <= before


def test_one_that_is_dropped_and_not_closed_leaves_no_process_and_no_warning() -> None:
    sandbox = Sandbox(limits(), SCAN, TASK)
    sandbox.start()
    ours = descendants(os.getpid())
    with warnings.catch_warnings(record=True) as said_then:
        warnings.simplefilter("always")
        del sandbox
        gc.collect()
    assert not said_then
    assert len(ours - descendants(os.getpid())) >= 2


def test_the_dead_are_reaped() -> None:
    with open_sandbox() as sandbox:
        sandbox.start()
        before = descendants(os.getpid())
        for _ in range(3):
            tell(sandbox, "exit")
        assert eventually(lambda: len(descendants(os.getpid())) <= len(before))


@pytest.mark.parametrize("end", ["sys.exit(0)", "raise RuntimeError", "del sandbox"])
def test_a_server_that_ends_leaves_no_process(end: str) -> None:
    process, pids = server(end)
    process.wait(60)
    assert len(pids) == 2
    assert all_end(pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_server_leaves_no_process_even_while_a_worker_hangs(number: signal.Signals) -> None:
    process, pids = server("tell(sandbox, 'hang-in-c')")
    time.sleep(0.2)
    process.send_signal(number)
    process.wait(60)
    assert len(pids) == 2
    assert all_end(pids)


def test_a_copy_of_the_channel_in_another_process_does_not_keep_the_zygote() -> None:
    process, pids = server("os.fork() or os.execvp('sleep', ['sleep', '300'])\ntime.sleep(300)")
    forked = eventually(lambda: bool(descendants(process.pid) - set(pids)))
    assert forked
    left = descendants(process.pid) - set(pids)
    process.kill()
    process.wait(60)
    try:
        assert all_end(pids)
    finally:
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def test_a_zygote_that_died_is_started_again() -> None:
    with open_sandbox(workers=1) as sandbox:
        first = int(said(sandbox, "pid"))
        zygote = parent_of(first)
        os.kill(zygote, signal.SIGKILL)
        assert eventually(lambda: not exists(first) or not alive(first))
        second = int(said(sandbox, "pid"))
        assert parent_of(second) != zygote


def test_a_forked_child_has_workers_of_its_own_and_the_parent_keeps_its() -> None:
    with open_sandbox(workers=1) as sandbox:
        ours = said(sandbox, "pid")
        theirs = in_child(lambda: said(sandbox, "pid"))
        assert theirs.isdigit()
        assert theirs != ours
        assert said(sandbox, "pid") == ours
        assert eventually(lambda: not exists(int(theirs)))


def test_a_fork_while_another_thread_holds_a_lock_does_no_harm() -> None:
    with open_sandbox(workers=1) as sandbox:
        sandbox.start()
        with sandbox._changed, sandbox._starting:
            assert in_child(lambda: said(sandbox, "pid")).isdigit()


def in_child(call: object) -> str:
    """What `call` gives in a forked child that then ends as servers' children do, in good order."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(120)
        try:
            os.write(writing, call().encode())  # type: ignore[operator]
        finally:
            import upload_guard.sandbox.pool as pool

            pool._close_all()
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_descriptors_of_a_server_do_not_grow() -> None:
    with open_sandbox(workers=1) as sandbox:
        sandbox.start()
        before = descriptors()
        for _ in range(5):
            tell(sandbox, "exit")
            tell(sandbox, "pid")
        # Threads of other tests open and close some, too.
        assert eventually(lambda: descriptors() < before + 5)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_signals_of_the_terminal_do_not_reach_the_workers(sandbox: Sandbox) -> None:
    worker = int(said(sandbox, "pid"))
    assert os.getpgid(worker) != os.getpgid(0)
