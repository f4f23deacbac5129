"""Inside a worker: what is forbidden is refused, and the worker goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.sandbox.conftest import open_sandbox, said, tell
from upload_guard.sandbox.landlock import abi
from upload_guard.sandbox.pool import Sandbox

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's"),
]

FORBIDDEN = (
    *("open", "write", "list", "stat", "unlink", "memfd"),
    *("tcp", "unix", "io_uring"),
    *("fork", "exec", "kill", "ptrace", "pidfd", "clone3", "thread-of-its-own"),
    *("executable-memory", "raise-limits"),
)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_what_is_forbidden_is_refused_and_the_worker_goes_on(sandbox: Sandbox, word: str) -> None:
    before = said(sandbox, "pid")
    assert said(sandbox, word).startswith("refused")
    assert said(sandbox, "pid") == before


def test_no_shell_can_be_started_from_c(sandbox: Sandbox) -> None:
    assert said(sandbox, "system") != "0"


def test_nothing_was_written() -> None:
    assert not Path("/tmp/upload-guard-escaped").exists()  # noqa: S108


def test_each_wall_holds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without seccomp, Landlock still keeps the files away."""
    with open_sandbox("tests.sandbox.tasks_without_seccomp:analyse", workers=1) as sandbox:
        assert said(sandbox, "open") == "refused: Permission denied"
        assert said(sandbox, "list") == "refused: Permission denied"
        assert said(sandbox, "write").startswith("refused")
        status = sandbox.status()
        assert (status.rlimits, status.seccomp, status.landlock) == (True, False, abi() > 0)


def test_a_missing_wall_is_told_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    with open_sandbox("tests.sandbox.tasks_without_seccomp:analyse", workers=1) as sandbox:
        for _ in range(2):
            tell(sandbox, "exit")
    assert caplog.text.count("run without seccomp: libseccomp was taken away") == 1


def test_status_says_which_walls_stand(sandbox: Sandbox) -> None:
    sandbox.start()
    status = sandbox.status()
    assert (status.rlimits, status.seccomp, status.landlock) == (True, True, abi() > 0)


def test_a_worker_has_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SECRET", "hush")
    with open_sandbox(workers=1) as sandbox:
        names = said(sandbox, "environment").split()
    assert "UPLOAD_GUARD_SECRET" not in names
    assert "HOME" not in names
