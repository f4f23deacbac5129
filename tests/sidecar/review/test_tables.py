"""Figures on pages and in files are of one record, and no file does more than hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upload_guard.sidecar.review.languages import speak
from upload_guard.sidecar.review.tables import Column, Share, Table, Value, csv_of, raw, shown


@pytest.fixture
def speaking() -> Iterator[None]:
    app = Flask(__name__)
    speak(app, "en")
    with app.test_request_context():
        yield


def table(*rows: tuple[Value | Share, ...]) -> Table:
    columns = tuple(Column(f"c{n}", f"column {n}") for n in range(len(rows[0])))  # type: ignore[arg-type]
    return Table("figures", "Figures", columns, rows)  # type: ignore[arg-type]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("value", "on_page", "in_file"),
    [
        (1234567, "1,234,567", 1234567),
        (0, "0", 0),
        (None, "\u2013", ""),
        (Share(0.25), "25.0%", 0.25),
        (Share(0.0), "0.0%", 0.0),
        (timedelta(hours=26, minutes=3), "26 h 03 min", 1563),
        (date(2026, 11, 26), "26 Nov 2026", "2026-11-26"),
        ("icse", "icse", "icse"),
        ("", "\u2013", ""),
    ],
)
@pytest.mark.usefixtures("speaking")
def test_each_kind_of_value_has_a_form_for_people_and_one_for_machines(
    value: Value | Share, on_page: str, in_file: object
) -> None:
    assert (shown(value), raw(value)) == (on_page, in_file)


def test_a_file_is_headed_by_keys_and_holds_every_row() -> None:
    text = csv_of(table(("blog", 3, Share(0.5)), ("shop", 0, None)))
    assert read(text) == [["c0", "c1", "c2"], ["blog", "3", "0.5"], ["shop", "0", ""]]


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://x","y")',
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "\uff1d1",
        "\uff201",
    ],
)
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    ((_, (found,)),) = [tuple(read(csv_of(table((cell,)))))]
    assert found == f"'{cell}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_cell_holds_it_is_one_cell_and_begins_harmlessly(cell: str) -> None:
    rows = read(csv_of(table((cell, 1))))
    assert len(rows) == 2
    first, second = rows[1]
    assert (first.removeprefix("'") == cell.removeprefix("'"), second) == (True, "1")
    assert first.lstrip(" ")[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"} or not first.strip(" ")
