"""The pipeline: check, judge, keep, and what it does when a part of it fails."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support import (
    OTHER_SEED,
    activate_listed_picture,
    digests_of,
    picture_bytes,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, build_policy, build_station
from upload_guard.errors import CheckFailed, ServiceTimeout, ServiceUnreachable, StorageFailed, Unavailable
from upload_guard.guard import Guard
from upload_guard.quarantine.cases import Cases
from upload_guard.records import Action, Findings, Outcome, Result, Upload, Verdict
from upload_guard.settings import Settings


@dataclass(frozen=True)
class FailingChecker:
    """A checker that can say nothing."""

    fault: Exception

    def check(self, upload: Upload, deadline: float) -> Findings:
        raise self.fault


@dataclass(frozen=True)
class SettledChecker:
    """A checker whose sidecar has done everything already."""

    outcome: Outcome

    def check(self, upload: Upload, deadline: float) -> Outcome:
        return self.outcome


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def listed(settings: Settings) -> bytes:
    return activate_listed_picture(settings)


@pytest.fixture
def station(settings: Settings, listed: bytes) -> Station:
    return build_station(settings)


def cases_of(station: Station) -> int:
    return len(Cases(station.keeper.database, station.keeper.vault).newest(100))


def test_a_listed_upload_is_blocked_and_kept(station: Station, listed: bytes) -> None:
    (outcome,) = station.guard.check([upload_of(listed)])
    assert (outcome.verdict.result, outcome.verdict.action) == (Result.MATCH, Action.BLOCK)
    assert outcome.case
    assert cases_of(station) == 1


def test_a_clean_upload_is_not_kept(station: Station) -> None:
    (outcome,) = station.guard.check([upload_of(picture_bytes(OTHER_SEED))])
    assert outcome == Outcome(Verdict(Result.CLEAN, Action.ALLOW))
    assert cases_of(station) == 0


def test_looking_only_keeps_nothing(station: Station, listed: bytes) -> None:
    assert station.guard.inspect(upload_of(listed)).action is Action.BLOCK
    assert cases_of(station) == 0


def test_nothing_is_kept_of_a_request_in_which_one_upload_cannot_be_checked(
    station: Station, listed: bytes
) -> None:
    @dataclass(frozen=True)
    class FailsAtText:
        def check(self, upload: Upload, deadline: float) -> Findings | Outcome:
            if upload.digest.size < 100:
                raise ServiceUnreachable("gone")
            return station.guard.checker.check(upload, deadline)

    guard = Guard(FailsAtText(), station.keeper, station.guard.policy)
    with pytest.raises(ServiceUnreachable):
        guard.check([upload_of(listed), upload_of(b"text")])
    assert cases_of(station) == 0


@pytest.mark.parametrize(
    ("fault", "setting"),
    [
        (ServiceUnreachable("gone"), "unreachable"),
        (ServiceTimeout("slow"), "timeout"),
        (TypeError("a bug"), "error"),
    ],
    ids=["unreachable", "timeout", "error"],
)
def test_a_fault_is_closed_by_default_and_open_where_its_setting_says_so(
    tmp_path: Path, fault: Exception, setting: str
) -> None:
    closed = Guard(FailingChecker(fault), None, build_policy(settings_in(tmp_path)))
    with pytest.raises(Unavailable):
        closed.check([upload_of(b"x")])

    opened = build_policy(settings_in(tmp_path, failure={setting: "open"}))
    (outcome,) = Guard(FailingChecker(fault), None, opened).check([upload_of(b"x")])
    assert (outcome.verdict.result, outcome.verdict.reason) == (Result.UNCHECKED, setting)
    assert not outcome.verdict.action.refuses


def test_an_error_of_our_own_is_logged_with_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guard = Guard(FailingChecker(TypeError("a bug")), None, build_policy(settings_in(tmp_path)))
    with pytest.raises(CheckFailed):
        guard.check([upload_of(b"x")])
    assert "TypeError: a bug" in caplog.text


def test_all_files_of_a_request_share_its_time(station: Station) -> None:
    impatient = replace(station.guard, patience=1e-6)
    outcomes = impatient.check([upload_of(b"one"), upload_of(b"two")])
    assert {outcome.verdict.reason for outcome in outcomes} == {"timeout"}
    assert all(outcome.verdict.action.refuses for outcome in outcomes)


def test_what_a_sidecar_has_settled_stands(tmp_path: Path) -> None:
    settled = Outcome(Verdict(Result.MATCH, Action.QUARANTINE, "perceptual"), "CASE")
    guard = Guard(SettledChecker(settled), None, build_policy(settings_in(tmp_path)))
    assert guard.check([upload_of(b"x")]) == (settled,)


def test_what_must_be_held_is_refused_even_where_nobody_can_keep_it(station: Station, listed: bytes) -> None:
    with pytest.raises(StorageFailed):
        Guard(station.guard.checker, None, station.guard.policy).check([upload_of(listed)])


def test_the_log_names_the_case_but_neither_file_nor_whole_hash(
    station: Station, listed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upload = upload_of(listed)
    with caplog.at_level(logging.DEBUG):
        (outcome,) = station.guard.check([upload])
    assert outcome.case in caplog.text
    assert upload.file_name not in caplog.text
    assert upload.digest.sha256.hex() not in caplog.text
    assert digests_of(listed).md5.hex() not in caplog.text


def test_of_what_is_monitored_the_log_says_what_was_found_and_on_which_list(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watching = settings_in(tmp_path, trust={"probation_hours": 0, "baseline": "monitor"})
    listed = activate_listed_picture(watching)
    (outcome,) = build_station(watching).guard.check([upload_of(listed)])
    assert (outcome.verdict.result, outcome.verdict.action, outcome.case) == (
        Result.MATCH,
        Action.MONITOR,
        "",
    )
    assert "monitor match reason=exact entry=test-list v1 #" in caplog.text
    assert "case=- site=test" in caplog.text


def test_observers_are_told_of_what_passed_unchecked_too(tmp_path: Path) -> None:
    told: list[tuple[Result, str]] = []

    @dataclass(frozen=True)
    class Watching:
        def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
            told.append((outcome.verdict.result, findings.unchecked))

    opened = build_policy(settings_in(tmp_path, failure={"timeout": "open"}))
    guard = Guard(FailingChecker(ServiceTimeout("slow")), None, opened, observers=(Watching(),))
    guard.check([upload_of(b"x")])
    assert told == [(Result.UNCHECKED, "timeout")]
