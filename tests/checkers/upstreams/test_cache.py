"""Answers are remembered by keyed hashes, each kind for its time, so many and no more."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from upload_guard.checkers.upstreams.cache import AnswerCache, AnswerLimits
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.services.service import Hit

LIMITS = AnswerLimits(positive=100, negative=10, entries=3)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def signal(number: int) -> Signal:
    return Signal(SignalType.MD5, bytes([number]) * 16)


def test_a_yes_and_a_no_have_their_own_time() -> None:
    clock = Clock()
    cache = AnswerCache(b"k" * 32, LIMITS, clock)
    cache.note(signal(1), (Hit(category="A1"),))
    cache.note(signal(2), ())
    assert (cache.of(signal(1)), cache.of(signal(2))) == ((Hit(category="A1"),), ())
    clock.now = 10
    assert (cache.of(signal(1)), cache.of(signal(2))) == ((Hit(category="A1"),), None)
    clock.now = 100
    assert cache.of(signal(1)) is None


def test_it_holds_so_many_and_the_least_used_go_first() -> None:
    cache = AnswerCache(b"k" * 32, LIMITS)
    for number in (1, 2, 3):
        cache.note(signal(number), ())
    cache.of(signal(1))
    cache.note(signal(4), ())
    assert [cache.of(signal(number)) for number in (1, 2, 3, 4)] == [(), None, (), ()]


def test_none_are_kept_where_there_is_no_room() -> None:
    cache = AnswerCache(b"k" * 32, AnswerLimits(100, 100, 0))
    cache.note(signal(1), ())
    assert cache.of(signal(1)) is None


def test_a_hash_of_one_type_is_no_other_type_and_no_file() -> None:
    cache = AnswerCache(b"k" * 32, LIMITS)
    value = b"\1" * 32
    cache.note(Signal(SignalType.SHA256, value), ())
    assert cache.of(Signal(SignalType.PDQ, value)) is None
    assert cache.of_file(value) is None


def test_no_hash_can_be_read_from_it() -> None:
    cache = AnswerCache(b"k" * 32, LIMITS)
    asked = signal(7)
    cache.note(asked, (Hit(asked),))
    held: list[object] = [cache.__dict__]
    seen: set[int] = set()
    while held:
        one = held.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen.add(id(one))
            assert one != asked.value
            held += (
                gc.get_referents(one) if isinstance(one, dict | tuple) or hasattr(one, "__slots__") else []
            )
    assert seen
