"""Sorting records part by part gives what sorting them at once would."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from upload_guard.matching.sorting import sorted_parts

RECORD = np.dtype([("value", "u1", (8,)), ("row", "<u4")])


def records_of(values: list[bytes]) -> np.ndarray:
    records = np.zeros(len(values), RECORD)
    records["value"] = np.frombuffer(b"".join(values), np.uint8).reshape(-1, 8)
    records["row"] = np.arange(len(values))
    return records


SETS: dict[str, Callable[[np.random.Generator], list[bytes]]] = {
    "random": lambda rng: [rng.bytes(8) for _ in range(3000)],
    "all alike": lambda _: [bytes(8)] * 3000,
    "different in the last byte": lambda rng: [bytes(7) + rng.bytes(1) for _ in range(3000)],
    "few values": lambda rng: [bytes([rng.integers(3)]) * 8 for _ in range(3000)],
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("part_records", [1, 10, 100, 10_000])
def test_the_order_is_that_of_the_values_and_then_as_given(name: str, part_records: int) -> None:
    values = SETS[name](np.random.default_rng(5))
    records = records_of(values)
    parts = sorted_parts(records, records.copy(), part_records * RECORD.itemsize)
    rows = [int(row) for part in parts for row in part["row"]]
    assert rows == sorted(range(len(values)), key=lambda at: values[at])


def test_no_part_is_larger_than_asked_for() -> None:
    records = records_of([bytes(8)] * 1000)
    parts = sorted_parts(records, records.copy(), 100 * RECORD.itemsize)
    assert max(len(part) for part in parts) == 100


def test_values_that_differ_only_after_eight_bytes_are_in_order() -> None:
    kind = np.dtype([("value", "u1", (32,)), ("row", "<u4")])
    records = np.zeros(3, kind)
    records["value"][:, 31] = [2, 0, 1]
    records["row"] = [0, 1, 2]
    (part,) = sorted_parts(records, records.copy())
    assert part["row"].tolist() == [1, 2, 0]
