"""What the flood breaker costs while a listed file is sent over and over: `python -m tests.bench.breaker`.

Two sources send it, so that the entry never trips and is weighed all the time. An exact digest: nothing is
decoded. Each upload is kept and its case written as ever, with and without the breaker.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support import activate_list, digests_of, settings_in, upload_of
from upload_guard.compose import build_station
from upload_guard.lists.breaker.breaker import FloodBreaker
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType, Source
from upload_guard.settings import Settings

LISTED = b"a listed file" * 4096
PROCESSES, THREADS, SECONDS, ROUNDS = 2, 4, 4.0, 3
SOURCES = (Source("blog", "/up"), Source("shop", "/up"))


def settings_of(folder: Path) -> Settings:
    return settings_in(folder, benign={"shipped": False}, signal_log={"days": 0})


def send(folder: Path, counting: bool, begin: float) -> int:
    """How many uploads this process gets through."""
    logging.getLogger("upload_guard").setLevel(logging.CRITICAL)
    station = build_station(settings_of(folder))
    guard = station.guard
    if not counting:
        others = tuple(one for one in guard.observers if not isinstance(one, FloodBreaker))
        guard = replace(guard, observers=others)
    guard.check([upload_of(LISTED, SOURCES[0])])
    time.sleep(max(0.0, begin - time.time()))
    end = time.monotonic() + SECONDS

    def one_thread(number: int) -> int:
        done = 0
        while time.monotonic() < end:
            guard.check([upload_of(LISTED, SOURCES[(number + done) % 2])])
            done += 1
        return done

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(one_thread, range(THREADS)))


def uploads_a_second(counting: bool) -> float:
    with TemporaryDirectory(prefix="upload-guard-bench-") as name:
        folder = Path(name)
        hashes = [ListedHash(SignalType.SHA256, digests_of(LISTED).sha256)]
        activate_list(settings_of(folder), hashes)
        order = folder, counting, time.time() + 4.0
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            return sum(pool.starmap(send, [order] * PROCESSES)) / SECONDS


def main() -> None:
    print(f"{PROCESSES} processes x {THREADS} threads, {os.cpu_count()} cores, median of {ROUNDS} rounds")
    # By turns, since others use the machine, too.
    found = [(uploads_a_second(False), uploads_a_second(True)) for _ in range(ROUNDS)]
    without, counting = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"without the breaker {without:8.0f} uploads/s")
    print(f"with the breaker    {counting:8.0f} uploads/s, {counting / without:.2f} times as many")


if __name__ == "__main__":
    main()
