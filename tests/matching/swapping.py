"""Queries while the snapshot is swapped under them: no error, no mixed answer, no long wait.

Every generation holds the same values under another list, so that an answer of two lists is a mixed one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.live import LiveSnapshot
from upload_guard.records import Signal, SignalType

LIMITS = DistanceLimits({SignalType.PDQ: 31, SignalType.PHASH: 8, SignalType.DHASH: 8})


@dataclass
class Seen:
    """What the queries saw: answers by how many, mixed ones, errors, the longest answer in seconds."""

    answers: int = 0
    mixed: int = 0
    errors: list[str] = field(default_factory=list)
    longest: float = 0.0
    lists: list[str] = field(default_factory=list)


def query_until(stopped: threading.Event, live: LiveSnapshot, signals: list[Signal], seen: Seen) -> None:
    while not stopped.is_set():
        start = time.perf_counter()
        try:
            matches = live().find(signals, LIMITS)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
            seen.errors.append(repr(error))
            continue
        seen.longest = max(seen.longest, time.perf_counter() - start)
        seen.answers += 1
        names = {match.list_name for match in matches}
        if len(names) != 1 or len(matches) < len(signals):
            seen.mixed += 1
        seen.lists += names - set(seen.lists)


def swap_under_load(
    live: LiveSnapshot, signals: list[Signal], swaps: int, swap: Callable[[int], None]
) -> Seen:
    """Query on, while `swap` puts each of some generations in force and waits until it is."""
    seen, stopped = Seen(), threading.Event()
    live()
    querying = threading.Thread(target=query_until, args=(stopped, live, signals, seen))
    querying.start()
    try:
        for number in range(1, swaps + 1):
            swap(number)
            asked = seen.answers + len(seen.errors)
            # Whatever else the machine does, some ask of each: the second from here on began after the swap.
            while seen.answers + len(seen.errors) < asked + 2:
                time.sleep(0.001)
    finally:
        stopped.set()
        querying.join()
    return seen
