"""SCART's CSV files and the form of its API: addresses only, and no formula in any cell."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.reports.goldens import golden
from tests.reports.known import at, blocked, facts
from upload_guard.errors import NotReportable
from upload_guard.reports.facts import Facts, Place
from upload_guard.reports.papers import Format
from upload_guard.reports.scart.papers import ScartApi, ScartNotice, ScartPolice, cell

IP = "198.51.100.4"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("scart-notice.csv", ScartNotice(IP)),
        ("scart-notice-no-ip.csv", ScartNotice()),
        ("scart-police.csv", ScartPolice(IP)),
        ("scart-api.json", ScartApi(IP)),
        ("scart-api-form.txt", ScartApi(IP, form=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_paper_is_as_it_was_read_once(name: str, written: Format) -> None:
    content = written.write(facts()).content
    assert content == golden(name, content)


def rows(written: Format, known: Facts) -> list[dict[str, str]]:
    text = written.write(known).content.decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_each_address_has_a_row_of_its_own() -> None:
    places = (Place("https://example.org/a"), Place(locator="file:///b"), Place("https://example.org/c"))
    found = [row["url"] for row in rows(ScartNotice(), facts(places=places))]
    assert found == ["https://example.org/a", "https://example.org/c"]
    assert json.loads(ScartApi(IP).write(facts(places=places)).content)["urls"] == found


def test_a_notice_names_no_list_and_nobody() -> None:
    content = ScartNotice().write(facts()).content.decode()
    for told in ("eokm", "ncmec", "robin", "user-17", "192.0.2.7", "A1"):
        assert told not in content


def test_other_uploads_of_the_file_say_nothing_of_an_address() -> None:
    """It was taken away before somebody tried to upload the same again, and was refused."""
    (row,) = rows(
        ScartNotice(),
        facts(
            first_seen=at(1), last_seen=at(23), places=(Place("https://example.org/a", removed_at=at(11)),)
        ),
    )
    assert (row["firstseen"], row["lastseen"]) == ("2026-11-26 09:00:00", "2026-11-26 11:00:00")


def test_the_time_of_the_event_stands_for_the_first_and_none_for_the_last_where_unknown() -> None:
    (row,) = rows(
        ScartNotice(), facts(first_seen=None, last_seen=None, places=(Place("https://example.org/a"),))
    )
    assert (row["firstseen"], row["lastseen"]) == ("2026-11-26 09:00:00", "")


@pytest.mark.parametrize(
    "known",
    [blocked(), facts(places=()), facts(places=(Place(locator="file:///b"),))],
    ids=["refused", "no place", "no address"],
)
@pytest.mark.parametrize("written", [ScartNotice(), ScartPolice(), ScartApi(IP)], ids=lambda one: one.name)
def test_without_an_address_there_is_nothing_to_tell_scart(written: Format, known: Facts) -> None:
    with pytest.raises(NotReportable, match="address"):
        written.write(known)


def test_the_api_wants_an_ip_address_and_none_is_made_up() -> None:
    with pytest.raises(NotReportable, match="IP address"):
        ScartApi().write(facts())


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\uff1d1", '=HYPERLINK("x")'],
    ids=lambda text: repr(text),
)
def test_no_cell_begins_a_formula(text: str) -> None:
    written = cell(text)
    assert written.startswith("'") or not written.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
    assert written.isprintable()


def test_text_that_is_no_formula_is_left_alone() -> None:
    assert cell("https://example.org/a?b=c") == "https://example.org/a?b=c"


def test_an_address_cannot_break_out_of_its_cell() -> None:
    url = 'https://example.org/a";"b;c'
    (row,) = rows(ScartPolice(), facts(places=(Place(url),)))
    assert row["url"] == url


def test_nor_where_cells_are_split_at_commas() -> None:
    """As a spreadsheet does whose language writes numbers with a point."""
    url = "https://example.org/a,=1+1|'/C calc'!A0"
    content = ScartNotice().write(facts(places=(Place(url),))).content.decode()
    cells = [cell for row in csv.reader(io.StringIO(content, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]
    (row,) = rows(ScartNotice(), facts(places=(Place(url),)))
    assert row["url"] == url


def test_an_address_with_a_line_break_is_no_address() -> None:
    with pytest.raises(NotReportable, match="cannot be written"):
        ScartNotice().write(facts(places=(Place("https://example.org/a\n=1"),)))
