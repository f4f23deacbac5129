"""Locks between processes: who waits for whom."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from upload_guard.errors import StorageFailed
from upload_guard.storage.locks import exclusive_lock, exclusive_lock_if_free, shared_lock

HOLD = """
import sys
from pathlib import Path
from upload_guard.storage import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(kind: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    """`file` locked by another process, until the block ends or the process does."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, kind, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def is_free(file: Path) -> bool:
    with exclusive_lock_if_free(file) as alone:
        return alone


@pytest.mark.parametrize("kind", ["exclusive_lock", "shared_lock"])
def test_a_lock_of_another_process_is_not_free_until_that_process_dies(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "lock"
    with held_elsewhere(kind, file):
        assert not is_free(file)
    assert is_free(file)


def test_shared_holders_stand_beside_each_other(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with held_elsewhere("shared_lock", file), shared_lock(file):
        assert not is_free(file)


def test_an_exclusive_lock_waits_for_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with exclusive_lock(file):
        waiting = subprocess.Popen(
            [sys.executable, "-c", HOLD, "exclusive_lock", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.8)
    assert waiting.communicate(timeout=60)[0] == b"held\n"
    assert waiting.returncode == 0


@pytest.mark.parametrize("lock", [exclusive_lock, shared_lock, exclusive_lock_if_free])
def test_a_lock_is_free_again_after_an_exception(tmp_path: Path, lock: object) -> None:
    file = tmp_path / "lock"
    with pytest.raises(KeyError), lock(file):  # type: ignore[operator]
        raise KeyError
    assert is_free(file)


def test_what_fails_inside_a_lock_that_was_free_stays_that_failure(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError, match="inside"), exclusive_lock_if_free(tmp_path / "lock"):
        raise BlockingIOError("inside")


@contextmanager
def child_that_waits() -> Iterator[None]:
    """A forked child with all that is open here, until the block ends."""
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        signal.pause()
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("lock", [exclusive_lock, shared_lock, exclusive_lock_if_free])
def test_a_child_forked_inside_a_lock_does_not_keep_it(tmp_path: Path, lock: object) -> None:
    file = tmp_path / "lock"
    with contextlib.ExitStack() as stack:
        with lock(file):  # type: ignore[operator]
            stack.enter_context(child_that_waits())
        assert is_free(file)


@pytest.mark.parametrize("lock", [exclusive_lock, shared_lock, exclusive_lock_if_free])
def test_a_child_that_leaves_the_block_does_not_unlock_what_is_held_here(
    tmp_path: Path, lock: object
) -> None:
    file = tmp_path / "lock"
    held = lock(file)  # type: ignore[operator]
    with held:
        child = os.fork()
        if child == 0:
            held.__exit__(None, None, None)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not is_free(file)


@pytest.mark.parametrize("lock", [exclusive_lock, shared_lock, exclusive_lock_if_free])
def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path, lock: object) -> None:
    with lock(tmp_path / "new" / "lock"):  # type: ignore[operator]
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("lock", [exclusive_lock, shared_lock, exclusive_lock_if_free])
def test_a_lock_that_cannot_be_made_is_a_storage_fault(tmp_path: Path, lock: object) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(StorageFailed, match="file"), lock(tmp_path / "file" / "lock"):  # type: ignore[operator]
        pytest.fail("nothing was locked")
