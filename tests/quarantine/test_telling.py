"""Every way in which a case comes to stand elsewhere is told, in the transaction in which it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.quarantine.deciding.test_decisions import House, house_in
from tests.support import activate_list, activate_listed_picture, listed_hashes, picture_bytes
from upload_guard.compose import open_lists
from upload_guard.errors import UsageError
from upload_guard.lists.importing import ImportOrder
from upload_guard.quarantine.custody.retention import ANY, Expiry, Retention, Rule
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.storage.outbox_tables import OutboxEvent


@pytest.fixture
def house(tmp_path: Path) -> House:
    return house_in(tmp_path)


def told(house: House) -> list[tuple[str, str]]:
    """Kind and case, or the state that it came to; what suppliers and check services hear is apart."""
    with house.decisions.database.session() as session:
        rows = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    others = {"opinion", "followed_up"}
    return [(row.kind, row.details.get("state", row.case_number)) for row in rows if row.kind not in others]


def held(house: House) -> str:
    return house.upload(activate_listed_picture(house.settings)).case


def test_a_new_case_is_told_with_its_site_and_nothing_else(house: House) -> None:
    number = held(house)
    with house.decisions.database.session() as session:
        events = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()
    assert [(one.kind, one.case_number, one.site, one.details) for one in events] == [
        ("case_opened", number, "blog", {}),
        ("followed_up", number, "blog", {"done": "held"}),
    ]


def test_a_case_of_which_no_bytes_are_kept_is_told_as_well(tmp_path: Path) -> None:
    house = house_in(tmp_path, quarantine={"retention": {"any": {"any": {"keep": "none"}}}})
    number = held(house)
    assert told(house) == [("case_opened", number)]


@pytest.mark.parametrize(
    ("decide", "state"),
    [
        (Decisions.release, "released"),
        (Decisions.false_positive, "released"),
        (Decisions.confirm, "confirmed"),
        (Decisions.escalate, "escalated"),
    ],
)
def test_each_decision_is_told_and_so_is_that_it_was_taken_back(
    house: House, decide: object, state: str
) -> None:
    number = held(house)
    decide(house.decisions, number, "ann", "seen")  # type: ignore[operator]
    house.decisions.reopen(number, "ann", "a mistake")
    assert told(house)[1:] == [("case_changed", state), ("case_changed", "open")]


def test_a_decision_that_is_refused_is_not_told(house: House) -> None:
    number = held(house)
    with pytest.raises(UsageError):
        house.decisions.confirm(number, "ann", " ")
    assert len(told(house)) == 1


def test_a_case_that_nothing_holds_any_more_is_told_when_it_is_judged_again(house: House) -> None:
    held(house)
    roll_on(house)
    house.judge_again()
    assert told(house)[1:] == [("case_changed", "release_proposed")]
    house.judge_again()
    assert len(told(house)) == 2


def test_so_is_one_that_is_released_by_policy(tmp_path: Path) -> None:
    house = house_in(tmp_path, quarantine={"on_retraction": "release"})
    held(house)
    roll_on(house)
    house.judge_again()
    assert told(house)[1:] == [("case_changed", "released")]


def roll_on(house: House) -> None:
    """A version of the list without what was held."""
    lists = open_lists(house.settings)
    order = ImportOrder("test-list", "test", "baseline", "test-origin", "tester")
    lists.import_version(order, listed_hashes(picture_bytes(7)))
    lists.approve("test-list", 2, "ann", "meant so")
    lists.activate("test-list", 2, "ann")


def test_a_case_that_expires_undecided_is_told(house: House) -> None:
    held(house)
    vault = house.station.keeper.vault
    later = datetime.now(UTC) + timedelta(days=2)
    Expiry(vault.database, vault, Retention({(ANY, ANY): Rule(days=1)}), lambda: later).run()
    assert told(house)[1:] == [("case_changed", "expired")]


def test_a_list_that_is_held_at_the_gate_is_told_once(house: House) -> None:
    activate_list(
        house.settings, [one for seed in range(30) for one in listed_hashes(picture_bytes(seed))[:1]]
    )
    lists = open_lists(house.settings)
    order = ImportOrder("test-list", "test", "baseline", "test-origin", "tester")
    lists.import_version(order, listed_hashes(picture_bytes(40)))
    for _ in range(2):
        with pytest.raises(Exception, match="is held"):
            lists.activate("test-list", 2, "ann")
    with house.decisions.database.session() as session:
        event = session.scalars(select(OutboxEvent)).one()
    assert (event.kind, event.details) == (
        "list_held",
        {"list": "test-list", "version": 2, "decision": "held"},
    )
