"""Checks one upload in a process that may do what the systemd unit allows, and says what came of it."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from importlib import import_module
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 38, 65, 1


def wall_in(allowed: list[str]) -> None:
    seccomp = import_module("pyseccomp")
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in allowed:
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (OSError, RuntimeError, ValueError):
            # systemd knows calls of other processors, and newer ones than the library.
            continue
    call = ctypes.CDLL(None, use_errno=True).prctl
    for option in (PR_SET_NO_NEW_PRIVS, PR_SET_MDWE):
        if call(option, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl {option}")
    rules.load()


def may_chown(file: Path) -> str:
    try:
        os.chown(file, os.getuid(), os.getgid())
    except OSError as fault:
        return errno.errorcode[fault.errno or 0]
    return "allowed"


def main() -> None:
    asked = json.load(sys.stdin)
    wall_in(asked["allowed"])
    # Everything is imported behind the walls, as under systemd.
    from tests.support import settings_in, upload_of
    from upload_guard.compose import build_station
    from upload_guard.people.passwords import Passwords

    file = Path(asked["data"]) / "upload.jpg"
    station = build_station(settings_in(Path(asked["data"])))
    (outcome,) = station.guard.check([upload_of(file.read_bytes())])
    walls = station.sandbox.status()
    station.sandbox.close()
    print(
        json.dumps(
            {
                "action": outcome.verdict.action.label,
                "walls": {name: getattr(walls, name) for name in ("rlimits", "seccomp", "landlock")},
                "chown": may_chown(file),
                # Hashed by four threads of a C library.
                "password": Passwords().is_right(Passwords().hashed("any"), "any"),
            }
        )
    )


if __name__ == "__main__":
    main()
