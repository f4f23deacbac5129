"""What is noted although it may not be, and what is noted only now and then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from tests.people.gates import Opened
from upload_guard.people.noting import note_even_so, note_once_an_hour
from upload_guard.storage.journal import Act
from upload_guard.storage.people_tables import NotedRefusal
from upload_guard.storage.vault_tables import AuditHead

ACT = Act("key 1", "key.refused")


def note(here: Opened, name: str = "key 1: lists") -> bool:
    with here.gate.people.database.session() as session:
        return note_once_an_hour(session, name, ACT, here.clock.now)


def test_a_refusal_in_a_loop_is_noted_once_an_hour(here: Opened) -> None:
    assert [note(here) for _ in range(50)] == [True] + [False] * 49
    here.clock.pass_by(minutes=61)
    assert note(here)
    assert here.acts() == [("key 1", "key.refused")] * 2


def test_of_many_at_once_one_is_noted(here: Opened) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: note(here), range(16))) == 1
    assert len(here.acts()) == 1


def test_each_name_is_noted_by_itself(here: Opened) -> None:
    assert note(here, "one")
    assert note(here, "another")


def test_names_do_not_pile_up(here: Opened) -> None:
    for number in range(5):
        note(here, f"{number}")
    here.clock.pass_by(hours=2)
    note(here)
    with here.gate.people.database.session() as session:
        assert len(session.scalars(select(NotedRefusal)).all()) == 1


def test_what_must_happen_happens_while_the_log_is_read_only(
    here: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    database = here.gate.people.database
    with database.session() as session:
        session.execute(update(AuditHead).values(fault="it was altered"))
    with database.session() as session:
        note_even_so(session, ACT)
    assert "ALARM: key 1: key.refused, and that is not noted" in caplog.text
    assert here.acts() == []
