"""Cases as a person sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.support import digests_of, read, settings_in, upload_of
from upload_guard.compose import build_station, open_cases
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.records import Action, Findings, Match, Result, SignalType, Source, Verdict
from upload_guard.storage.tables import Case

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
EXACT = Match(SignalType.MD5, "", 0, 0, "icse", 2, "interpol", "baseline", 4, SINCE)
LIKENESS = Match(SignalType.PDQ, "frame 0", 9, 31, "other", 1, "somebody", "illegal", 7, SINCE)
VERDICT = Verdict(Result.MATCH, Action.BLOCK, "exact", (EXACT, LIKENESS))


@pytest.fixture
def cases(tmp_path: Path) -> Cases:
    return open_cases(settings_in(tmp_path))


@pytest.fixture
def keeper(tmp_path: Path) -> QuarantineKeeper:
    return build_station(settings_in(tmp_path)).keeper


def keep(keeper: QuarantineKeeper, data: bytes = b"data", verdict: Verdict = VERDICT) -> str:
    return keeper.keep(upload_of(data, Source("shop", "/photos")), verdict, Findings())


def test_an_empty_quarantine_has_no_cases(cases: Cases) -> None:
    assert cases.newest(10) == ()


def test_a_case_shows_all_that_was_kept(cases: Cases, keeper: QuarantineKeeper) -> None:
    begun = datetime.now(UTC)
    number = keep(keeper)
    (case,) = cases.newest(10)
    assert case.number == number
    assert begun <= case.created_at <= datetime.now(UTC)
    assert (case.site, case.route, case.media_type) == ("shop", "/photos", "application/octet-stream")
    assert (case.result, case.action, case.reason) == ("match", "block", "exact")
    assert (case.size, case.sha256) == (4, digests_of(b"data").sha256)
    assert read(case.content) == b"data"


def test_matches_come_back_as_they_were_strongest_first(cases: Cases, keeper: QuarantineKeeper) -> None:
    keep(keeper)
    (case,) = cases.newest(1)
    assert case.matches == (EXACT, LIKENESS)
    assert case.matches[0].signal_type is SignalType.MD5


def test_the_reason_in_words_is_the_strongest_match(cases: Cases, keeper: QuarantineKeeper) -> None:
    keep(keeper)
    assert cases.newest(1)[0].why == "md5 on icse v2 (baseline), entry 4"


def test_without_a_match_the_result_is_the_reason(cases: Cases, keeper: QuarantineKeeper) -> None:
    keep(keeper, verdict=Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated"))
    assert cases.newest(1)[0].why == "unscannable: truncated"


def test_the_newest_stand_first_and_no_more_than_asked_for(cases: Cases, keeper: QuarantineKeeper) -> None:
    numbers = [keep(keeper, bytes([at])) for at in range(4)]
    assert [case.number for case in cases.newest(3)] == numbers[:0:-1]
    assert len(cases.newest(100)) == 4


def test_what_is_still_being_stored_is_no_case_yet(cases: Cases, keeper: QuarantineKeeper) -> None:
    stored, storing = keep(keeper), keep(keeper)
    with keeper.database.session() as session:
        session.execute(update(Case).where(Case.number == storing).values(state="storing"))
    assert [case.number for case in cases.newest(10)] == [stored]


def test_a_case_can_be_shown_though_its_bytes_are_gone(cases: Cases, keeper: QuarantineKeeper) -> None:
    keep(keeper)
    (case,) = cases.newest(1)
    Path(case.place).unlink()
    assert cases.newest(1) == (replace(case),)
