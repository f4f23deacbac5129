"""Perceptual hashes within a distance: what the bands find is what comparing with all finds."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.building import table_of
from upload_guard.matching import hamming
from upload_guard.matching.hamming import Near, near, near_by_bands, near_by_scan
from upload_guard.matching.table import Table
from upload_guard.records import SignalType

PDQ, PHASH = SignalType.PDQ, SignalType.PHASH
# No whole number of 64-bit words.
PLUGGED = SignalType("neuralhash-96")
LIMITS = {PDQ: range(61), PHASH: range(17), PLUGGED: range(25)}
every_kind = pytest.mark.parametrize("kind", [PDQ, PHASH, PLUGGED])

Found = Counter[tuple[int, int, int]]


def array(values: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), -1)


def flipped(value: bytes, bits: set[int]) -> bytes:
    number = int.from_bytes(value, "big")
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(len(value), "big")


def naive(table: Table, asked: list[bytes], reach: int) -> Found:
    """By Python's own numbers, position by position."""
    held = [int.from_bytes(row.tobytes(), "big") for row in table.words]
    return Counter(
        (query, position, distance)
        for query, value in enumerate(asked)
        for position, other in enumerate(held)
        if (distance := (int.from_bytes(value, "big") ^ other).bit_count()) <= reach
    )


def pairs(portions: Iterator[Near]) -> Found:
    """How often each pair was named: once, if all is well."""
    return Counter(
        triple
        for portion in portions
        for triple in zip(
            portion.queries.tolist(), portion.positions.tolist(), portion.distances.tolist(), strict=True
        )
    )


def by_scan(table: Table, values: np.ndarray, reach: int) -> Iterator[Near]:
    return near_by_scan(table.words, values, np.arange(len(values)), reach)


Search = Callable[[Table, np.ndarray, int], Iterator[Near]]
every_search = pytest.mark.parametrize("search", [near, near_by_bands, by_scan])


def clustered(rng: np.random.Generator, size: int, count: int) -> list[bytes]:
    """Some centres and many neighbours of each, up to forty bits away."""
    centres = [rng.bytes(size) for _ in range(4)]
    return [
        flipped(centres[at % 4], set(rng.integers(0, size * 8, rng.integers(0, 41)).tolist()))
        for at in range(count)
    ]


SETS: dict[str, Callable[[np.random.Generator, int], list[bytes]]] = {
    "random": lambda rng, size: [rng.bytes(size) for _ in range(300)],
    "clustered": lambda rng, size: clustered(rng, size, 300),
    "duplicated": lambda rng, size: [value for value in clustered(rng, size, 60) for _ in range(5)],
    "all zeros": lambda _, size: [bytes(size)] * 300,
    "alike in all bands but one": lambda rng, size: [bytes(size - 2) + rng.bytes(2) for _ in range(300)],
    "alike in one band": lambda rng, size: [bytes(3) + rng.bytes(size - 3) for _ in range(300)],
}


@every_search
@pytest.mark.parametrize("name", SETS)
@every_kind
def test_every_limit_finds_what_comparing_with_all_finds(
    tmp_path: Path, kind: SignalType, name: str, search: Search
) -> None:
    rng = np.random.default_rng(7)
    held = SETS[name](rng, kind.size)
    table = table_of(tmp_path, kind, held, worth_bands=0)
    asked = [bytes(kind.size), held[0], flipped(held[-1], {1, 9, 17}), rng.bytes(kind.size)]
    everything = naive(table, asked, max(LIMITS[kind]))
    for reach in LIMITS[kind]:
        wanted = Counter({triple: 1 for triple in everything if triple[2] <= reach})
        assert pairs(search(table, array(asked), reach)) == wanted, f"at {reach}"


@every_kind
@settings(max_examples=60)
@given(data=st.data())
def test_any_set_and_any_reach_gives_what_comparing_with_all_gives(
    kind: SignalType, data: st.DataObject
) -> None:
    size = kind.size
    centre = data.draw(st.binary(min_size=size, max_size=size), "centre")
    close = st.sets(st.integers(0, size * 8 - 1), max_size=50).map(lambda bits: flipped(centre, bits))
    hashes = close | st.binary(min_size=size, max_size=size)
    held = data.draw(st.lists(hashes, min_size=1, max_size=12), "held")
    asked = data.draw(st.lists(hashes, min_size=1, max_size=4), "asked")
    reach = data.draw(st.integers(0, size * 8), "reach")
    with TemporaryDirectory() as folder:
        table = table_of(Path(folder), kind, held, worth_bands=0)
        wanted = naive(table, asked, reach)
        assert pairs(by_scan(table, array(asked), reach)) == wanted
        if reach <= max(LIMITS[kind]):
            assert pairs(near_by_bands(table, array(asked), reach)) == wanted


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Twenty thousand hashes, half of them around few centres, with bands as they are by default."""
    rng = np.random.default_rng(3)
    held = [rng.bytes(32) for _ in range(10_000)] + clustered(rng, 32, 10_000)
    return table_of(tmp_path_factory.mktemp("larger"), PDQ, held)


@pytest.mark.parametrize("reach", [0, 5, 12, 31, 45, 60])
def test_bands_of_their_default_width_find_all(larger: Table, reach: int) -> None:
    assert len(larger.widths) > 8
    asked = [larger.words[at].tobytes() for at in range(0, 20_000, 997)] + [bytes(32)]
    values = array(asked)
    assert pairs(near_by_bands(larger, values, reach)) == pairs(by_scan(larger, values, reach))


def test_a_small_portion_at_a_time_gives_the_same(larger: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = array([larger.words[at].tobytes() for at in range(0, 20_000, 1999)])
    whole = pairs(near_by_bands(larger, asked, 31))
    for name in ("_PROBES_AT_ONCE", "_CANDIDATES_AT_ONCE", "_ROWS_AT_ONCE"):
        monkeypatch.setattr(hamming, name, 100)
    assert pairs(near_by_bands(larger, asked, 31)) == whole
    assert pairs(by_scan(larger, asked, 31)) == whole


def test_what_is_handed_on_at_once_stays_small_in_a_set_of_equals(tmp_path: Path) -> None:
    table = table_of(tmp_path, PHASH, [bytes(8)] * 50_000)
    portions = [len(found.positions) for found in near(table, array([bytes(8)] * 3), 8)]
    assert sum(portions) == 150_000
    assert max(portions) <= hamming._ROWS_AT_ONCE


@pytest.mark.parametrize(("reach", "found"), [(30, 0), (31, 1), (32, 1)])
def test_the_reach_itself_is_within_reach(tmp_path: Path, reach: int, found: int) -> None:
    table = table_of(tmp_path, PDQ, [flipped(bytes(32), set(range(0, 248, 8)))], worth_bands=0)
    for search in (near, near_by_bands, by_scan):
        assert pairs(search(table, array([bytes(32)]), reach)).total() == found


def test_opposite_hashes_are_all_their_bits_apart(tmp_path: Path) -> None:
    table = table_of(tmp_path, PDQ, [b"\xff" * 32])
    assert pairs(near(table, array([bytes(32)]), 256)) == Counter([(0, 0, 256)])
    assert pairs(near(table, array([bytes(32)]), 255)) == Counter()


def test_every_pair_of_bits_is_reached_at_two(tmp_path: Path) -> None:
    held = [flipped(bytes(8), set(bits)) for bits in itertools.combinations(range(64), 2)]
    table = table_of(tmp_path, PHASH, held, worth_bands=0)
    assert pairs(near_by_bands(table, array([bytes(8)]), 2)).total() == len(held)
    assert pairs(near_by_bands(table, array([bytes(8)]), 1)).total() == 0
