"""The page of statistics: its figures equal the rows, in the table and in the file."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import select

import upload_guard.sidecar.review as review
from tests.sidecar.review.browsing import Browser, inline, person
from tests.sidecar.review.conftest import House
from tests.statistics.places import add_notice, add_place
from tests.statistics.rows import add_case, decide
from tests.support import picture_bytes, settings_in, upload_of
from upload_guard.compose import build_station, open_database_of
from upload_guard.notices.states import AddressState
from upload_guard.people.roles import Role
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Source
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.review.figures import TABLES
from upload_guard.sidecar.review.statistics import RANGES
from upload_guard.statistics.case_lists import note_lists
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import UploadStatistic

TODAY = datetime.now(UTC).date()


class Tables(HTMLParser):
    """The tables of a page: by id their captions, and rows of what cells hold for machines."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.keys: dict[str, list[str]] = {}
        self.captions: Counter[str] = Counter()
        self.scopes: Counter[str] = Counter()
        self._at = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._at = given.get("id", "")
            self.rows[self._at], self.keys[self._at] = [], []
        if tag == "caption":
            self.captions[self._at] += 1
        if tag == "tr" and self._at:
            self.rows[self._at].append([])
        if tag == "th":
            self.scopes[given.get("scope", "none")] += 1
        if "data-key" in given:
            self.keys[self._at].append(given["data-key"])
        if "data-value" in given:
            self.rows[self._at][-1].append(given["data-value"])

    def figures(self, name: str) -> list[dict[str, str]]:
        return [dict(zip(self.keys[name], row, strict=True)) for row in self.rows[name] if row]


@pytest.fixture(scope="module")
def database(house: House) -> Database:
    """Rows of two days and two sites, cases that were decided and not, and files found late."""
    database = open_database_of(house.settings)
    with database.session() as session:
        for day, site, result, action, reason, uploads in (
            (TODAY, "blog", "clean", "allow", "", 90),
            (TODAY, "blog", "match", "block", "", 3),
            (TODAY, "shop", "clean", "allow", "", 7),
            (TODAY - timedelta(days=2), "blog", "unscannable", "quarantine", "truncated", 4),
            (TODAY - timedelta(days=2), "blog", "unchecked", "monitor", "timeout", 5),
            (TODAY - timedelta(days=40), "blog", "clean", "allow", "", 1000),
        ):
            session.add(
                UploadStatistic(
                    day=day, site=site, result=result, action=action, reason=reason, uploads=uploads
                )
            )
    now = datetime.now(UTC)
    came = now - timedelta(days=3)
    for decision, state, hours in (
        ("false_positive", CaseState.RELEASED, 2),
        ("confirmed", CaseState.CONFIRMED, 3),
        ("confirmed", CaseState.CONFIRMED, 30),
    ):
        decide(database, add_case(database, came), decision, came + timedelta(hours=hours), state)
    add_case(database, came)
    note_lists(database)
    LateOutcomes(database).note(add_case(database, now, ["icse"]), LateAction.FAILED, "post 12", "key")
    # In one month, whatever day it is.
    add_notice(database, now, AddressState.WAITING)
    first = now.replace(day=1, hour=0, minute=0)
    add_place(database, add_case(database, now), first, first + timedelta(minutes=90))
    return database


@pytest.fixture
def viewer(house: House, database: Database) -> Browser:
    return house.person(Role.VIEWER)


def page_of(viewer: Browser, query: str = "") -> str:
    answer = viewer.get(f"/review/statistics{query}")
    assert answer.status_code == 200
    return answer.text


def counted(figures: list[dict[str, str]], key: str) -> dict[str, int]:
    head = next(iter(figures[0]))
    return {row[head]: int(row[key]) for row in figures if int(row[key])}


def test_uploads_by_day_and_by_site_equal_the_rows(viewer: Browser) -> None:
    tables = Tables(page_of(viewer))
    days = tables.figures("uploads-by-day")
    earlier = str(TODAY - timedelta(days=2))
    assert len(days) == 30
    assert counted(days, "uploads") == {str(TODAY): 100, earlier: 9}
    assert counted(days, "unscannable") == {earlier: 4}
    assert counted(days, "unchecked") == {earlier: 5}
    assert counted(days, "block") == {str(TODAY): 3}
    assert counted(tables.figures("uploads-by-site"), "uploads") == {"blog": 102, "shop": 7}


def test_the_figures_of_a_page_are_the_sum_of_all_rows(viewer: Browser, database: Database) -> None:
    figures = Tables(page_of(viewer, "?days=365")).figures("uploads-by-day")
    with database.session() as session:
        rows = session.scalars(select(UploadStatistic)).all()
    for key, of in (("clean", "result"), ("match", "result"), ("quarantine", "action"), ("allow", "action")):
        assert sum(counted(figures, key).values()) == sum(
            row.uploads for row in rows if getattr(row, of) == key
        )


def test_what_was_not_read_and_not_checked_is_told_by_why(viewer: Browser) -> None:
    page = page_of(viewer)
    assert [list(row.values())[1:] for row in Tables(page).figures("not-read-or-checked")] == [
        ["truncated", "4"],
        ["timeout", "5"],
    ]


def test_the_share_of_false_positives_is_of_those_decided(viewer: Browser) -> None:
    (icse,) = [row for row in Tables(page_of(viewer)).figures("lists") if row["list"] == "icse"]
    shown = {key: icse[key] for key in ("false_positives", "confirmed", "decided", "false_positive_share")}
    assert shown == {
        "false_positives": "1",
        "confirmed": "2",
        "decided": "3",
        "false_positive_share": "0.3333",
    }


def test_a_list_without_a_decision_has_no_share(viewer: Browser) -> None:
    (listed,) = [row for row in Tables(page_of(viewer)).figures("lists") if row["list"] == "test-list"]
    assert (listed["decided"], listed["false_positive_share"]) == ("0", "")


def test_time_to_decision_is_measured_against_the_norm(viewer: Browser) -> None:
    rows = Tables(page_of(viewer)).figures("time-to-decision")
    assert sum(int(row["decided"]) for row in rows) == 3
    assert sum(int(row["within_24_hours"]) for row in rows) == 2
    assert sum(int(row["due"]) for row in rows) == 4
    (week,) = [row for row in rows if row["decided"] == "3"]
    assert (week["median_minutes"], week["ninetieth_minutes"]) == ("180", "1800")


def test_time_to_removal_is_of_what_was_on_a_site(viewer: Browser) -> None:
    (month,) = [row for row in Tables(page_of(viewer)).figures("time-to-removal") if row["known"] != "0"]
    assert (month["known"], month["removed"], month["within_24_hours"], month["due"]) == ("2", "1", "1", "1")
    assert (month["median_minutes"], month["p95_minutes"], month["open"]) == ("90", "90", "1")


def test_what_has_waited_longer_than_a_day_is_said_first(viewer: Browser) -> None:
    page = page_of(viewer)
    assert "1 case has waited longer than 24 hours" in page
    assert page.index("has waited longer") < page.index("uploads-by-day")


def test_files_that_are_still_there_are_named(viewer: Browser) -> None:
    page = page_of(viewer)
    late = {row["outcome"]: row["files"] for row in Tables(page).figures("found-late")}
    assert late == {
        "removed": "0",
        "hidden from visitors": "0",
        "left in place": "0",
        "was gone already": "0",
        "removing it failed": "1",
    }
    assert "post 12" in page


def test_a_site_is_chosen_by_the_address(viewer: Browser) -> None:
    tables = Tables(page_of(viewer, "?site=shop"))
    assert counted(tables.figures("uploads-by-day"), "uploads") == {str(TODAY): 7}
    assert [row["cases"] for row in tables.figures("lists")] == ["0"]
    assert '<option value="shop" selected>' in page_of(viewer, "?site=shop")


@pytest.mark.parametrize("days", RANGES)
def test_a_range_is_chosen_by_the_address(viewer: Browser, days: int) -> None:
    assert len(Tables(page_of(viewer, f"?days={days}")).figures("uploads-by-day")) == days


@pytest.mark.parametrize("query", ["?days=x", "?days=100000", "?days=-1", "?days=30&days=7"])
def test_nonsense_in_the_address_means_what_is_usual(viewer: Browser, query: str) -> None:
    assert len(Tables(page_of(viewer, query)).figures("uploads-by-day")) == 30


def test_of_a_site_that_is_not_there_nothing_is_told(viewer: Browser) -> None:
    assert "No upload was counted in these days" in page_of(viewer, "?site=" + "x" * 999)


@pytest.mark.parametrize("name", TABLES)
def test_the_file_of_each_table_has_the_figures_of_the_page(viewer: Browser, name: str) -> None:
    answer = viewer.get(f"/review/statistics/{name}.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert f'filename="upload-guard-{name}-' in answer.headers["Content-Disposition"]
    assert list(csv.DictReader(io.StringIO(answer.text))) == Tables(page_of(viewer)).figures(name)


def test_there_is_no_other_file(viewer: Browser) -> None:
    assert viewer.get("/review/statistics/cases.csv").status_code == 404


def test_nobody_sees_them_without_logging_in(house: House) -> None:
    for path in ("", "/lists.csv", "/transparency-report"):
        assert house.browser().get(f"/review/statistics{path}").status_code == 302


def transparency(viewer: Browser, query: str, **headers: str) -> tuple[str, str]:
    """The file's name, and what is in it."""
    answer = viewer.get(f"/review/statistics/transparency-report{query}", **headers)
    assert answer.status_code == 200
    return answer.headers["Content-Disposition"], answer.text


def test_the_transparency_report_of_chosen_days_is_a_paper_or_a_table(viewer: Browser) -> None:
    days = f"?first={TODAY - timedelta(days=2)}&last={TODAY}"
    name, paper = transparency(viewer, days)
    assert name.endswith(f'-{TODAY}.md"')
    assert "| uploads, with those that could not be read or checked | 109 |" in paper
    name, table = transparency(viewer, days + "&paper=csv")
    assert name.endswith('.csv"')
    assert "uploads,checked,,109,count" in table
    assert "uploads,checked,,7,count" in transparency(viewer, days + "&paper=csv&site=shop")[1]


def test_the_transparency_report_speaks_the_language_of_the_page(viewer: Browser) -> None:
    assert transparency(viewer, "", **{"Accept-Language": "nl"})[1].startswith("# Transparantieverslag")


@pytest.mark.parametrize(
    "query", ["", "?first=x&last=y", "?first=2021-01-01&last=2020-01-01", "?first=2020-01-01"]
)
def test_without_days_it_is_of_last_year(viewer: Browser, query: str) -> None:
    assert f"{TODAY.year - 1}-01-01-{TODAY.year - 1}-12-31" in transparency(viewer, query)[0]


def test_a_screen_reader_gets_tables_with_captions_and_scopes(viewer: Browser) -> None:
    page = page_of(viewer)
    tables = Tables(page)
    assert set(TABLES) <= set(tables.rows)
    assert all(tables.captions[name] == 1 for name in TABLES)
    assert set(tables.scopes) == {"col", "row"}
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert not inline(page)


def test_each_plot_draws_a_table_that_is_there(viewer: Browser) -> None:
    page = page_of(viewer)
    tables = Tables(page)
    plots = re.findall(r'class="plot"[^>]*data-table="([^"]+)" data-series="([^"]+)"', page)
    assert len(plots) == 4
    for name, series in plots:
        assert set(series.split()) <= set(tables.keys[name])
    script = (Path(review.__file__).parent / "static" / "statistics.js").read_text()
    assert "innerHTML" not in script


def test_in_dutch_the_figures_are_the_same(viewer: Browser) -> None:
    dutch = viewer.get("/review/statistics", **{"Accept-Language": "nl"}).text
    assert "Tijd tot besluit" in dutch
    name = "time-to-decision"
    assert Tables(dutch).figures(name) == Tables(page_of(viewer)).figures(name)


def test_what_a_running_sidecar_checks_is_on_the_page(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, review={"totp": "optional"})
    app = assemble(settings).app
    viewer = person(app, settings, Role.VIEWER)
    empty = page_of(viewer)
    assert "No upload was counted in these days" in empty
    assert "There is no list yet" in empty
    station = build_station(settings)
    station.guard.check([upload_of(picture_bytes(2), Source("blog", "/up"))])
    (job,) = (one for one in station.housekeeper.jobs if one.name == "statistics")
    job.run()
    figures = Tables(page_of(viewer)).figures("uploads-by-site")
    assert [(row["site"], row["unchecked"]) for row in figures] == [("blog", "1")]
