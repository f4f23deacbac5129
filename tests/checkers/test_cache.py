"""What was just found, kept for a while."""

from __future__ import annotations

import sys
import tracemalloc
from datetime import UTC, datetime
from threading import Thread

import pytest

from upload_guard.checkers.cache import CacheLimits, CheckKey, FindingsCache
from upload_guard.records import Findings, Match, Signal, SignalType

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MATCH = Match(SignalType.PDQ, "frame 0", 9, 31, "list", 1, "origin", "baseline", 1, SINCE)
LARGE = CacheLimits(entries=1000, size=1 << 30, seconds=60)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def key(number: int, generation: str = "g") -> CheckKey:
    return CheckKey(number.to_bytes(32, "big"), generation)


def findings(number: int, signals: int = 16) -> Findings:
    """As the sandbox's answer gives them: each text and value an object of its own."""
    return Findings(
        tuple(
            Signal(
                SignalType.PDQ, bytes([number % 256, at % 256]) * 16, f"frame {number}", 90, f"turned {at}"
            )
            for at in range(signals)
        )
    )


def test_what_was_put_in_comes_out_for_the_same_key_only() -> None:
    cache = FindingsCache(LARGE)
    cache.put(key(1), findings(1))
    assert cache.get(key(1)) == findings(1)
    assert cache.get(key(2)) is None
    assert cache.get(key(1, "later")) is None


def test_matches_are_kept_for_policy_to_judge_anew() -> None:
    cache = FindingsCache(LARGE)
    cache.put(key(1), Findings(matches=(MATCH,)))
    assert cache.get(key(1)) == Findings(matches=(MATCH,))


NOT_WHOLE = {
    "unscannable": Findings(unscannable="truncated"),
    "unreadable": Findings(unreadable="encrypted"),
    "unchecked": Findings(unchecked="no_list"),
    "degraded": Findings(degraded=("frame 1: low quality",)),
    "unscannable with a match": Findings(matches=(MATCH,), unscannable="timeout"),
}


@pytest.mark.parametrize("found", NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_what_was_not_read_whole_is_never_kept(found: Findings) -> None:
    cache = FindingsCache(LARGE)
    cache.put(key(1), found)
    assert cache.get(key(1)) is None


def test_an_answer_is_good_for_its_time_only() -> None:
    clock = Clock()
    cache = FindingsCache(LARGE, clock)
    cache.put(key(1), findings(1))
    clock.now = 59.9
    assert cache.get(key(1))
    clock.now = 60.0
    assert cache.get(key(1)) is None


def test_asking_does_not_make_an_answer_younger() -> None:
    clock = Clock()
    cache = FindingsCache(LARGE, clock)
    cache.put(key(1), findings(1))
    for clock.now in (30.0, 50.0):
        assert cache.get(key(1))
    clock.now = 61.0
    assert cache.get(key(1)) is None


def test_the_least_recently_used_goes_first() -> None:
    cache = FindingsCache(CacheLimits(entries=2, size=1 << 30, seconds=60))
    cache.put(key(1), findings(1))
    cache.put(key(2), findings(2))
    cache.get(key(1))
    cache.put(key(3), findings(3))
    assert [cache.get(key(number)) is not None for number in (1, 2, 3)] == [True, False, True]


def test_no_entries_means_no_cache() -> None:
    cache = FindingsCache(CacheLimits(entries=0, size=1 << 30, seconds=60))
    cache.put(key(1), findings(1))
    assert cache.get(key(1)) is None


def test_an_answer_larger_than_the_cache_is_not_kept_and_leaves_room_for_others() -> None:
    cache = FindingsCache(CacheLimits(entries=100, size=20_000, seconds=60))
    cache.put(key(1), findings(1, signals=1000))
    assert cache.get(key(1)) is None
    cache.put(key(2), findings(2))
    assert cache.get(key(2))


def test_putting_the_same_again_takes_no_more_room() -> None:
    cache = FindingsCache(CacheLimits(entries=100, size=20_000, seconds=60))
    cache.put(key(1), findings(1))
    for _ in range(100):
        cache.put(key(2), findings(2))
    assert cache.get(key(1))


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts CPython's memory")
def test_the_memory_of_many_answers_stays_within_the_bound() -> None:
    size = 2 << 20
    cache = FindingsCache(CacheLimits(entries=1_000_000, size=size, seconds=60))
    tracemalloc.start()
    try:
        for number in range(2000):
            cache.put(key(number), findings(number))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Threads of other tests take some, too.
    assert 0.5 * size < taken < 1.2 * size


def test_many_threads_may_use_it_at_once() -> None:
    cache = FindingsCache(CacheLimits(entries=20, size=1 << 30, seconds=60))
    wrong: list[int] = []

    def work(start: int) -> None:
        for number in range(start, start + 300):
            cache.put(key(number % 50), findings(number % 50, signals=1))
            found = cache.get(key((number * 7) % 50))
            if found is not None and found != findings((number * 7) % 50, signals=1):
                wrong.append(number)

    threads = [Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sum(cache.get(key(number)) is not None for number in range(50)) == 20
