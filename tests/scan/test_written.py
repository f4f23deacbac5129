"""A summary as files that other programs read."""

from __future__ import annotations

import csv
import io

import pytest

from upload_guard.scan.records import Column, Item, Looked
from upload_guard.scan.written import write_csv

MATCH = {
    "list": "icse",
    "version": 3,
    "category": "baseline",
    "entry": 7,
    "signal_type": "pdq",
    "view": "frame 0",
    "distance": 8,
    "limit": 31,
}


def rows(*files: Looked) -> list[dict[str, str]]:
    out = io.StringIO()
    write_csv(files, out)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_a_match_is_told_in_words() -> None:
    (row,) = rows(Looked(Item("file:///a", 3), Column.LISTED, "block", "exact", (MATCH,), "C4S3"))
    assert row["matches"] == "pdq on icse v3 (baseline), entry 7, 8 of 31 bits away, in frame 0"
    assert (row["case"], row["size"]) == ("C4S3", "3")


@pytest.mark.parametrize("first", "=+-@\t\r")
def test_no_cell_is_a_formula(first: str) -> None:
    (row,) = rows(Looked(Item("file:///a"), Column.UNREAD, reason=f"{first}cmd|' /C calc'!A0"))
    assert row["reason"].startswith(f"'{first}")
