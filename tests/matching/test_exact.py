"""Exact digests: the entries of this very value, of this very type."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from upload_guard.matching.exact import ExactIndex
from upload_guard.records import EXACT_TYPES, Entry, Signal, SignalType

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry_of(kind: SignalType, value: bytes, list_name: str = "list", number: int = 1) -> Entry:
    return Entry(list_name, 1, "origin", "baseline", kind, value, NOW, number)


def test_a_listed_value_is_found() -> None:
    entry = entry_of(SignalType.MD5, b"a" * 16)
    index = ExactIndex([entry_of(SignalType.MD5, b"b" * 16), entry])
    assert list(index.find(Signal(SignalType.MD5, b"a" * 16))) == [entry]


def test_a_value_of_two_lists_is_found_in_both() -> None:
    entries = [entry_of(SignalType.SHA1, b"a" * 20, name) for name in ("one", "two")]
    assert list(ExactIndex(entries).find(Signal(SignalType.SHA1, b"a" * 20))) == entries


def test_a_value_of_another_type_is_not_found() -> None:
    index = ExactIndex([entry_of(SignalType.PDQ, b"a" * 32)])
    assert list(index.find(Signal(SignalType.SHA256, b"a" * 32))) == []


def test_looking_for_what_is_not_there_leaves_nothing_behind() -> None:
    index = ExactIndex([])
    for _ in range(2):
        assert list(index.find(Signal(SignalType.MD5, b"a" * 16))) == []


few_values = st.sampled_from([b"a", b"b", b"c"])
few_types = st.sampled_from(sorted(EXACT_TYPES))


@given(st.lists(st.builds(entry_of, few_types, few_values)), st.builds(Signal, few_types, few_values))
def test_the_same_is_found_as_by_looking_at_every_entry(entries: list[Entry], signal: Signal) -> None:
    naive = [one for one in entries if (one.signal_type, one.value) == (signal.type, signal.value)]
    assert list(ExactIndex(entries).find(signal)) == naive
