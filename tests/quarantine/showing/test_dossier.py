"""What there is about a case beside the upload itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import activate_listed_picture, quiet_station, settings_in, upload_of
from upload_guard.compose import open_cases, open_decisions, open_exports, open_holds
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.custody.retention import Retention, Rule
from upload_guard.quarantine.showing.dossier import Dispute, Dossier, dossier
from upload_guard.settings import Settings

AUTHORITY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def case(settings: Settings) -> CaseInfo:
    """Of the listed picture, held by its digests and its look."""
    data = activate_listed_picture(settings)
    station = quiet_station(settings)
    (outcome,) = station.guard.check([upload_of(data)])
    station.sandbox.close()
    return open_cases(settings).one(outcome.case)


def about(settings: Settings, case: CaseInfo, retention: Retention | None = None) -> Dossier:
    return dossier(open_cases(settings).database, retention or Retention(), case)


def test_of_a_new_case_there_is_nothing_but_its_list(settings: Settings, case: CaseInfo) -> None:
    assert about(settings, case) == Dossier((), None, None, (), (Dispute("test-list"),), ())
    assert not about(settings, case).is_kept_by_law


def test_holds_stand_until_they_are_lifted(settings: Settings, case: CaseInfo) -> None:
    holds = open_holds(settings)
    first = holds.place(case.number, "ann", "a court asked")
    holds.place(case.number, "ben", "police asked")
    assert [(one.placed_by, one.because) for one in about(settings, case).holds] == [
        ("ann", "a court asked"),
        ("ben", "police asked"),
    ]
    assert about(settings, case).is_kept_by_law
    holds.lift(case.number, first, "ann", "over")
    assert [one.placed_by for one in about(settings, case).holds] == ["ben"]


def test_a_report_preserves_it_for_a_year_and_no_longer(settings: Settings, case: CaseInfo) -> None:
    now = datetime.now(UTC)
    open_holds(settings).preserve(case.number, "report 1", now - timedelta(days=400), "ann")
    assert not about(settings, case).is_kept_by_law
    until = open_holds(settings).preserve(case.number, "report 2", now, "ann")
    assert about(settings, case).preserved_until == until
    assert about(settings, case).is_kept_by_law


def test_retention_says_when_its_bytes_go(settings: Settings, case: CaseInfo) -> None:
    retention = Retention({("any", "baseline"): Rule(days=30)})
    assert about(settings, case, retention).expires_at == case.created_at + timedelta(days=30)
    other = Retention({("any", "illegal"): Rule(days=30)})
    assert about(settings, case, other).expires_at is None
    unmatched = replace(case, matches=())
    unread = Retention({("any", "unread"): Rule(days=7)})
    assert about(settings, unmatched, unread).expires_at == case.created_at + timedelta(days=7)


def test_who_asked_for_an_export_and_who_gave_it(settings: Settings, case: CaseInfo, tmp_path: Path) -> None:
    pytest.importorskip("pyrage")
    exports = open_exports(settings)
    exports.request(case.number, AUTHORITY, "ann", "case 12 of the police")
    (asked,) = about(settings, case).exports
    assert (asked.requested_by, asked.given_by) == ("ann", None)
    exports.give(case.number, AUTHORITY, tmp_path / "out.age", "ben")
    (given,) = about(settings, case).exports
    assert (given.recipient, given.given_by) == (AUTHORITY, "ben")


def test_who_disputes_the_entry(settings: Settings, case: CaseInfo) -> None:
    decisions = open_decisions(settings)
    decisions.dispute(case.number, "test-list", "ann", "a car")
    assert about(settings, case).disputes == (Dispute("test-list", "ann"),)
    decisions.dispute(case.number, "test-list", "ben", "a car")
    assert about(settings, case).disputes == (Dispute("test-list", "ann", "ben"),)
    decisions.lift_dispute(case.number, "test-list", "ann")
    assert about(settings, case).disputes == (Dispute("test-list"),)


def test_an_entry_that_only_looks_alike_cannot_be_disputed(settings: Settings, case: CaseInfo) -> None:
    alike = replace(case, matches=tuple(one for one in case.matches if not one.exact))
    assert not about(settings, alike).disputes


def test_an_archive_of_several_listed_files_is_disputed_on_none(settings: Settings, case: CaseInfo) -> None:
    exact = next(one for one in case.matches if one.exact)
    several = replace(case, matches=(replace(exact, view="a.jpg"), replace(exact, view="b.jpg")))
    assert not about(settings, several).disputes


def test_the_trail_is_all_that_was_done_on_the_case(settings: Settings, case: CaseInfo) -> None:
    decisions = open_decisions(settings)
    decisions.escalate(case.number, "ann", "not sure")
    decisions.confirm(case.number, "ben", "seen before")
    trail = about(settings, case).trail
    assert [(row.person, row.act, row.details["because"]) for row in trail] == [
        ("ann", "case.escalated", "not sure"),
        ("ben", "case.confirmed", "seen before"),
    ]
