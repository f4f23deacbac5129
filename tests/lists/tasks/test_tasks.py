"""What is asked for on the pages of lists, as rows."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support import activate_listed_picture, listed_hashes, picture_bytes, settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, UsageError
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.lists.tasks.tasks import KEPT_FOR, LOST, ListTasks, TaskAct, Wish
from upload_guard.storage.list_task_tables import ListTask
from upload_guard.storage.vault_tables import AuditRow

LATER = datetime.now(UTC) + timedelta(hours=1)
ACTIVATE = Wish(TaskAct.ACTIVATE, "test-list", 2)


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    """Version 1 acts, version 2 waits."""
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    store = open_lists(settings)
    order = ImportOrder("test-list", "test", "baseline", None, "tester")
    store.import_version(order, listed_hashes(picture_bytes(2)))
    return store


@pytest.fixture
def tasks(lists: ListStore) -> ListTasks:
    return ListTasks(lists.database)


def acts(tasks: ListTasks) -> list[tuple[str, str]]:
    with tasks.database.session() as session:
        return [
            (row.person, row.act) for row in session.scalars(select(AuditRow).order_by(AuditRow.sequence))
        ]


def test_what_was_asked_for_first_is_begun_first_and_once(tasks: ListTasks) -> None:
    first = tasks.ask(ACTIVATE, "ann")
    second = tasks.ask(Wish(TaskAct.COMPARE, "test-list", 2, 1), "ben")
    begun = [tasks.begin(), tasks.begin()]
    assert [one and one.number for one in begun] == [first.number, second.number]
    assert tasks.begin() is None


def test_the_same_is_not_asked_for_twice_while_it_has_not_ended(tasks: ListTasks) -> None:
    first = tasks.ask(ACTIVATE, "ann")
    tasks.begin()
    assert tasks.ask(ACTIVATE, "ben").number == first.number
    tasks.end(first, {})
    assert tasks.ask(ACTIVATE, "ben").number != first.number


def test_two_who_ask_at_the_same_time_ask_for_one(tasks: ListTasks) -> None:
    threads = [threading.Thread(target=tasks.ask, args=(ACTIVATE, f"person {n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tasks.of_list("test-list")) == 1


def test_who_asked_for_what_changes_verdicts_stands_in_the_audit_log(tasks: ListTasks) -> None:
    tasks.ask(ACTIVATE, "ann")
    tasks.ask(Wish(TaskAct.FORECAST, "test-list", 2), "ben")
    assert acts(tasks)[-1] == ("ann", "list.asked.activate")


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Wish(TaskAct.ACTIVATE, "test-list", 9), "no version 9"),
        (Wish(TaskAct.ACTIVATE, "nothing", 1), "no list 'nothing'"),
        (Wish(TaskAct.ROLLBACK, "test-list", 1), "is the one that acts"),
        (Wish(TaskAct.ROLLBACK, "test-list", 2), "has never acted"),
        (Wish(TaskAct.COMPARE, "test-list", 2, 9), "no version 9"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_what_cannot_be_done_is_not_asked_for(tasks: ListTasks, wish: Wish, why: str) -> None:
    with pytest.raises(ListError, match=why):
        tasks.ask(wish, "ann")
    assert not tasks.waiting()


@pytest.mark.parametrize("against", [None, 2])
def test_a_version_is_compared_with_another_one(tasks: ListTasks, against: int | None) -> None:
    with pytest.raises(UsageError, match="two different versions"):
        tasks.ask(Wish(TaskAct.COMPARE, "test-list", 2, against), "ann")


def test_what_a_killed_process_left_is_known_to_be_lost(tasks: ListTasks) -> None:
    lost = tasks.ask(ACTIVATE, "ann")
    tasks.begin()
    waiting = tasks.ask(Wish(TaskAct.EXAMINE, "test-list", 2), "ann")
    assert tasks.give_up_lost() == 1
    assert tasks.one(lost.number).fault == LOST
    begun = tasks.begin()
    assert begun is not None
    assert begun.number == waiting.number


def test_what_a_process_dies_over_each_time_is_given_up(tasks: ListTasks) -> None:
    first = tasks.ask(ACTIVATE, "ann")
    second = tasks.ask(Wish(TaskAct.EXAMINE, "test-list", 2), "ann")
    tasks.give_up_oldest()
    assert tasks.one(first.number).fault == LOST
    assert not tasks.one(second.number).ended
    for _ in range(2):
        tasks.give_up_oldest()
    assert not tasks.waiting()


def test_what_ended_long_ago_is_forgotten(tasks: ListTasks) -> None:
    for _ in range(2):
        tasks.end(tasks.ask(ACTIVATE, "ann"), {})
    long_ago = datetime.now(UTC) - KEPT_FOR - timedelta(minutes=1)
    with tasks.database.session() as session:
        session.execute(update(ListTask).where(ListTask.id == 1).values(ended_at=long_ago))
    tasks.give_up_lost()
    assert [one.number for one in tasks.of_list("test-list")] == [2]


def test_the_newest_that_ended_well_is_found_by_version_and_act(tasks: ListTasks) -> None:
    wish = Wish(TaskAct.EXAMINE, "test-list", 2)
    good = tasks.ask(wish, "ann")
    tasks.end(good, {"report": 1})
    tasks.end(tasks.ask(wish, "ann"), {}, "it failed")
    newest = tasks.newest("test-list", 2, TaskAct.EXAMINE, TaskAct.FORECAST)
    assert newest is not None
    assert (newest.number, newest.outcome) == (good.number, {"report": 1})
    assert tasks.newest("test-list", 2, TaskAct.FORECAST) is None


def test_the_gate_is_asked_once_of_a_newest_version_that_waits(tasks: ListTasks) -> None:
    for _ in range(2):
        tasks.ask_of_waiting_versions("upload_guard", LATER)
    (one,) = tasks.of_list("test-list")
    assert (one.act, one.version, one.person) == (TaskAct.EXAMINE, 2, "upload_guard")


def test_it_is_not_asked_of_what_acts_or_may_be_about_to(lists: ListStore, tasks: ListTasks) -> None:
    tasks.ask_of_waiting_versions("upload_guard", datetime.now(UTC))
    lists.activate("test-list", 2, "ann")
    tasks.ask_of_waiting_versions("upload_guard", LATER)
    assert tasks.of_list("test-list") == ()


def test_one_that_was_gone_back_from_waits_for_a_person_again(lists: ListStore, tasks: ListTasks) -> None:
    lists.activate("test-list", 2, "ann")
    lists.rollback("test-list", 1, "ann")
    tasks.ask_of_waiting_versions("upload_guard", LATER)
    assert [one.version for one in tasks.of_list("test-list")] == [2]


def test_there_is_nothing_of_another_number(tasks: ListTasks) -> None:
    with pytest.raises(UsageError, match="number 7"):
        tasks.one(7)
