"""Hashes sorted on disk, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.errors import ListError
from upload_guard.lists.entries import StoredHash
from upload_guard.lists.spool import Spool, spool_in
from upload_guard.records import SignalType

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
KINDS = list(SignalType)

hashes = st.lists(
    st.builds(
        lambda kind, first, last, category, days: StoredHash(
            kind, bytes([first]) * (kind.size - 1) + bytes([last]), category, NOW - timedelta(days)
        ),
        st.sampled_from([SignalType.MD5, SignalType.PDQ, SignalType.PHASH]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["baseline", "other"]),
        st.integers(0, 9),
    ),
    max_size=60,
)


def key(one: StoredHash) -> tuple[int, bytes, str]:
    return KINDS.index(one.signal_type), one.value, one.category


def once(given_hashes: list[StoredHash]) -> list[StoredHash]:
    """The first of those alike: what a spool must say, by a set of everything in memory."""
    first: dict[tuple[int, bytes, str], StoredHash] = {}
    for one in given_hashes:
        first.setdefault(key(one), one)
    return list(first.values())


@given(before=hashes, taken=hashes, part_bytes=st.sampled_from([1, 200, 32 << 20]))
def test_each_comes_once_in_order_and_as_old_as_was_known(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[StoredHash],
    taken: list[StoredHash],
    part_bytes: int,
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, part_bytes)
    spool.remember(once(before))
    spool.take(taken)
    found = list(spool.sorted())
    ages = {key(one): one.since for one in [*reversed(taken), *before[::-1]]}
    assert sorted(found, key=key) == sorted(
        (StoredHash(one.signal_type, one.value, one.category, ages[key(one)]) for one in once(taken)), key=key
    )
    assert [key(one)[:2] for one in found] == sorted(key(one)[:2] for one in found)


def test_categories_are_the_same_without_regard_to_case(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.remember([StoredHash(SignalType.MD5, bytes(16), "Baseline", NOW - timedelta(1))])
    spool.take(StoredHash(SignalType.MD5, bytes(16), name, NOW) for name in ("baseline", "BASELINE"))
    assert list(spool.sorted()) == [StoredHash(SignalType.MD5, bytes(16), "Baseline", NOW - timedelta(1))]


def test_a_column_that_is_no_category_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(ListError, match="more than 1000 categories"):
        spool.take(StoredHash(SignalType.MD5, bytes(16), str(number), NOW) for number in range(2000))


def test_nothing_is_left_of_it_nor_of_one_that_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "md5.spool").write_bytes(b"left over")
    with spool_in(folder) as spool:
        spool.take([StoredHash(SignalType.MD5, bytes(16), "other", NOW)])
        assert len(list(spool.sorted())) == 1
    assert not folder.exists()
