"""An appeal on the page of its case and in the queue, and the delay of what an uploader is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

import pytest

from tests.sidecar.review.browsing import Browser, person
from tests.statements.houses import House, house_in
from upload_guard.compose import open_cases
from upload_guard.people.roles import Role
from upload_guard.quarantine.states import CaseState
from upload_guard.sidecar.app import assemble
from upload_guard.statements.appeals import Chance


@dataclass(frozen=True)
class Office:
    """ruth has decided; rob is another reviewer, vera only looks."""

    house: House
    ruth: Browser
    rob: Browser
    vera: Browser


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    house = house_in(tmp_path_factory.mktemp("appeals"))
    app = assemble(house.settings).app
    names = {"ruth": Role.REVIEWER, "rob": Role.REVIEWER, "vera": Role.VIEWER}
    return Office(house, *(person(app, house.settings, role, name) for name, role in names.items()))


def words(browser: Browser, path: str) -> str:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


def settle(browser: Browser, number: str, act: str, **form: str) -> int:
    given = {"reason": "own", "because": "looked again", "answer": "We have looked."} | form
    return browser.post(f"/review/cases/{number}/{act}", **given).status_code


def test_the_case_shows_what_was_written_as_words_and_nothing_else(office: Office) -> None:
    number = office.house.confirmed()
    office.house.appeals.make(number, office.house.secret(number), "<img src=x> my cat")
    page = office.rob.get(f"/review/cases/{number}").text
    assert "&lt;img src=x&gt; my cat" in page
    assert "Let the decision stand" in page


def test_who_decided_is_told_that_another_person_looks_and_cannot_settle_it(office: Office) -> None:
    number, secret = office.house.appealed(person="ruth")
    shown = words(office.ruth, f"/review/cases/{number}")
    assert "another person looks at the appeal" in shown
    assert "Let the decision stand" not in shown
    assert settle(office.ruth, number, "uphold-appeal") == 400
    assert settle(office.ruth, number, "grant-appeal") == 400
    standing = office.house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.WAITING


def test_who_may_only_look_settles_nothing(office: Office) -> None:
    number, _ = office.house.appealed(person="ruth")
    assert settle(office.vera, number, "uphold-appeal") == 403
    assert "Let the decision stand" not in words(office.vera, f"/review/cases/{number}")


def test_another_person_lets_it_stand_and_says_why(office: Office) -> None:
    number, secret = office.house.appealed(person="ruth")
    assert settle(office.rob, number, "uphold-appeal") == 303
    standing = office.house.appeals.standing(number, secret)
    assert standing
    assert (standing.chance, standing.answer) == (Chance.UPHELD, "We have looked.")
    shown = words(office.rob, f"/review/cases/{number}")
    assert "rob has let the decision stand." in shown
    assert "let the decision stand after an appeal" in shown


def test_or_takes_it_back(office: Office) -> None:
    number, secret = office.house.appealed(person="ruth")
    assert settle(office.rob, number, "grant-appeal", reason="The appeal is right") == 303
    assert open_cases(office.house.settings).one(number).state is CaseState.RELEASED
    standing = office.house.appeals.standing(number, secret)
    assert standing
    assert standing.chance is Chance.TAKEN_BACK


def test_it_takes_a_reason(office: Office) -> None:
    number, _ = office.house.appealed(person="ruth")
    assert settle(office.rob, number, "uphold-appeal", because="") == 400
    assert number in office.house.appeals.waiting()


def test_the_queue_says_that_appeals_wait_and_shows_them_alone(office: Office) -> None:
    number, _ = office.house.appealed(person="ruth")
    other = office.house.held()
    assert re.search(r"(One appeal waits|\d+ appeals wait) for a person", words(office.rob, "/review/queue"))
    assert number not in words(office.rob, "/review/queue")
    shown = words(office.rob, "/review/queue?appeal=1")
    assert number in shown
    assert other not in shown
    settle(office.rob, number, "uphold-appeal")
    assert number not in words(office.rob, "/review/queue?appeal=1")


# Delays --------------------------------------------------------------------------------------------


def test_a_delay_is_placed_and_lifted_on_the_case_and_noted(office: Office) -> None:
    number = office.house.held()
    path = f"/review/cases/{number}"
    form = {"until": "2099-12-31", "because": "police, ref 12"}
    assert settle(office.rob, number, "delay-statement", **form) == 303
    shown = words(office.rob, path)
    assert "told nothing before: 31 Dec 2099 23:59 UTC (placed by rob: police, ref 12)" in shown
    assert settle(office.rob, number, "lift-delay") == 303
    shown = words(office.rob, path)
    assert "told nothing before" not in shown
    assert "lifted the delay of what the uploader is told" in shown


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01"])
def test_a_delay_needs_a_day_that_is_to_come(office: Office, until: str) -> None:
    assert settle(office.rob, office.house.held(), "delay-statement", until=until) == 400
