"""How benchmarks measure and print: in turns, and saying how busy the machine was."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROUNDS = 9

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of the least disturbed round, by the clock and of processor time."""

    wall: float
    cpu: float


def nothing() -> None:
    """What to do before each run where caches stay as the run before leaves them."""


def costs(*runs: Run, before: Run = nothing) -> list[Cost]:
    """Of each run, in turns: what disturbs one round disturbs all of them. `before` each, untimed.

    A first round does not count.
    """
    for run in runs:
        run()
    taken: list[list[tuple[float, float]]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, found in zip(runs, taken, strict=True):
            before()
            cpu, wall = processor_time(), time.perf_counter()
            run()
            found.append((time.perf_counter() - wall, processor_time() - cpu))
    return [Cost(*(min(each) * 1e3 for each in zip(*found, strict=True))) for found in taken]


def processor_time() -> float:
    """Seconds that this process and those below it have used."""
    return time.process_time() + sum(map(used_by, _descendants(os.getpid())))


def used_by(pid: int) -> float:
    """Seconds of the processor that another process has used; clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def used_by_all(pid: int) -> float:
    """The same of a process and of all below it that live."""
    return used_by(pid) + sum(map(used_by, _descendants(pid)))


class Meter:
    """Seconds by the clock and of the processor, of this process and all below it, ended ones too."""

    def __init__(self) -> None:
        self._used: dict[int, float] = {}
        self._over = threading.Event()
        self.wall = self.cpu = 0.0

    def __enter__(self) -> Meter:
        self._own, self._begun = time.process_time(), time.perf_counter()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._begun
        self._over.set()
        self._thread.join()
        self.cpu = time.process_time() - self._own + sum(self._used.values())

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for pid in _descendants(os.getpid()):
                with suppress(OSError):
                    self._used[pid] = used_by(pid)


def _descendants(root: int) -> Iterator[int]:
    for task in Path(f"/proc/{root}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except FileNotFoundError:
            # A thread that has ended just now.
            continue
        for child in children:
            yield int(child)
            yield from _descendants(int(child))


@dataclass(frozen=True)
class Timing:
    """Seconds of many runs: on the clock, and of the processor, which a busy machine does not stretch."""

    clock: list[float]
    processor: list[float]

    @property
    def median(self) -> float:
        return float(np.median(self.clock))

    @property
    def processor_median(self) -> float:
        return float(np.median(self.processor))

    def __str__(self) -> str:
        (middle, high), (own_middle, own_high) = (
            np.percentile(seconds, [50, 99]) * 1e3 for seconds in (self.clock, self.processor)
        )
        return f"p50 {middle:.3f} p99 {high:.3f} ms (processor {own_middle:.3f} and {own_high:.3f})"


class Junk:
    """Memory to write through, so that what a query needs has left the processor's nearer caches."""

    def __init__(self) -> None:
        self._bytes = np.zeros(64 << 20, np.uint8)

    def touch(self) -> None:
        self._bytes += 1


def print_head(title: str) -> None:
    """What is measured against what, on which machine, and how busy that is: a high load spoils figures."""
    load = " ".join(Path("/proc/loadavg").read_text().split()[:3])
    print(f"\n# {title}")
    print(
        f"(Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores, "
        f"load {load} before)\n",
        flush=True,
    )


def print_columns(*names: str) -> None:
    print_row(*names)
    print_row(*("---" for _ in names))


def print_row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)
