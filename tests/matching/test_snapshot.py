"""The snapshot: how far a likeness may reach, list by list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from upload_guard.matching.snapshot import DistanceLimits, Snapshot
from upload_guard.records import Entry, Signal, SignalType

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = DistanceLimits(
    default={SignalType.PDQ: 31, SignalType.PHASH: 8},
    by_list={"strict": {SignalType.PDQ: 10}, "generous": {SignalType.PDQ: 40, SignalType.PHASH: 0}},
)


def entry_of(kind: SignalType, value: bytes, list_name: str = "list", number: int = 5) -> Entry:
    return Entry(list_name, 3, "origin", "baseline", kind, value, SINCE, number)


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
def test_each_list_has_its_own_reach(distance: int, lists: set[str]) -> None:
    entries = [entry_of(SignalType.PDQ, bits(distance), name) for name in ("list", "strict", "generous")]
    assert set(distances(Snapshot("g", entries))) == lists


def test_a_list_may_have_its_own_limit_for_one_type_only() -> None:
    entries = [entry_of(SignalType.PHASH, bits(8, 8), name) for name in ("list", "strict", "generous")]
    assert distances(Snapshot("g", entries), SignalType.PHASH) == {"list": 8, "strict": 8}


def test_a_limit_of_nothing_takes_the_very_same_hash() -> None:
    snapshot = Snapshot("g", [entry_of(SignalType.PHASH, bytes(8), "generous")])
    assert distances(snapshot, SignalType.PHASH) == {"generous": 0}


def test_a_match_says_all_that_the_entry_said() -> None:
    (match,) = Snapshot("g", [entry_of(SignalType.PDQ, bits(12))]).find(
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
def test_an_exact_digest_matches_at_no_distance(kind: SignalType) -> None:
    snapshot = Snapshot("g", [entry_of(kind, bytes(kind.size)), entry_of(kind, bits(1, kind.size))])
    (match,) = snapshot.find([Signal(kind, bytes(kind.size))], LIMITS)
    assert (match.distance, match.limit, match.exact) == (0, 0, True)


def test_pdq_and_sha256_of_one_value_do_not_meet() -> None:
    snapshot = Snapshot("g", [entry_of(SignalType.PDQ, bytes(32))])
    assert snapshot.find([Signal(SignalType.SHA256, bytes(32))], LIMITS) == ()


def test_all_signals_are_looked_for() -> None:
    snapshot = Snapshot("g", [entry_of(SignalType.MD5, bytes(16)), entry_of(SignalType.PDQ, bits(3))])
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
    snapshot = Snapshot("", [])
    assert (snapshot.size, snapshot.generation) == (0, "")
    assert snapshot.find([Signal(SignalType.PDQ, bytes(32))], LIMITS) == ()


def test_a_snapshot_takes_entries_once_and_counts_them() -> None:
    entries = iter([entry_of(SignalType.MD5, bytes(16)), entry_of(SignalType.PDQ, bytes(32))])
    snapshot = Snapshot("generation", entries)
    assert (snapshot.size, snapshot.generation) == (2, "generation")
    assert distances(snapshot) == {"list": 0}
