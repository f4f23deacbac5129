"""The text says what Article 17(3) demands, and nothing by which somebody could get past a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.statements.houses import House
from upload_guard.statements.text import LANGUAGES, Means, Origin, Reasons, Wording, statement_text

REASONS = Reasons(
    case="7KQM-2TZP-9XWD",
    service="The Blog",
    uploaded_at=datetime(2026, 11, 20, 9, 5, tzinfo=UTC),
    decided_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    origin=Origin.UPLOAD,
    means=Means.COMPARED,
    appeal_until=datetime(2027, 5, 23, 10, 0, tzinfo=UTC),
    appeal_url="https://guard.example.org/public/appeals/7KQM-2TZP-9XWD/secret",
)
OWN = Wording("our ground.", "our courts.")


def test_all_points_of_the_article_are_there_in_english() -> None:
    text = statement_text("en", REASONS, OWN)
    for said in (
        "Your upload was held and is not published.",  # (a)
        "wherever the service is offered, and without an end",
        "uploaded on 2026-11-20 09:05 (UTC) was stopped",  # (b)
        "found by automated means",  # (c)
        "a person has made it",
        "Ground: our ground.",  # (d), (e)
        "You can appeal until 2027-05-23 10:00 (UTC)",  # (f)
        REASONS.appeal_url,
        "our courts.",
    ):
        assert said in text, said


def test_and_in_dutch() -> None:
    text = statement_text("nl", REASONS, OWN)
    for said in (
        "Uw upload is tegengehouden en wordt niet gepubliceerd.",
        "geüpload, is bij binnenkomst gestopt",
        "gevonden met geautomatiseerde middelen",
        "een mens heeft die genomen",
        "Grond: our ground.",
        "bezwaar maken tot 2027-05-23 10:00 (UTC)",
        REASONS.appeal_url,
        "our courts.",
    ):
        assert said in text, said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("origin", list(Origin), ids=lambda origin: origin.value)
@pytest.mark.parametrize("means", list(Means), ids=lambda means: means.value)
def test_no_place_is_left_open_whatever_happened(language: str, origin: Origin, means: Means) -> None:
    text = statement_text(language, replace(REASONS, origin=origin, means=means), OWN)
    assert "$" not in text
    assert "\n\n\n" not in text


def test_a_file_that_nobody_could_read_was_compared_with_nothing(house: House) -> None:
    number = house.upload(b"\xff\xd8\xff" + bytes(50)).case
    house.decisions.confirm(number, "ruth", "seen")
    text = house.told(number).text
    assert "could not read all of it" in text
    assert "known illegal content" not in text


def test_without_appeals_only_the_other_ways_are_named() -> None:
    text = statement_text("en", replace(REASONS, appeal_url=""), OWN)
    assert "appeal" not in text
    assert text.rstrip().endswith("our courts.")


@pytest.mark.parametrize(
    ("route", "origin"),
    [
        ("/up", Origin.UPLOAD),
        ("scan:/srv/files/a.png", Origin.SITE),
        ("late:/up", Origin.SITE),
        ("notice:N-1", Origin.NOTICE),
        ("", Origin.UPLOAD),
    ],
)
def test_a_case_tells_how_its_file_came_to_be_looked_at(route: str, origin: Origin) -> None:
    assert Origin.of(route) is origin


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_real_case_neither_list_nor_entry_nor_distance_is_told(house: House, language: str) -> None:
    number = house.confirmed()
    text = house.told(number, language).text
    for secret in ("test-list", "baseline", "entry", "distance", "pdq", "sha256", "ruth", "/up"):
        assert secret not in text.lower(), secret
    assert "The Blog" in text
