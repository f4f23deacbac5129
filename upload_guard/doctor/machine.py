"""What is odd about the machine: folders, disk and clock. Makes and changes nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from upload_guard.doctor.caution import Caution
from upload_guard.settings import Settings

_OTHERS = 0o077
_IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
_SPARE = 1 << 30
# Of one file system and the machine that it lies on.
_TOLERATED_SECONDS = 300
# 2026-01-01: no copy of this release is older.
_RELEASED = 1_767_225_600
_MOUNTS = Path("/proc/self/mounts")


def cautions_of_machine(settings: Settings) -> Iterator[Caution]:
    """Each thing once."""
    return chain(_access(settings), _memory(settings), _space(settings), _clock(settings))


def _access(settings: Settings) -> Iterator[Caution]:
    for folder in dict.fromkeys((settings.data_dir, settings.spool_dir)):
        if folder.is_dir() and folder.stat().st_mode & _OTHERS:
            yield Caution(
                "readable_by_others",
                f"{folder} may be read by other accounts of this machine, and quarantined pictures lie in it",
                f"chmod 700 {folder}",
            )


def _memory(settings: Settings) -> Iterator[Caution]:
    kind = file_system_of(settings.spool_dir, _mounts())
    if kind in _IN_MEMORY:
        yield Caution(
            "spool_in_memory",
            f"{settings.spool_dir} is on {kind}: uploads of up to intake.max_body each would fill the memory",
            "set intake.spool_dir to a folder on a disk",
        )


def _space(settings: Settings) -> Iterator[Caution]:
    needed = max(_SPARE, int(settings.intake.max_body))
    for what, folder, least in (
        ("intake.spool_dir", settings.spool_dir, needed),
        ("data_dir", settings.data_dir, _SPARE),
    ):
        free = shutil.disk_usage(_existing(folder)).free
        if free < least:
            yield Caution(
                "little_space",
                f"{what} {folder}: {free >> 20} MiB are free, and {least >> 20} MiB may be needed at once",
                "make room there, choose another disk, or lower intake.max_body",
            )


def _clock(settings: Settings) -> Iterator[Caution]:
    now, newest = time.time(), _newest_change(settings.data_dir)
    if now < _RELEASED or newest > now + _TOLERATED_SECONDS:
        yield Caution(
            "clock",
            f"the clock says {time.strftime('%Y-%m-%d %H:%M', time.gmtime(now))} UTC, before what has already"
            " happened: signatures and probation go by it",
            "set the clock by NTP (timedatectl set-ntp true)",
        )


def _newest_change(folder: Path) -> float:
    try:
        return max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
    except OSError:
        return 0.0


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that `path` lies on, by the text of /proc/self/mounts; empty if unknown."""
    there = _existing(path).resolve()
    found, depth = "", -1
    for line in mounts.splitlines():
        _, where, kind, *_ = line.split(" ")
        mount = Path(where.encode().decode("unicode_escape"))
        if there.is_relative_to(mount) and len(mount.parts) >= depth:
            found, depth = kind, len(mount.parts)
    return found


def _mounts() -> str:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
