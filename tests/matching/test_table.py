"""Exact look-ups in a table: the entries of this very value."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.building import table_of
from upload_guard.matching.table import Table
from upload_guard.records import SignalType

every_kind = pytest.mark.parametrize("kind", list(SignalType))


def numbers_at(table: Table, value: bytes) -> list[int]:
    return [int(table.rows[position]["number"]) for position in table.locate(value)]


@every_kind
def test_every_listed_value_is_found_and_no_other(tmp_path: Path, kind: SignalType) -> None:
    rng = np.random.default_rng(1)
    values = [rng.bytes(kind.size) for _ in range(2000)]
    table = table_of(tmp_path, kind, values)
    assert [numbers_at(table, value) for value in values] == [[number] for number in range(2000)]
    assert all(numbers_at(table, rng.bytes(kind.size)) == [] for _ in range(200))


@every_kind
def test_a_value_held_several_times_is_found_as_often_in_the_order_given(
    tmp_path: Path, kind: SignalType
) -> None:
    values = [bytes([byte]) * kind.size for byte in (7, 0, 255, 7, 0, 7)]
    table = table_of(tmp_path, kind, values)
    assert numbers_at(table, values[0]) == [0, 3, 5]
    assert numbers_at(table, values[1]) == [1, 4]
    assert numbers_at(table, values[2]) == [2]


@settings(max_examples=40)
@given(
    kind=st.sampled_from(list(SignalType)),
    held=st.lists(st.sampled_from([0, 1, 127, 128, 255]), min_size=1, max_size=30),
    last=st.lists(st.integers(0, 2), min_size=30, max_size=30),
    asked=st.sampled_from([0, 1, 127, 128, 254, 255]),
)
def test_the_same_is_found_as_by_looking_at_every_entry(
    kind: SignalType, held: list[int], last: list[int], asked: int
) -> None:
    values = [bytes([byte]) * (kind.size - 1) + bytes([end]) for byte, end in zip(held, last, strict=False)]
    value = bytes([asked]) * (kind.size - 1) + b"\x01"
    with TemporaryDirectory() as folder:
        found = numbers_at(table_of(Path(folder), kind, values), value)
    assert found == [number for number, one in enumerate(values) if one == value]


def test_a_table_stays_readable_when_its_folder_is_gone(tmp_path: Path) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        table = table_of(Path(folder), SignalType.MD5, [b"a" * 16])
    assert list(tmp_path.iterdir()) == []
    assert numbers_at(table, b"a" * 16) == [0]
