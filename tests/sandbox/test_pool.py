"""Whatever a file does to its worker, it costs that one file an answer, and the next is answered soon."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from tests.sandbox.conftest import SCAN, descendants, limits, open_sandbox, parent_of, said, tell
from tests.support import BytesContent, eventually, picture_bytes
from upload_guard.errors import Busy, CheckFailed, Unavailable
from upload_guard.records import Analysis
from upload_guard.sandbox.pool import Sandbox
from upload_guard.spans import Span

pytestmark = pytest.mark.live


def answers(sandbox: Sandbox) -> bool:
    """Whether the next file finds a worker that reads it."""
    return bool(sandbox.analyse(BytesContent(picture_bytes(1))).signals)


def zygote(sandbox: Sandbox) -> int:
    """Who forks the workers: as long as it is the same, none has to start and import all anew."""
    return parent_of(int(said(sandbox, "pid")))


def begun(sandbox: Sandbox) -> bool:
    """Whether the only worker has a file."""
    return eventually(lambda: not sandbox._idle)


@pytest.mark.parametrize("word", ["segfault", "abort", "exit", "leave", "garbage", "announce-much"])
def test_what_ends_or_betrays_a_worker_costs_one_file(sandbox: Sandbox, word: str) -> None:
    killed, before = sandbox.status().killed, zygote(sandbox)
    assert tell(sandbox, word) == Analysis(unscannable="worker_failed")
    assert sandbox.status().killed == killed + 1
    assert sandbox.status().fault
    assert answers(sandbox)
    assert zygote(sandbox) == before


@pytest.mark.parametrize("word", ["spin", "sleep", "hang-in-c", "promise"])
def test_what_hangs_is_killed_and_the_next_is_answered(hasty: Sandbox, word: str) -> None:
    before = zygote(hasty)
    assert tell(hasty, word) == Analysis(unscannable="timeout")
    assert answers(hasty)
    assert zygote(hasty) == before


def test_processor_time_counts_and_not_only_the_clock() -> None:
    with open_sandbox(workers=1, cpu_seconds=0.3, wall_seconds=60) as sandbox:
        assert tell(sandbox, "spin").unscannable == "timeout"
        assert "processor" in sandbox.status().fault
        assert tell(sandbox, "nap") == Analysis()


def test_too_much_memory_is_told_and_the_worker_renewed(sandbox: Sandbox) -> None:
    before = said(sandbox, "pid")
    assert tell(sandbox, "eat") == Analysis(unscannable="too_much_memory")
    assert answers(sandbox)
    assert said(sandbox, "pid") != before


@pytest.mark.parametrize("word", ["raise", "recurse", "no-analysis"])
def test_an_exception_is_undecodable_and_the_worker_goes_on(sandbox: Sandbox, word: str) -> None:
    before = said(sandbox, "pid")
    assert tell(sandbox, word) == Analysis(unscannable="undecodable")
    assert said(sandbox, "pid") == before


def test_a_gigantic_result_is_unscannable(sandbox: Sandbox) -> None:
    assert tell(sandbox, "gigantic") == Analysis(unscannable="too_many_signals")


def test_a_forged_answer_is_not_taken_and_not_left_for_the_next_file(sandbox: Sandbox) -> None:
    assert tell(sandbox, "answer-twice") == Analysis(unscannable="worker_failed")
    assert answers(sandbox)


def test_a_worker_is_renewed_after_so_many_files() -> None:
    with open_sandbox(workers=1, files=2) as sandbox:
        pids = [said(sandbox, "pid") for _ in range(5)]
        assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
        assert sandbox.status().killed == 0


def test_many_threads_share_few_workers() -> None:
    with open_sandbox(workers=2) as sandbox, ThreadPoolExecutor(8) as threads:
        contents = [BytesContent(picture_bytes(seed)) for seed in range(8)]
        alone = [sandbox.analyse(content) for content in contents]
        assert list(threads.map(sandbox.analyse, contents * 4)) == alone * 4
        assert sandbox.status().workers <= 2


def test_when_all_are_busy_a_file_waits_so_long_and_no_longer() -> None:
    with (
        ThreadPoolExecutor(1) as threads,
        open_sandbox(workers=1, queue_seconds=0.2, wall_seconds=60) as sandbox,
    ):
        sandbox.start()
        first = threads.submit(tell, sandbox, "sleep")
        assert begun(sandbox)
        before = time.monotonic()
        with pytest.raises(Busy) as raised:
            tell(sandbox, "pid")
        assert 0.2 <= time.monotonic() - before < 10
        assert isinstance(raised.value, Unavailable)
        assert raised.value.code == "busy"
        assert not first.done()


def test_a_file_that_waits_in_time_is_answered() -> None:
    with open_sandbox(workers=1, queue_seconds=60) as sandbox, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: tell(sandbox, "nap"), range(4))) == [Analysis()] * 4


def test_how_many_files_wait_is_told() -> None:
    with (
        open_sandbox(workers=1, queue_seconds=60, wall_seconds=60) as sandbox,
        ThreadPoolExecutor(3) as threads,
    ):
        worker = int(said(sandbox, "pid"))
        first = threads.submit(tell, sandbox, "sleep")
        assert begun(sandbox)
        others = [threads.submit(tell, sandbox, "nap") for _ in range(2)]
        assert eventually(lambda: sandbox.status().waiting == 2)
        os.kill(worker, signal.SIGKILL)
        assert [one.result() for one in others] == [Analysis()] * 2
        assert first.result() == Analysis(unscannable="worker_failed")
        assert sandbox.status().waiting == 0


def test_a_worker_that_died_waiting_costs_no_file() -> None:
    with open_sandbox(workers=1) as sandbox:
        pid = int(said(sandbox, "pid"))
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: pid not in descendants(os.getpid()))
        assert answers(sandbox)
        assert sandbox.status().killed == 1


def test_content_that_cannot_be_lent_costs_no_worker(sandbox: Sandbox) -> None:
    class Gone(BytesContent):
        def lend(self) -> AbstractContextManager[Span]:
            raise OSError("the spool is gone")

    killed = sandbox.status().killed
    with pytest.raises(OSError, match="spool"):
        sandbox.analyse(Gone(b""))
    assert sandbox.status().killed == killed


def test_only_the_lent_stretch_is_read(sandbox: Sandbox) -> None:
    picture = picture_bytes(1)

    class Middle(BytesContent):
        def lend(self) -> AbstractContextManager[Span]:
            return _middle(self.data)

    assert sandbox.analyse(Middle(picture)) == sandbox.analyse(BytesContent(picture))


def _middle(data: bytes) -> AbstractContextManager[Span]:
    import tempfile
    from collections.abc import Iterator
    from contextlib import contextmanager

    @contextmanager
    def lend() -> Iterator[Span]:
        with tempfile.TemporaryFile() as file:
            file.write(b"before" + data + b"after")
            file.flush()
            yield Span(file.fileno(), 6, len(data))

    return lend()


def test_nothing_starts_before_the_first_file() -> None:
    before = descendants_here()
    with open_sandbox() as sandbox:
        assert descendants_here() == before
        status = sandbox.status()
        assert (status.workers, status.killed, status.seccomp) == (0, 0, False)


def descendants_here() -> set[int]:
    return descendants(os.getpid())


@pytest.mark.parametrize("task", ["tests.sandbox.no_such_module:analyse", "tests.sandbox.tasks:no_such"])
def test_a_task_that_cannot_be_imported_is_a_fault_of_the_server(task: str) -> None:
    with open_sandbox(task) as sandbox:
        with pytest.raises(CheckFailed, match="no_such"):
            tell(sandbox, "pid")
        assert "no_such" in sandbox.status().fault
        assert sandbox.status().workers == 0


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox(limits(), SCAN, "tests.sandbox.tasks:analyse")
    sandbox.close()
    sandbox.close()
    with pytest.raises(CheckFailed, match="closed"):
        tell(sandbox, "pid")


def test_closing_frees_a_thread_that_waits_for_an_answer() -> None:
    with open_sandbox(workers=1, wall_seconds=60) as sandbox:
        sandbox.start()
        given: list[Analysis] = []
        thread = threading.Thread(target=lambda: given.append(tell(sandbox, "sleep")))
        thread.start()
        assert begun(sandbox)
        sandbox.close()
        thread.join(60)
        assert given == [Analysis(unscannable="worker_failed")]
