"""Who is there."""

from __future__ import annotations

import pytest

from tests.people.gates import PASSWORD, Opened
from upload_guard.errors import UsageError
from upload_guard.lists.breaker.trips import BY_BREAKER
from upload_guard.people.people import Account
from upload_guard.people.roles import Role
from upload_guard.people.sessions import Needs
from upload_guard.sidecar.list_work import PERSON


def test_somebody_new_is_there_with_who_added_them(here: Opened, ann: Account) -> None:
    (found,) = here.gate.people.show()
    assert found == ann
    assert (found.name, found.role, found.made_by) == ("ann", Role.ADMINISTRATOR, "root")
    assert here.acts() == [("root", "person.added")]


@pytest.mark.parametrize(
    "name",
    ["", "a", "Ann", "an n", "x" * 65, "-ann", "policy", "retention", "a\nb", "unknown", BY_BREAKER, PERSON],
)
def test_a_name_that_could_be_taken_for_another_is_refused(here: Opened, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a name"):
        here.gate.people.add(name, Role.VIEWER, PASSWORD, "root")


@pytest.mark.usefixtures("ann")
def test_a_name_is_given_once_and_for_all(here: Opened) -> None:
    here.gate.people.add("bob", Role.VIEWER, PASSWORD, "root")
    here.gate.people.disable("bob", "ann")
    with pytest.raises(UsageError, match="bob is there already"):
        here.gate.people.invite("bob", Role.VIEWER, "ann")


def test_a_name_that_is_nobody_s_is_told(here: Opened) -> None:
    for act in (here.gate.people.disable, here.gate.people.enable, here.gate.phones.reset):
        with pytest.raises(UsageError, match="nobody is called 'eve'"):
            act("eve", "root")


@pytest.mark.usefixtures("ann")
def test_the_last_administrator_stays_one(here: Opened) -> None:
    people = here.gate.people
    with pytest.raises(UsageError, match="only administrator"):
        people.disable("ann", "ann")
    with pytest.raises(UsageError, match="only administrator"):
        people.set_role("ann", Role.VIEWER, "ann")
    people.add("bob", Role.ADMINISTRATOR, PASSWORD, "ann")
    people.set_role("ann", Role.VIEWER, "ann")
    assert people.find("ann").role is Role.VIEWER


@pytest.mark.parametrize("act", ["disable", "role", "password", "given", "phone"])
def test_what_changes_a_person_ends_their_sessions(here: Opened, ann: Account, act: str) -> None:
    people, sessions = here.gate.people, here.gate.sessions
    bob = people.add("bob", Role.REVIEWER, PASSWORD, "ann")
    token, anns = (sessions.begin(one.id, Needs.NOTHING, "") for one in (bob, ann))
    {
        "disable": lambda: people.disable("bob", "ann"),
        "role": lambda: people.set_role("bob", Role.VIEWER, "ann"),
        "password": lambda: people.set_password("bob", "seven lamps along the quiet canal", "ann"),
        "given": lambda: people.give_password("bob", "ann"),
        "phone": lambda: here.gate.phones.reset("bob", "ann"),
    }[act]()
    assert sessions.find(token, by_hand=True) is None
    assert sessions.find(anns, by_hand=True)
    assert here.acts()[-1][0] == "ann"


def test_disabled_and_let_in_again(here: Opened, ann: Account) -> None:
    people = here.gate.people
    people.add("bob", Role.VIEWER, PASSWORD, "ann")
    people.disable("bob", "ann")
    assert people.find("bob").disabled_at == here.clock.now
    people.enable("bob", "ann")
    assert people.find("bob").disabled_at is None
    assert [act for _, act in here.acts()][2:] == ["person.disabled", "person.enabled"]
