"""The snapshot: how far a likeness may reach, list by list, and what changes do to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.matching.building import SINCE, added, entry_of, retracted, snapshot_of
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Entry, Match, Signal, SignalType

LIMITS = DistanceLimits(
    default={SignalType.PDQ: 31, SignalType.PHASH: 8, SignalType.DHASH: 8},
    by_list={"strict": {SignalType.PDQ: 10}, "generous": {SignalType.PDQ: 40, SignalType.PHASH: 0}},
)


def bits(count: int, size: int = 32) -> bytes:
    """A hash `count` bits away from the one of zeros."""
    return ((1 << count) - 1).to_bytes(size, "big")


def distances(snapshot: Snapshot, kind: SignalType = SignalType.PDQ) -> dict[str, int]:
    matches = snapshot.find([Signal(kind, bytes(kind.size), "frame 0")], LIMITS)
    return {match.list_name: match.distance for match in matches}


@pytest.mark.parametrize(
    ("distance", "lists"),
    [
        (0, {"list", "strict", "generous"}),
        (10, {"list", "strict", "generous"}),
        (11, {"list", "generous"}),
        (31, {"list", "generous"}),
        (32, {"generous"}),
        (40, {"generous"}),
        (41, set()),
    ],
)
def test_each_list_has_its_own_reach(tmp_path: Path, distance: int, lists: set[str]) -> None:
    entries = [entry_of(SignalType.PDQ, bits(distance), name) for name in ("list", "strict", "generous")]
    assert set(distances(snapshot_of(tmp_path, entries))) == lists


def test_a_list_may_have_its_own_limit_for_one_type_only(tmp_path: Path) -> None:
    entries = [entry_of(SignalType.PHASH, bits(8, 8), name) for name in ("list", "strict", "generous")]
    assert distances(snapshot_of(tmp_path, entries), SignalType.PHASH) == {"list": 8, "strict": 8}


def test_a_limit_of_nothing_takes_the_very_same_hash(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(SignalType.PHASH, bytes(8), "generous")])
    assert distances(snapshot, SignalType.PHASH) == {"generous": 0}


def test_a_match_says_all_that_the_entry_said(tmp_path: Path) -> None:
    (match,) = snapshot_of(tmp_path, [entry_of(SignalType.PDQ, bits(12))]).find(
        [Signal(SignalType.PDQ, bytes(32), "frame 7", 90)], LIMITS
    )
    assert (match.signal_type, match.view, match.distance, match.limit) == (
        SignalType.PDQ,
        "frame 7",
        12,
        31,
    )
    assert (match.list_name, match.version, match.origin, match.category, match.entry, match.since) == (
        "list",
        3,
        "origin",
        "baseline",
        5,
        SINCE,
    )


@pytest.mark.parametrize("kind", [SignalType.MD5, SignalType.SHA1, SignalType.SHA256])
def test_an_exact_digest_matches_at_no_distance(tmp_path: Path, kind: SignalType) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(kind, bytes(kind.size)), entry_of(kind, bits(1, kind.size))])
    (match,) = snapshot.find([Signal(kind, bytes(kind.size))], LIMITS)
    assert (match.distance, match.limit, match.exact) == (0, 0, True)


def test_pdq_and_sha256_of_one_value_do_not_meet(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(SignalType.PDQ, bytes(32))])
    assert snapshot.find([Signal(SignalType.SHA256, bytes(32))], LIMITS) == ()


def test_all_signals_are_looked_for(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(SignalType.MD5, bytes(16)), entry_of(SignalType.PDQ, bits(3))])
    found = snapshot.find(
        [
            Signal(SignalType.MD5, bytes(16)),
            Signal(SignalType.PDQ, bytes(32), "frame 0"),
            Signal(SignalType.PDQ, bytes(32), "frame 1"),
        ],
        LIMITS,
    )
    assert [(match.signal_type, match.view) for match in found] == [
        (SignalType.MD5, ""),
        (SignalType.PDQ, "frame 0"),
        (SignalType.PDQ, "frame 1"),
    ]


def test_an_empty_snapshot_says_that_it_is_empty() -> None:
    snapshot = Snapshot("")
    assert (snapshot.size, snapshot.generation) == (0, "")
    assert snapshot.find([Signal(SignalType.PDQ, bytes(32)), Signal(SignalType.MD5, bytes(16))], LIMITS) == ()


def test_a_snapshot_takes_entries_once_and_counts_them(tmp_path: Path) -> None:
    entries = iter([entry_of(SignalType.MD5, bytes(16)), entry_of(SignalType.PDQ, bytes(32))])
    snapshot = snapshot_of(tmp_path, entries)
    assert (snapshot.size, snapshot.generation) == (2, "generation")
    assert distances(snapshot) == {"list": 0}


def found(snapshot: Snapshot, signal: Signal) -> list[tuple[str, int]]:
    return [(match.list_name, match.entry) for match in snapshot.find([signal], LIMITS)]


ZERO = {kind: Signal(kind, bytes(kind.size)) for kind in SignalType}
every_kind = pytest.mark.parametrize("kind", list(SignalType))


@every_kind
def test_what_is_retracted_from_a_list_no_longer_matches_there(tmp_path: Path, kind: SignalType) -> None:
    entries = [entry_of(kind, bytes(kind.size), name) for name in ("one", "two")]
    snapshot = snapshot_of(tmp_path, entries, [retracted(1, kind, bytes(kind.size), "one")])
    assert found(snapshot, ZERO[kind]) == [("two", 5)]
    assert snapshot.size == 1


@every_kind
def test_what_is_added_matches_like_an_entry(tmp_path: Path, kind: SignalType) -> None:
    later = entry_of(kind, bytes(kind.size), "two", 9)
    snapshot = snapshot_of(tmp_path, [entry_of(kind, bytes(kind.size), "one")], [added(1, later)])
    assert found(snapshot, ZERO[kind]) == [("one", 5), ("two", 9)]
    assert snapshot.size == 2


@every_kind
def test_what_is_added_to_a_type_without_entries_matches(tmp_path: Path, kind: SignalType) -> None:
    snapshot = snapshot_of(tmp_path, [], [added(1, entry_of(kind, bytes(kind.size)))])
    assert found(snapshot, ZERO[kind]) == [("list", 5)]


def test_an_added_likeness_has_the_lists_own_reach(tmp_path: Path) -> None:
    changes = [added(at, entry_of(SignalType.PDQ, bits(at), "strict", at)) for at in (9, 10, 11)]
    assert found(snapshot_of(tmp_path, [], changes), ZERO[SignalType.PDQ]) == [("strict", 9), ("strict", 10)]


def test_a_signal_is_answered_for_every_view_that_has_it(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(SignalType.PDQ, bits(2))])
    views = [Signal(SignalType.PDQ, bytes(32), view) for view in ("frame 0", "frame 1")]
    assert [match.view for match in snapshot.find(views, LIMITS)] == ["frame 0", "frame 1"]


def test_two_callers_with_other_limits_get_each_their_own_answer(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, [entry_of(SignalType.PDQ, bits(20))])
    narrow = DistanceLimits({SignalType.PDQ: 19, SignalType.PHASH: 0, SignalType.DHASH: 0})
    for _ in range(2):
        assert len(snapshot.find([ZERO[SignalType.PDQ]], LIMITS)) == 1
        assert snapshot.find([ZERO[SignalType.PDQ]], narrow) == ()


def crowd(snapshot: Snapshot) -> tuple[Match, ...]:
    return snapshot.find([ZERO[SignalType.PDQ]], LIMITS)


def many(count: int, list_name: str, category: str, distance: int, since: datetime = SINCE) -> list[Entry]:
    return [
        entry_of(SignalType.PDQ, bits(distance), list_name, number, category, since)
        for number in range(count)
    ]


def test_a_crowd_hides_no_list_and_no_category(tmp_path: Path) -> None:
    entries = (
        many(5000, "loud", "baseline", 0) + many(1, "loud", "illegal", 31) + many(1, "calm", "other", 31)
    )
    matches = crowd(snapshot_of(tmp_path, entries))
    assert {(match.list_name, match.category) for match in matches} == {
        ("loud", "baseline"),
        ("loud", "illegal"),
        ("calm", "other"),
    }
    assert len(matches) < 40


def test_a_crowd_of_young_entries_does_not_hide_an_old_one(tmp_path: Path) -> None:
    young = many(5000, "list", "baseline", 0, SINCE + timedelta(days=9))
    old = [entry_of(SignalType.PDQ, bits(31), number=7777)]
    matches = crowd(snapshot_of(tmp_path, young + old))
    assert min(match.since for match in matches) == SINCE
    assert matches[-1].entry == 7777


def test_of_a_crowd_the_nearest_stay(tmp_path: Path) -> None:
    entries = [entry for distance in range(32) for entry in many(3, "list", "baseline", distance)]
    matches = crowd(snapshot_of(tmp_path, entries))
    assert [match.distance for match in matches] == sorted(match.distance for match in matches)
    assert [match.distance for match in matches][:16] == [at // 3 for at in range(16)]


def test_what_is_retracted_takes_no_place_in_a_crowd(tmp_path: Path) -> None:
    entries = many(100, "list", "baseline", 0) + many(1, "list", "baseline", 30)
    snapshot = snapshot_of(tmp_path, entries, [retracted(1, SignalType.PDQ, bits(0))])
    assert [match.distance for match in crowd(snapshot)] == [30]


# Hashes that are no whole number of 64-bit words --------------------------------------------------

PLUGGED = SignalType("neuralhash-96")


def reached(snapshot: Snapshot, limit: int) -> set[tuple[int, bytes]]:
    asked = [Signal(PLUGGED, bytes(12), "frame 0")]
    limits = DistanceLimits({**LIMITS.default, PLUGGED: limit})
    return {(match.distance, match.value) for match in snapshot.find(asked, limits)}


def test_a_plug_ins_hashes_are_found_built_and_added_and_not_when_retracted(tmp_path: Path) -> None:
    listed = [entry_of(PLUGGED, bits(count, 12), number=count) for count in (1, 2, 70)]
    changes = [
        added(1, entry_of(PLUGGED, bits(3, 12), number=9)),
        retracted(2, PLUGGED, bits(2, 12)),
    ]
    snapshot = snapshot_of(tmp_path, listed, changes)
    assert reached(snapshot, 10) == {(1, bits(1, 12)), (3, bits(3, 12))}
    assert snapshot.holds(PLUGGED)
    assert snapshot.looks == (PLUGGED,)


def test_they_are_found_beside_those_of_every_other_type(tmp_path: Path) -> None:
    kinds = [*SignalType, PLUGGED, SignalType("neuralhash-128")]
    snapshot = snapshot_of(tmp_path, [entry_of(kind, bits(1, kind.size)) for kind in kinds])
    assert snapshot.size == len(kinds)
    assert reached(snapshot, 10) == {(1, bits(1, 12))}


def test_without_a_limit_of_its_own_only_the_very_hash_is_a_match(tmp_path: Path) -> None:
    """So it is in a case that outlived its plug-in."""
    snapshot = snapshot_of(tmp_path, [entry_of(PLUGGED, bits(count, 12), number=count) for count in (0, 1)])
    matches = snapshot.find([Signal(PLUGGED, bytes(12), "frame 0")], DistanceLimits({}))
    assert [match.value for match in matches] == [bytes(12)]


def test_a_type_counts_where_any_entry_left_of_it_stands_on_a_list_and_in_a_category_that_do(
    tmp_path: Path,
) -> None:
    md5, sha1 = SignalType.MD5, SignalType.SHA1
    entries = [
        entry_of(md5, bits(1, 16), "one", category="baseline"),
        entry_of(sha1, bits(1, 20), "one", category="illegal"),
        entry_of(md5, bits(2, 16), "other", category="illegal"),
    ]
    changes = [
        retracted(1, md5, bits(2, 16), "other"),
        added(2, entry_of(SignalType.SHA256, bits(1), "third", category="illegal")),
    ]
    snapshot = snapshot_of(tmp_path, entries, changes)
    assert snapshot.kinds(lambda _, category: category == "baseline") == {md5}
    assert snapshot.kinds(lambda name, _: name == "other") == set()
    assert snapshot.kinds(lambda *_: True) == {md5, sha1, SignalType.SHA256}
    assert snapshot.lists == {"one", "other", "third"}
