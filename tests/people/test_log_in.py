"""Logging in, as far as it takes no page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from tests.people.gates import PASSWORD, Opened, opened
from tests.people.test_totp import code_of
from upload_guard.errors import LogInFailed, LogInLocked, UsageError
from upload_guard.people.log_in import LogIn
from upload_guard.people.passwords import Passwords
from upload_guard.people.people import Account
from upload_guard.people.roles import Person, Role
from upload_guard.people.sessions import Needs
from upload_guard.people.sessions import Opened as Session
from upload_guard.storage.people_tables import PersonRow
from upload_guard.storage.vault_tables import AuditHead, AuditRow

HOME = "192.0.2.7"


@pytest.fixture
def log_in(here: Opened) -> LogIn:
    return here.gate.log_in


def session_of(here: Opened, token: str) -> Session:
    found = here.gate.sessions.find(token, by_hand=True)
    assert found is not None
    return found


def person_of(here: Opened, token: str) -> Person:
    return session_of(here, token).person


@pytest.mark.usefixtures("ann")
def test_the_right_password_opens_and_is_noted(log_in: LogIn, here: Opened) -> None:
    admitted = log_in.by_password("ann", PASSWORD, HOME)
    assert admitted.needs is Needs.NOTHING
    assert person_of(here, admitted.token).name == "ann"
    assert here.acts()[1:] == [("ann", "person.logged_in")]


@pytest.mark.usefixtures("ann")
def test_a_wrong_password_is_noted(log_in: LogIn, here: Opened) -> None:
    with pytest.raises(LogInFailed):
        log_in.by_password("ann", "wrong", HOME)
    assert here.acts()[1:] == [("ann", "person.log_in_failed")]


@pytest.mark.usefixtures("ann")
def test_row_f1_the_sixth_wrong_password_is_locked_out_and_so_is_the_right_one(
    log_in: LogIn, here: Opened
) -> None:
    for _ in range(5):
        with pytest.raises(LogInFailed):
            log_in.by_password("ann", "wrong", HOME)
    for password in ("wrong", PASSWORD):
        with pytest.raises(LogInLocked):
            log_in.by_password("ann", password, HOME)
    assert here.acts()[1:] == [("ann", "person.log_in_failed")] * 5 + [("ann", "person.locked_out")]
    here.clock.pass_by(minutes=15)
    assert log_in.by_password("ann", PASSWORD, HOME)


@pytest.mark.usefixtures("ann")
def test_names_that_nobody_has_are_answered_and_locked_out_alike(log_in: LogIn) -> None:
    def told(name: str) -> list[tuple[type, str]]:
        answers = []
        for _ in range(7):
            with pytest.raises((LogInFailed, LogInLocked)) as fault:
                log_in.by_password(name, "wrong", HOME)
            answers.append((type(fault.value), str(fault.value)))
        return answers

    assert told("ann") == told("nobody")


def test_who_tries_many_names_fills_no_log(log_in: LogIn, here: Opened) -> None:
    for number in range(20):
        with pytest.raises(LogInFailed):
            log_in.by_password(f"name{number}", "wrong", HOME)
    assert here.acts() == [("unknown", "person.log_in_failed"), ("unknown", "person.locked_out")]
    with here.gate.people.database.session() as session:
        details = [row.details for row in session.scalars(select(AuditRow))]
    assert details == [{"address": HOME, "wrong": "password"}] * 2


@pytest.mark.usefixtures("ann")
def test_somebody_disabled_is_answered_like_somebody_unknown(log_in: LogIn, here: Opened) -> None:
    here.gate.people.add("bob", Role.VIEWER, PASSWORD, "ann")
    here.gate.people.disable("bob", "ann")
    with pytest.raises(LogInFailed, match="a wrong name or password"):
        log_in.by_password("bob", PASSWORD, HOME)


@pytest.mark.usefixtures("ann")
def test_a_hash_of_weaker_parameters_is_made_anew(log_in: LogIn, here: Opened) -> None:
    def kept() -> str:
        with here.gate.people.database.session() as session:
            return session.scalars(select(PersonRow.password)).one() or ""

    before = kept()
    stronger = replace(log_in, passwords=Passwords(PasswordHasher(2, 16, 1)))
    stronger.by_password("ann", PASSWORD, HOME)
    assert before != kept()
    assert "m=16,t=2,p=1" in kept()
    stronger.by_password("ann", PASSWORD, HOME)


@pytest.mark.usefixtures("ann")
def test_one_can_log_in_while_the_audit_log_is_read_only(log_in: LogIn, here: Opened) -> None:
    with here.gate.people.database.session() as session:
        session.execute(update(AuditHead).values(fault="it was altered"))
    with pytest.raises(LogInFailed):
        log_in.by_password("ann", "wrong", HOME)
    token = log_in.by_password("ann", PASSWORD, HOME).token
    here.gate.sessions.end(token)
    assert here.gate.sessions.find(token, by_hand=True) is None


# More than a password ------------------------------------------------------------------------------


def enrolled(here: Opened, account: Account) -> str:
    secret = here.gate.phones.offered(account.id).secret
    here.gate.phones.enrol(account.id, code_of(secret, here))
    here.clock.pass_by(minutes=2)
    return secret


def test_with_a_phone_a_password_is_half_the_way(log_in: LogIn, here: Opened, ann: Account) -> None:
    secret = enrolled(here, ann)
    half = log_in.by_password("ann", PASSWORD, HOME)
    assert half.needs is Needs.CODE
    whole = log_in.by_code(session_of(here, half.token), half.token, code_of(secret, here), HOME)
    assert whole.needs is Needs.NOTHING
    assert whole.token != half.token
    assert here.gate.sessions.find(half.token, by_hand=True) is None


def test_wrong_codes_lock_out_and_a_right_password_does_not_begin_the_count_anew(
    log_in: LogIn, here: Opened, ann: Account
) -> None:
    secret = enrolled(here, ann)
    for _ in range(5):
        half = log_in.by_password("ann", PASSWORD, HOME)
        with pytest.raises(LogInFailed):
            log_in.by_code(session_of(here, half.token), half.token, "000000", HOME)
    half = log_in.by_password("ann", PASSWORD, HOME)
    with pytest.raises(LogInLocked):
        log_in.by_code(session_of(here, half.token), half.token, code_of(secret, here), HOME)
    assert ("ann", "person.locked_out") in here.acts()


@pytest.mark.parametrize(
    ("role", "needs"),
    [
        (Role.VIEWER, Needs.NOTHING),
        (Role.REVIEWER, Needs.ENROLMENT),
        (Role.LIST_MANAGER, Needs.ENROLMENT),
        (Role.ADMINISTRATOR, Needs.ENROLMENT),
    ],
)
def test_whoever_may_do_more_than_see_needs_a_phone_by_default(
    tmp_path: Path, role: Role, needs: Needs
) -> None:
    here = opened(tmp_path)
    here.gate.people.add("bob", role, PASSWORD, "root")
    assert here.gate.log_in.by_password("bob", PASSWORD, HOME).needs is needs


def test_a_password_given_by_somebody_else_is_replaced_before_anything_opens(tmp_path: Path) -> None:
    here = opened(tmp_path)
    given = here.gate.people.invite("bob", Role.REVIEWER, "ann")
    log_in = here.gate.log_in
    half = log_in.by_password("bob", given, HOME)
    assert half.needs is Needs.PASSWORD
    with pytest.raises(UsageError, match="that you were given"):
        log_in.replace_password(session_of(here, half.token), half.token, given, HOME)
    onwards = log_in.replace_password(session_of(here, half.token), half.token, PASSWORD, HOME)
    assert onwards.needs is Needs.ENROLMENT
    assert log_in.by_password("bob", PASSWORD, HOME).needs is Needs.ENROLMENT


def test_one_s_own_password_takes_the_current_one_and_ends_the_other_sessions(
    log_in: LogIn, here: Opened, ann: Account
) -> None:
    elsewhere = here.gate.sessions.begin(ann.id, Needs.NOTHING, "")
    ann_there = person_of(here, elsewhere)
    with pytest.raises(LogInFailed):
        log_in.change_password(ann_there, "wrong", "seven lamps along the quiet canal", HOME)
    fresh = log_in.change_password(ann_there, PASSWORD, "seven lamps along the quiet canal", HOME)
    assert here.gate.sessions.find(elsewhere, by_hand=True) is None
    assert person_of(here, fresh.token).name == "ann"
    with pytest.raises(LogInFailed):
        log_in.by_password("ann", PASSWORD, HOME)


def test_half_a_log_in_of_somebody_disabled_meanwhile_leads_nowhere(
    log_in: LogIn, here: Opened, ann: Account
) -> None:
    assert ann
    here.gate.people.add("bob", Role.VIEWER, PASSWORD, "ann")
    token = log_in.by_password("bob", PASSWORD, HOME).token
    half = replace(session_of(here, token), needs=Needs.CODE)
    here.gate.people.disable("bob", "ann")
    with pytest.raises(LogInFailed):
        log_in.go_on(half, token, HOME)
