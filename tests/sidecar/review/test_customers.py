"""The page of customers: its figures equal the rows, in the table, in the file and in the hits of each."""

from __future__ import annotations

import csv
import io

import pytest

from tests.sidecar.review.browsing import Browser
from tests.sidecar.review.conftest import House
from tests.sidecar.review.test_statistics import Tables
from upload_guard.audit.opening import open_audited
from upload_guard.customers.hits import AnsweredHit
from upload_guard.customers.opening import hits_in, outcomes_in
from upload_guard.customers.wire import HitOutcome, OutcomeTold
from upload_guard.people.roles import Role
from upload_guard.records import Signal, SignalType


def signal(number: int) -> Signal:
    return Signal(SignalType.SHA1, bytes([number]) * 20)


@pytest.fixture(scope="module")
def hits(house: House) -> tuple[str, ...]:
    """Three hits of a forum, of which the first is removed and the second doubted; one of a blog."""
    database = open_audited(house.settings)
    noting, outcomes = hits_in(house.settings, database), outcomes_in(house.settings, database)
    hits = noting.note("forum", [AnsweredHit((signal(one),), "baseline") for one in range(3)])
    noting.note("blog", [AnsweredHit((signal(0),), "illegal")])
    told = [
        OutcomeTold(hit=hits[0], outcome=HitOutcome.REMOVED),
        OutcomeTold(hit=hits[1], outcome=HitOutcome.FALSE_POSITIVE),
    ]
    outcomes.tell("forum", told, "k")
    return hits


@pytest.fixture
def viewer(house: House) -> Browser:
    return house.person(Role.VIEWER)


def test_before_anybody_had_a_hit_the_page_says_what_a_customer_is(viewer: Browser) -> None:
    page = viewer.get("/review/customers")
    assert page.status_code == 200
    assert "No customer had a hit in these days" in page.text


def test_hits_are_counted_by_customer_with_their_follow_up(viewer: Browser, hits: tuple[str, ...]) -> None:
    page = viewer.get("/review/customers").text
    rows = {row["customer"]: row for row in Tables(page).figures("customers")}
    assert set(rows) == {"forum", "blog"}
    forum = rows["forum"]
    assert (forum["hits"], forum["followed_up_in_time"], forum["open"]) == (str(len(hits)), "2", "1")
    assert (forum["share_in_time"], forum["open_and_late"], forum["false_positives"]) == ("1.0", "0", "1")
    assert (rows["blog"]["share_in_time"], rows["blog"]["median_minutes"]) == ("", "")


def test_the_file_has_the_same_figures(viewer: Browser, hits: tuple[str, ...]) -> None:
    assert hits
    answer = viewer.get("/review/customers.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    table = Tables(viewer.get("/review/customers").text).figures("customers")
    assert list(csv.DictReader(io.StringIO(answer.text))) == table


def test_the_hits_of_one_customer_are_listed_and_no_hash_of_them(
    viewer: Browser, hits: tuple[str, ...]
) -> None:
    page = viewer.get("/review/customers/forum").text
    tables = Tables(page)
    assert [row["hit"] for row in tables.figures("open-hits")] == [hits[2]]
    said = {row["hit"]: row["outcome"] for row in tables.figures("newest-hits")}
    assert said == {hits[0]: "removed", hits[1]: "holds it for a false positive", hits[2]: ""}
    assert not any(signal(one).value.hex()[:8] in page for one in range(3))


def test_what_customers_doubt_is_shown_to_those_who_look_after_lists(
    house: House, hits: tuple[str, ...]
) -> None:
    page = house.person(Role.LIST_MANAGER).get("/review/customers").text
    assert [row["hit"] for row in Tables(page).figures("doubted")] == [hits[1]]


def test_a_customer_that_never_had_a_hit_has_no_page(viewer: Browser) -> None:
    assert viewer.get("/review/customers/nobody").status_code == 404


def test_the_page_speaks_dutch(viewer: Browser, hits: tuple[str, ...]) -> None:
    assert hits
    page = viewer.get("/review/customers", **{"Accept-Language": "nl"}).text
    assert "Treffers en hun opvolging" in page
    assert "houdt het voor onterecht" in page
