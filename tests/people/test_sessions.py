"""Who is logged in, and until when."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.people.gates import Opened
from upload_guard.people.people import Account
from upload_guard.people.roles import Permission
from upload_guard.people.sessions import Needs, Sessions
from upload_guard.storage.people_tables import ReviewSession


@pytest.fixture
def sessions(here: Opened) -> Sessions:
    return here.gate.sessions


def test_a_token_opens_what_its_person_may(sessions: Sessions, ann: Account) -> None:
    found = sessions.find(sessions.begin(ann.id, Needs.NOTHING, "192.0.2.7"), by_hand=True)
    assert found is not None
    assert (found.person.name, found.needs, found.address) == ("ann", Needs.NOTHING, "192.0.2.7")
    assert found.person.may(Permission.ADMINISTER)


@pytest.mark.usefixtures("ann")
def test_a_guessed_token_opens_nothing(sessions: Sessions) -> None:
    assert sessions.find("guessed", by_hand=True) is None
    assert sessions.find("", by_hand=True) is None


def test_the_row_does_not_hold_the_token(sessions: Sessions, ann: Account, here: Opened) -> None:
    token = sessions.begin(ann.id, Needs.NOTHING, "")
    assert len(token) >= 43
    files = [file.read_bytes() for file in here.settings.data_dir.glob("upload_guard.sqlite3*")]
    assert not any(token.encode() in data for data in files)


def test_it_ends_after_half_an_hour_without_a_request(sessions: Sessions, ann: Account, here: Opened) -> None:
    token = sessions.begin(ann.id, Needs.NOTHING, "")
    for _ in range(3):
        here.clock.pass_by(minutes=29)
        assert sessions.find(token, by_hand=True)
    here.clock.pass_by(minutes=30)
    assert sessions.find(token, by_hand=True) is None


def test_a_page_that_renews_itself_keeps_nobody_in(sessions: Sessions, ann: Account, here: Opened) -> None:
    token = sessions.begin(ann.id, Needs.NOTHING, "")
    for _ in range(29):
        here.clock.pass_by(minutes=1)
        assert sessions.find(token, by_hand=False)
    here.clock.pass_by(minutes=1)
    assert sessions.find(token, by_hand=False) is None


def test_it_ends_after_twelve_hours_whatever_happens(sessions: Sessions, ann: Account, here: Opened) -> None:
    token = sessions.begin(ann.id, Needs.NOTHING, "")
    for _ in range(35):
        here.clock.pass_by(minutes=20)
        assert sessions.find(token, by_hand=True)
    here.clock.pass_by(minutes=20)
    assert sessions.find(token, by_hand=True) is None


def test_half_a_log_in_lasts_ten_minutes(sessions: Sessions, ann: Account, here: Opened) -> None:
    token = sessions.begin(ann.id, Needs.CODE, "")
    here.clock.pass_by(minutes=10)
    assert sessions.find(token, by_hand=True) is None


def test_logging_out_ends_this_one_and_is_noted(sessions: Sessions, ann: Account, here: Opened) -> None:
    token, other = (sessions.begin(ann.id, Needs.NOTHING, "") for _ in range(2))
    sessions.end(token)
    assert sessions.find(token, by_hand=True) is None
    assert sessions.find(other, by_hand=True)
    sessions.end(token)
    assert here.acts()[1:] == [("ann", "person.logged_out")]


def test_the_others_can_be_ended(sessions: Sessions, ann: Account) -> None:
    mine, *others = (sessions.begin(ann.id, Needs.NOTHING, "") for _ in range(3))
    found = sessions.find(mine, by_hand=True)
    assert found is not None
    assert len(sessions.of(ann.id)) == 3
    sessions.end_others(found.person, mine)
    assert [one.key for one in sessions.of(ann.id)] == [found.key]
    assert not any(sessions.find(token, by_hand=True) for token in others)


def test_what_has_ended_does_not_pile_up(sessions: Sessions, ann: Account, here: Opened) -> None:
    for _ in range(5):
        sessions.begin(ann.id, Needs.NOTHING, "")
    here.clock.pass_by(hours=13)
    sessions.begin(ann.id, Needs.NOTHING, "")
    with here.gate.people.database.session() as session:
        assert len(session.scalars(select(ReviewSession)).all()) == 1
