"""When an entry floods, and who cannot make it look so."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.lists.breaker import flood as weighing
from upload_guard.lists.breaker.flood import ALIKE, Flood, FloodLimits, Hit, flood_of, looks_compared

LIMITS = FloodLimits()
SAME = bytes(32)


def hits(count: int, sources: int, look: bytes = SAME) -> list[Hit]:
    """`count` uploads of one file, from so many sources in turn."""
    return [Hit(b"source %d" % (at % sources), b"one file", look) for at in range(count)]


def look(number: int, bits: int = 32) -> bytes:
    """A look that differs from every other of its kind by at least `2 * bits`, up to 256 // bits of them."""
    return (((1 << bits) - 1) << (number * bits)).to_bytes(32, "big")


def test_twenty_uploads_and_five_percent_from_three_sources_are_a_flood() -> None:
    assert flood_of(hits(20, 3), 400, LIMITS) == Flood(20, 400, 3)


def test_one_less_of_either_is_none() -> None:
    assert flood_of(hits(19, 3), 19, LIMITS) is None
    assert flood_of(hits(20, 3), 401, LIMITS) is None
    assert flood_of(hits(20, 2), 20, LIMITS) is None


def test_nothing_is_no_flood() -> None:
    assert flood_of([], 1000, LIMITS) is None


def test_copies_with_other_bytes_count_once_for_each_source() -> None:
    varied = [Hit(b"source %d" % (at % 3), b"file %d" % at, SAME) for at in range(300)]
    assert flood_of(varied, 300, LIMITS) is None
    assert flood_of(varied, 300, FloodLimits(uploads=3, share=0.01)) == Flood(3, 300, 3)


def test_copies_that_differ_a_little_in_their_look_are_one_still() -> None:
    nearly = [
        Hit(b"source %d" % (at % 3), b"file %d" % at, (1 << at % ALIKE).to_bytes(32, "big"))
        for at in range(90)
    ]
    assert flood_of(nearly, 90, LIMITS) is None


def test_pictures_that_differ_in_their_look_all_count() -> None:
    pictures = [Hit(b"source %d" % (at % 3), b"file %d" % at, look(at % 8)) for at in range(24)]
    assert flood_of(pictures, 24, LIMITS) == Flood(24, 24, 3)


def test_looks_of_fewer_bits_are_alike_by_the_same_share_of_them() -> None:
    """Six of 96 bits, as sixteen of 256."""

    def apart(bits: int) -> list[Hit]:
        looks = [((1 << bits) - 1) << (number * bits) for number in range(2)] + [0]
        return [
            Hit(b"source %d" % source, b"file %d" % at, look.to_bytes(12))
            for source in range(3)
            for at, look in enumerate(looks)
        ]

    few = FloodLimits(uploads=4, share=0.01)
    assert flood_of(apart(6), 9, few) is None
    assert flood_of(apart(7), 9, few) == Flood(7, 9, 3)


def test_many_sites_with_their_own_copies_are_a_flood() -> None:
    own = [Hit(b"source %d" % at, b"file %d" % at, SAME) for at in range(20)]
    assert flood_of(own, 100, LIMITS) == Flood(20, 100, 20)


def test_a_flood_among_very_many_uploads_is_one() -> None:
    busy = [Hit(b"source %d" % at, b"one file", SAME, 2_000) for at in range(3)]
    assert flood_of(busy, 120_000, LIMITS) == Flood(6_000, 120_000, 3)


def varied(sources: int, looks: int) -> list[Hit]:
    """Pictures that all differ, as many from each source."""
    drawn = random.Random(1)
    return [
        Hit(b"source %d" % source, b"file %d" % at, drawn.randbytes(32))
        for source in range(sources)
        for at in range(looks)
    ]


def test_the_more_sources_the_fewer_looks_of_each_are_compared() -> None:
    compared = [sources * looks_compared(sources) ** 2 for sources in (1, 3, 100, 5_000, 10**6)]
    assert max(compared[:4]) <= 2 * weighing._MOST_COMPARED
    assert looks_compared(10**6) == 1


def test_of_each_source_those_beyond_what_is_compared_do_not_count() -> None:
    most = looks_compared(3)
    assert flood_of(varied(3, 2 * most), 6 * most, FloodLimits(share=0.5)) == Flood(3 * most, 6 * most, 3)
    assert flood_of(varied(3, 2 * most), 6 * most, FloodLimits(share=0.51)) is None


@pytest.mark.parametrize("uploads", [0, 10**9])
def test_nothing_more_is_compared_once_the_count_suffices_or_cannot(
    monkeypatch: pytest.MonkeyPatch, uploads: int
) -> None:
    """Sources are weighed one after another: with 20 wanted the first suffices, with very many none can."""
    weighed = []
    counted = weighing._counted

    def counting(looks: dict[bytes, int], most: int) -> int:
        weighed.append(looks)
        return counted(looks, most)

    monkeypatch.setattr(weighing, "_counted", counting)
    flood = flood_of(varied(50, 30), uploads, LIMITS)
    assert (flood is None, len(weighed)) == ((True, 0) if uploads else (False, 1))


any_hits = st.lists(
    st.builds(
        Hit,
        source=st.sampled_from([b"one", b"two", b"three", b"four"]),
        file=st.integers(0, 12).map(lambda at: b"file %d" % at),
        look=st.integers(0, 7).map(look),
        uploads=st.integers(1, 9),
    ),
    max_size=60,
)


@given(any_hits, st.integers(0, 3), st.integers(0, 400))
def test_one_uploader_cannot_make_an_entry_flood_however_often_and_with_whatever(
    found: Sequence[Hit], sources: int, others: int
) -> None:
    alone = [Hit(b"one", hit.file, hit.look, hit.uploads) for hit in found]
    assert flood_of(alone, sum(hit.uploads for hit in alone) + others, LIMITS) is None


@given(any_hits, st.integers(0, 60), st.integers(0, 400))
def test_byte_varied_copies_of_one_picture_add_nothing(
    found: Sequence[Hit], copies: int, others: int
) -> None:
    """Whoever sends a picture that was sent already, each time with other bytes, changes no count."""
    if not found:
        return
    first = found[0]
    varied = [Hit(first.source, b"varied %d" % at, first.look) for at in range(copies)]
    uploads = sum(hit.uploads for hit in found) + others
    weighed, more = flood_of(found, uploads, LIMITS), flood_of([*found, *varied], uploads, LIMITS)
    assert (weighed and weighed.matched) == (more and more.matched)


@given(any_hits, st.integers(1, 5000))
def test_a_flood_has_all_that_was_asked_for_and_no_more_than_there_was(
    found: Sequence[Hit], uploads: int
) -> None:
    flood = flood_of(found, uploads, LIMITS)
    if flood is None:
        return
    assert flood.matched >= max(LIMITS.uploads, LIMITS.share * uploads)
    assert flood.matched <= sum(hit.uploads for hit in found)
    assert flood.sources == len({hit.source for hit in found}) >= LIMITS.sources


@given(any_hits, st.integers(1, 400))
def test_the_order_of_uploads_says_nothing(found: list[Hit], uploads: int) -> None:
    assert flood_of(found, uploads, LIMITS) == flood_of(found[::-1], uploads, LIMITS)
