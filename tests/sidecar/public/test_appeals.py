"""The page on which an uploader appeals: a link that only they have, words, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.sidecar.machines import Machine, machine
from tests.sidecar.public.conftest import Stranger
from tests.statements.houses import House, house_in
from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.deciding.rulings import Word
from upload_guard.sidecar.app import assemble


@dataclass(frozen=True)
class Office:
    """The sidecar over the folder of `house`; strangers come from addresses of their own."""

    house: House
    app: Flask
    site: Machine

    def stranger(self, host: int) -> Stranger:
        return Stranger(self.app.test_client(), f"198.51.100.{host}")

    def link(self) -> str:
        """Of a case that was confirmed just now, as its site hands it out."""
        number = self.house.confirmed()
        self.house.statements.look()
        answer = self.site.get(f"/v1/cases/{number}/statement").get_json()
        assert answer["appeal_url"] in answer["text"]
        return urlsplit(answer["appeal_url"]).path


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    house = house_in(tmp_path_factory.mktemp("office"))
    house.add_reviewer("rob")
    app = assemble(house.settings).app
    return Office(house, app, machine(app.test_client(), house.settings, Scope.OWN_CASES))


def appeal(visitor: Stranger, path: str, **form: str) -> str:
    """Send the form of the page, and what the page says then."""
    answer = visitor.post(path, {"form_token": visitor.token(path)} | form)
    assert answer.status_code == 303, answer.text
    return visitor.get(answer.location).text


def test_from_the_link_to_the_answer(office: Office) -> None:
    path, visitor = office.link(), office.stranger(1)
    assert "Why is the decision wrong?" in visitor.get(path).text
    assert "waits for a person" in appeal(visitor, path, reason="it is my cat <b>Tom</b>")
    assert "<textarea" not in visitor.get(path).text
    number = path.split("/")[-2]
    office.house.appeals.uphold(number, Word("rob", "secret words"), "We have looked again.")
    page = visitor.get(path).text
    assert "The decision stands" in page
    assert "We have looked again." in page
    assert not re.search("rob|secret words|test-list", page)


def test_granted_it_says_that_it_was_taken_back(office: Office) -> None:
    path, visitor = office.link(), office.stranger(2)
    appeal(visitor, path, reason="it is my cat")
    office.house.appeals.grant(path.split("/")[-2], office.house.decisions, Word("rob", "a cat"), "")
    assert "De beslissing is teruggenomen." in visitor.get(f"{path}?language=nl").text


def test_a_wrong_number_and_a_wrong_secret_are_answered_alike(office: Office) -> None:
    path, visitor = office.link(), office.stranger(3)
    _, _, _, number, secret = path.split("/")
    held = office.house.held(site="shop")
    wrong = [
        f"/public/appeals/{link}"
        for link in (
            f"AAAA-AAAA-AAAA/{secret}",
            f"{number}/guessed",
            f"{held}/{secret}",
            f"{number}/{secret}x",
            "%00/%00",
        )
    ]
    answers = [visitor.get(one) for one in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'href="[^"]+\?', "", answer.text) for answer in answers}) == 1
    token = {"form_token": visitor.token(path), "reason": "let me in"}
    sent = [visitor.post(one, token) for one in wrong[:4]]
    assert {(answer.status_code, answer.headers.get("Location")) for answer in sent} == {(404, None)}


def test_nothing_is_kept_in_the_browser_and_no_other_site_hears_of_the_link(office: Office) -> None:
    path, visitor = office.link(), office.stranger(4)
    answers = [
        visitor.get(path),
        visitor.post(path, {"form_token": visitor.token(path), "reason": "it is my cat"}),
        visitor.get(path),
    ]
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert all(answer.headers["Referrer-Policy"] == "no-referrer" for answer in answers)


def test_what_was_written_is_not_lost_where_nothing_or_too_much_was_said(office: Office) -> None:
    path, visitor = office.link(), office.stranger(5)
    token = visitor.token(path)
    empty = visitor.post(path, {"form_token": token, "reason": "  "})
    assert (empty.status_code, "Please say why" in empty.text) == (400, True)
    long = visitor.post(path, {"form_token": token, "reason": "cat " * 1200})
    assert (long.status_code, "at most 4000" in long.text) == (400, True)
    assert long.text.count("cat ") > 1000
    assert "<textarea" in visitor.get(path).text


def test_guessing_is_slowed_down(office: Office) -> None:
    path, visitor = office.link(), office.stranger(6)
    for _ in range(40):
        visitor.get(path.replace("appeals", "nowhere"))
    assert visitor.get(path).status_code == 429


# What the site is given ----------------------------------------------------------------------------


def test_the_site_has_the_statement_in_both_languages_and_another_site_nothing(office: Office) -> None:
    number = office.link().split("/")[-2]
    dutch = office.site.get(f"/v1/cases/{number}/statement?language=nl").get_json()
    assert dutch["text"].startswith("Motivering")
    assert "Statement of reasons" in office.site.get(f"/v1/cases/{number}/statement").get_json()["text"]
    other = machine(office.app.test_client(), office.house.settings, Scope.OWN_CASES, site="shop")
    assert other.get(f"/v1/cases/{number}/statement").get_json()["code"] == "no_such_statement"
    checking = machine(office.app.test_client(), office.house.settings, Scope.CHECK)
    assert checking.get(f"/v1/cases/{number}/statement").status_code == 403


def test_a_case_without_one_and_none_at_all_look_alike(office: Office) -> None:
    held = office.house.held()
    answers = [office.site.get(f"/v1/cases/{one}/statement") for one in (held, "AAAA-AAAA-AAAA")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].get_json() == answers[1].get_json()
