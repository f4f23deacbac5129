"""Processes for which the wall clock is off while every other clock is right, as one that somebody has set.

A few lines of C, loaded before libc: libfaketime also changes sleeping, in which Python then fails.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.debian import give_up

_SOURCE = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long off(void) { const char *said = getenv("CLOCK_OFF_BY"); return said ? atol(said) : 0; }

int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, id, now);
    if (!failed && id == CLOCK_REALTIME) now->tv_sec += off();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec read;
    int failed = clock_gettime(CLOCK_REALTIME, &read);
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *told) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (told) *told = read.tv_sec;
    return read.tv_sec;
}
"""


def clock_off_by(folder: Path, seconds: int) -> dict[str, str]:
    """The environment of such a process. Skips the test where nothing compiles C; in CI it fails."""
    compiler = shutil.which("cc")
    if compiler is None:
        give_up("a wall clock that is off needs a C compiler")
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SOURCE)
    subprocess.run([compiler or "", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_OFF_BY": str(seconds)}
