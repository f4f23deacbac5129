"""Templates of places: what an addressee there is told, and what it is not."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.reports.known import blocked, facts
from upload_guard.errors import ConfigError, NotReportable
from upload_guard.report_settings import FormatName, JurisdictionName, RecipientSettings, SenderName
from upload_guard.reports.facts import Facts, Uploader
from upload_guard.reports.jurisdictions import Addressee, jurisdiction, wanted
from upload_guard.reports.registry import format_of

_PAGE = Path(__file__).parents[2] / "docs" / "report-formats.md"
NAMES = sorted(set(get_args(JurisdictionName)) - {""})


def recipient(**more: Any) -> RecipientSettings:
    return RecipientSettings(format="text", sender="folder", folder=Path("/srv"), **more)


def told(**more: Any) -> str:
    return format_of(recipient(**more)).write(facts()).content.decode()


def test_settings_know_each_template_and_no_other() -> None:
    folder = resources.files("upload_guard.reports").joinpath("templates")
    assert sorted(one.name.removesuffix(".toml") for one in folder.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_whole(name: str) -> None:
    there = jurisdiction(name)
    assert there.sources
    assert there.sentences["en"]
    assert there.sentences["nl"]
    for one in there.addressees:
        assert one.formats
        assert set(one.formats) <= set(get_args(FormatName))
        assert set(one.sentences) in (set(), {"en", "nl"})


def test_a_hotline_is_told_nothing_of_the_uploader_and_the_police_is() -> None:
    hotline = told(jurisdiction="nl")
    police = told(jurisdiction="nl", options={"addressee": "police"})
    for word in ("user-17", "192.0.2.7", "robin, ", "file:///srv", "/upload"):
        assert word not in hotline
        assert word in police


def test_what_an_addressee_needs_and_nobody_knows_is_not_reportable() -> None:
    written = format_of(recipient(jurisdiction="nl"))
    with pytest.raises(NotReportable, match=r"Meldpunt.* needs an address"):
        written.write(facts(places=()))


@pytest.mark.parametrize(
    ("need", "known"),
    [
        ("url", facts(places=())),
        ("classification", facts(classification="")),
        ("uploader", facts(uploader=Uploader())),
        ("viewed", facts(viewed=())),
    ],
)
def test_each_need_is_seen(need: Any, known: Any) -> None:
    one = Addressee(name="a", title="A", formats=(), blocked=True, leave_out=(), needs=(need,))
    assert one.fitted(facts()) == facts()
    with pytest.raises(NotReportable, match="A needs"):
        one.fitted(known)


def test_what_is_left_out_is_gone() -> None:
    one = Addressee(
        name="a",
        title="A",
        formats=(),
        blocked=True,
        leave_out=("uploader", "staff", "storage", "matches", "summary"),
        needs=(),
    )
    left = one.fitted(facts(route="scan:/srv/media/a.jpg"))
    assert (left.confirmed_by, left.route) == ("", "")
    assert (left.uploader, left.matches, left.summary) == (Uploader(), (), "")
    assert [(one.person, one.at) for one in left.viewed] == [("", one.at) for one in facts().viewed]
    assert [place.locator for place in left.places] == [""]
    assert [place.url for place in left.places] == ["https://example.org/media/a.jpg"]


def test_that_somebody_saw_the_file_is_told_also_where_nobody_is_named() -> None:
    text = told(jurisdiction="nl", language="en")
    assert "Whole unblurred file: 2026-11-26 10:15:00 UTC" in text
    assert "by nobody" not in text


def test_the_template_speaks_where_settings_are_silent() -> None:
    want = wanted(recipient(jurisdiction="nl"))
    assert (want.language, want.blocked, want.preserve) == ("nl", False, False)
    ncmec = RecipientSettings(format="cybertip", sender="folder", folder=Path("/srv"), jurisdiction="us")
    want = wanted(ncmec)
    assert (want.language, want.blocked, want.preserve) == ("en", True, True)


def test_settings_go_before_the_template() -> None:
    want = wanted(
        recipient(
            jurisdiction="us",
            options={"addressee": "police"},
            language="nl",
            blocked=True,
            preserve=False,
        )
    )
    assert (want.language, want.blocked, want.preserve) == ("nl", True, False)
    assert want.sentences == jurisdiction("us").sentences["nl"]


def test_without_a_template_settings_say_all() -> None:
    assert wanted(recipient(blocked=True)).blocked
    assert "user-17" in told()


def test_sentences_of_the_template_stand_in_the_paper() -> None:
    assert jurisdiction("nl").sentences["nl"][0] in told(jurisdiction="nl")
    assert "Article 18" in told(jurisdiction="eu")


def test_a_legal_basis_is_named_to_nobody_but_whom_it_is_about() -> None:
    assert "Article 18" not in told(jurisdiction="eu", options={"addressee": "hotline"})
    assert "2258A" not in told(jurisdiction="us", options={"addressee": "police"})
    ncmec = RecipientSettings(
        format="cybertip", sender="folder", folder=Path("/srv"), jurisdiction="us", language="nl"
    )
    assert b"made under 18 U.S.C. 2258A" in format_of(ncmec).write(facts()).content


def test_an_addressee_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match="no addressee mayor, but hotline, police, host"):
        format_of(recipient(jurisdiction="nl", options={"addressee": "mayor"}))


def test_a_format_that_an_addressee_does_not_take_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"NCMEC, CyberTipline takes cybertip .* not text"):
        format_of(recipient(jurisdiction="us"))


def test_only_ncmec_is_told_of_refused_uploads_unasked() -> None:
    telling = {(name, one.name) for name in NAMES for one in jurisdiction(name).addressees if one.blocked}
    assert telling == {("us", "ncmec")}


def test_whoever_is_told_of_a_refused_upload_reads_that_it_was_one() -> None:
    written = format_of(recipient(jurisdiction="eu", blocked=True))
    assert "never was on the site" in written.write(blocked()).content.decode()


@pytest.mark.parametrize("addressee", ["hotline", "host"])
@pytest.mark.parametrize(
    ("known", "method"),
    [(facts(viewed=()), "hash_match"), (facts(matches=(), viewed=(), route="notice:N-1"), "user_report")],
    ids=["by lists", "by a notice"],
)
def test_how_it_was_found_is_known_also_to_whom_no_list_is_named(
    addressee: str, known: Facts, method: str
) -> None:
    own = RecipientSettings(
        format="xarf",
        sender="folder",
        folder=Path("/srv"),
        jurisdiction="nl",
        options={"addressee": addressee},
    )
    assert f'"detection_method": "{method}"' in format_of(own).write(known).content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_formats_has_what_each_addressee_takes(name: str) -> None:
    page = _PAGE.read_text(encoding="utf-8")
    for one in jurisdiction(name).addressees:
        wanted_row = (
            rf"\| `{one.name}`[^|]*\| {', '.join(one.formats)} \| {'yes' if one.blocked else 'no'} \|"
        )
        assert re.search(wanted_row, page), one.name


def test_the_page_about_formats_names_each_format_and_sender() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    table = [line for line in page.splitlines() if line.startswith("| `")]
    for name in (*get_args(FormatName), *get_args(SenderName)):
        assert any(f"`{name}`" in line for line in table), name
