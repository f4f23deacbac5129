"""XARF v4: what its own schema takes, and nothing that nobody knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
import xarf

from tests.reports.goldens import golden
from tests.reports.known import at, blocked, facts
from upload_guard.errors import NotReportable
from upload_guard.reports.facts import Facts, Place, Uploader
from upload_guard.reports.xarf.paper import VERSION, Xarf

URL = "https://example.org/media/a.jpg"


def written(known: Facts) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(Xarf().write(known).content)
    return report


def test_a_paper_is_as_it_was_read_once() -> None:
    content = Xarf().write(facts()).content
    assert content == golden("xarf.json", content)


def test_the_package_that_knows_the_format_reads_it_without_a_fault() -> None:
    read = xarf.parse(Xarf().write(facts()).content.decode())
    assert read.errors == []
    assert read.warnings == []
    assert read.report is not None
    assert read.report.url == URL  # type: ignore[union-attr]
    assert VERSION == xarf.SPEC_VERSION


def test_one_report_has_one_id_and_another_has_another() -> None:
    ids = {written(facts(report=name))["report_id"] for name in ("RP-1", "RP-1", "RP-2")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (blocked(classification="A1"), "never had an address"),
        (facts(places=()), "no address"),
        (facts(places=(Place(locator="file:///srv/a.jpg"),)), "no address"),
        (facts(places=(Place("javascript:alert(1)"),)), "correct it"),
        (facts(places=(Place("https://example.org/a b.jpg"),)), "correct it"),
        (facts(places=(Place("https://["),)), "correct it"),
        (facts(classification=""), "a person has to choose"),
        (facts(classification="C3"), "a person has to choose"),
        (facts(matches=(), viewed=()), "how it was found"),
        (
            facts(places=tuple(Place(f"https://example.org/{'a' * 90}{n}") for n in range(20))),
            "report them apart",
        ),
    ],
    ids=[
        "refused",
        "no place",
        "storage only",
        "no address of the web",
        "a space",
        "no host",
        "no classification",
        "another one",
        "nobody knows how",
        "too many addresses",
    ],
)
def test_what_it_demands_and_nobody_knows_is_not_made_up(known: Facts, sentence: str) -> None:
    with pytest.raises(NotReportable, match=sentence):
        Xarf().write(known)


def test_how_it_was_found_is_what_is_known_of_that() -> None:
    assert written(facts())["detection_method"] == "hash_match"
    assert written(facts(matches=(), route="notice:N-1"))["detection_method"] == "user_report"
    assert written(facts(matches=()))["detection_method"] == "manual_review"


def test_the_source_is_the_uploader_or_else_the_host_and_no_account_is_named() -> None:
    told = written(facts())
    assert (told["source_identifier"], told["source_port"]) == ("192.0.2.7", 50123)
    bare = written(facts(uploader=Uploader(account="user-17", ip="not an address", port=5)))
    assert (bare["source_identifier"], "source_port" in bare) == ("example.org", False)
    assert "user-17" not in json.dumps(told)


def test_it_is_removed_only_where_all_of_it_is() -> None:
    both = (Place(URL, removed_at=at(11)), Place("https://example.org/b.jpg"))
    assert written(facts())["content_removed"] is True
    told = written(facts(places=both))
    assert "content_removed" not in told, "whether the other is still there, nobody has looked"
    assert "https://example.org/b.jpg" in told["description"]


def test_neither_lists_nor_staff_are_named() -> None:
    content = Xarf().write(facts()).content.decode()
    for told in ("eokm", "ncmec", "robin", "holiday", "/srv/"):
        assert told not in content
