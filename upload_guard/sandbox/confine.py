"""What a worker gives up before it sees the first byte of a stranger.

Sources: setrlimit(2), prctl(2), PR_SET_PDEATHSIG(2const), and the modules `landlock` and `seccomp`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from upload_guard.sandbox.landlock import give_up_everything
from upload_guard.sandbox.seccomp import prepared_filter

_T = TypeVar("_T")

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38

# Standard three, the channel, the lent file, and a few duplicates that a decoder may take.
_DESCRIPTORS = 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """`memory` in bytes beyond what the process has mapped now, `cpu_seconds` for its whole life."""

    memory: int
    cpu_seconds: int


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which walls stand; `lacking` says in words why the others do not."""

    rlimits: bool
    seccomp: bool
    landlock: bool
    lacking: tuple[str, ...] = ()


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, or end now if it has already. Linux only."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def confine(bounds: Bounds) -> Confinement:
    """Raise every wall that this system has. What cannot be had is told, not raised."""
    lacking: list[str] = []
    load_filter = _try("seccomp", prepared_filter, lacking)
    rlimits = _stands("rlimits", lambda: _limit(bounds), lacking)
    privileges = _stands("no_new_privs", _give_up_privileges, lacking)
    landlock = privileges and _stands("landlock", give_up_everything, lacking)
    seccomp = privileges and load_filter is not None and _stands("seccomp", load_filter, lacking)
    return Confinement(rlimits, seccomp, landlock, tuple(lacking))


def _stands(name: str, raise_wall: Callable[[], None], lacking: list[str]) -> bool:
    before = len(lacking)
    _try(name, raise_wall, lacking)
    return len(lacking) == before


def _try(name: str, step: Callable[[], _T], lacking: list[str]) -> _T | None:
    try:
        return step()
    except (OSError, ValueError, RuntimeError, ImportError, AttributeError) as error:
        lacking.append(f"{name}: {error}")
        return None


def _limit(bounds: Bounds) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, _mapped() + bounds.memory),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _mapped() -> int:
    """Bytes of address space in use (proc_pid_statm(5)); a generous guess where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 30
    return pages * resource.getpagesize()


def _give_up_privileges() -> None:
    if sys.platform != "linux":
        raise OSError("is Linux's")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    arguments = [ctypes.c_ulong(each) for each in (value, 0, 0, 0)]
    if ctypes.CDLL(None, use_errno=True).prctl(ctypes.c_int(option), *arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
