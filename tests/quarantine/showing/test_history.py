"""What people have said about a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import digests_of, settings_in, upload_of
from upload_guard.compose import build_station
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.showing.history import Said, history
from upload_guard.records import Action, Findings, Result, Verdict
from upload_guard.storage.opinion_tables import EntryDispute, Exemption
from upload_guard.storage.tables import Base, Decision, HashList

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELD = Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated")


def at(minutes: int) -> datetime:
    return BEGUN + timedelta(minutes=minutes)


@pytest.fixture
def keeper(tmp_path: Path) -> QuarantineKeeper:
    return build_station(settings_in(tmp_path)).keeper


def say(keeper: QuarantineKeeper, *rows: Base) -> None:
    with keeper.database.session() as session:
        session.add_all(rows)


def test_nothing_was_said_of_a_new_case(keeper: QuarantineKeeper) -> None:
    assert history(keeper.database, keeper.keep(upload_of(b"data"), HELD, Findings())) == ()


def test_everything_said_stands_in_the_order_of_time(keeper: QuarantineKeeper) -> None:
    number, other = (keeper.keep(upload_of(data), HELD, Findings()) for data in (b"data", b"other"))
    say(keeper, HashList(name="icse", origin="interpol", created_at=BEGUN))
    say(
        keeper,
        EntryDispute(
            list_id=1,
            signal_type="md5",
            value=digests_of(b"data").md5,
            case_number=number,
            proposed_at=at(3),
            proposed_by="ann",
            because="a car",
            agreed_at=at(4),
            agreed_by="ben",
            lifted_at=at(9),
            lifted_by="cleo",
        ),
        Exemption(
            sha256=digests_of(b"data").sha256,
            site="shop",
            case_number=number,
            made_at=at(1),
            made_by="ann",
            because="a car",
            entries=[],
            until=at(60),
            lifted_at=at(8),
            lifted_by="ben",
        ),
        Decision(case_id=1, decision="false_positive", made_at=at(0), made_by="ann", because="a car"),
        Decision(case_id=2, decision="confirmed", made_at=at(0), made_by="ann", because="seen"),
    )
    assert history(keeper.database, number) == (
        Said(at(0), "ann", "decision: false_positive", "a car"),
        Said(at(1), "ann", "the file passes on shop until 2026-03-01 13:00 UTC", "a car"),
        Said(at(3), "ann", "proposed to dispute an entry of icse (md5)", "a car"),
        Said(at(4), "ben", "agreed to dispute an entry of icse (md5)"),
        Said(at(8), "ben", "that was lifted"),
        Said(at(9), "cleo", "lifted the dispute of an entry of icse (md5)"),
    )
    assert [one.what for one in history(keeper.database, other)] == ["decision: confirmed"]
