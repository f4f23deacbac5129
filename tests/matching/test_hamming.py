"""Perceptual hashes within a distance, judged by a naive loop."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.matching.hamming import HammingIndex
from upload_guard.records import Entry, SignalType

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entries_of(values: list[bytes]) -> list[Entry]:
    return [
        Entry("list", 1, "origin", "baseline", SignalType.PDQ, value, NOW, number)
        for number, value in enumerate(values, start=1)
    ]


def bits_between(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def naive(entries: list[Entry], value: bytes, reach: int) -> list[tuple[Entry, int]]:
    distances = [(entry, bits_between(entry.value, value)) for entry in entries]
    return sorted([pair for pair in distances if pair[1] <= reach], key=lambda pair: pair[1])


def flipped(value: bytes, bits: set[int]) -> bytes:
    number = int.from_bytes(value, "big")
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(len(value), "big")


@pytest.mark.parametrize("size", [8, 32])
@given(data=st.data())
def test_the_same_is_found_as_by_a_naive_loop(size: int, data: st.DataObject) -> None:
    value = data.draw(st.binary(min_size=size, max_size=size), "value")
    near = st.sets(st.integers(0, size * 8 - 1), max_size=50).map(lambda bits: flipped(value, bits))
    far = st.binary(min_size=size, max_size=size)
    entries = entries_of(data.draw(st.lists(near | far, max_size=12), "listed"))
    reach = data.draw(st.integers(0, size * 8), "reach")
    assert list(HammingIndex(entries, size).find(value, reach)) == naive(entries, value, reach)


@pytest.mark.parametrize(("reach", "found"), [(30, 0), (31, 1), (32, 1)])
def test_the_reach_itself_is_within_reach(reach: int, found: int) -> None:
    index = HammingIndex(entries_of([flipped(bytes(32), set(range(0, 248, 8)))]), 32)
    assert len(list(index.find(bytes(32), reach))) == found


def test_opposite_hashes_are_all_their_bits_apart() -> None:
    index = HammingIndex(entries_of([b"\xff" * 32]), 32)
    assert [distance for _, distance in index.find(bytes(32), 256)] == [256]


def test_the_nearest_stands_first_and_equals_in_list_order() -> None:
    values = [flipped(bytes(8), bits) for bits in ({1, 2}, {3}, set(), {4})]
    found = HammingIndex(entries_of(values), 8).find(bytes(8), 8)
    assert [(entry.number, distance) for entry, distance in found] == [(3, 0), (2, 1), (4, 1), (1, 2)]


@pytest.mark.parametrize("size", [8, 32])
def test_an_empty_list_finds_nothing(size: int) -> None:
    assert list(HammingIndex([], size).find(bytes(size), size * 8)) == []
