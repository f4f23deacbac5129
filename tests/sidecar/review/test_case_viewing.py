"""Looking at what a case holds: by POST, for a reason, grey and blurred, once, or not at all."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update
from werkzeug.routing import AnyConverter, IntegerConverter, Rule
from werkzeug.test import TestResponse

from tests.sidecar.machines import Machine, machine
from tests.sidecar.review.browsing import Browser, inline, person
from tests.sidecar.review.conftest import House
from tests.support import activate_listed_picture, settings_in
from upload_guard.compose import open_database_of
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.people.roles import Role
from upload_guard.sidecar.app import assemble
from upload_guard.storage.vault_tables import AuditHead, AuditRow

REASON = {"reason": "To tell whether the match is right", "because": ""}


def open_house(folder: Path, **reveal: object) -> House:
    settings = settings_in(folder, review={"totp": "optional"}, reveal=reveal)
    listed = activate_listed_picture(settings)
    return House(settings, assemble(settings).app, listed)


@pytest.fixture(scope="module")
def viewing(tmp_path_factory: pytest.TempPathFactory) -> House:
    return open_house(tmp_path_factory.mktemp("viewing"), viewing="on", per_hour=100)


@pytest.fixture
def number(viewing: House) -> str:
    return held(viewing)


def held(house: House, data: bytes = b"") -> str:
    sending = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    case = sending.post("/v1/check?route=/up", data or house.listed).get_json()["case"]
    assert case
    return str(case)


def reveal(house: House, number: str, step: int = 1, role: Role = Role.REVIEWER, **form: str) -> TestResponse:
    return house.person(role).post(f"/review/cases/{number}/reveal", step=step, **(REASON | form))


def pictures_in(page: TestResponse) -> list[str]:
    return re.findall(r'<img src="(/review/cases/glimpse/[^"]+)"', page.text)


def acts(house: House, number: str) -> list[tuple[str, dict[str, object]]]:
    rows = select(AuditRow).where(AuditRow.case_number == number).order_by(AuditRow.sequence)
    with open_database_of(house.settings).session() as session:
        return [(row.act, dict(row.details)) for row in session.scalars(rows)]


# One look -----------------------------------------------------------------------------------------


def test_a_step_shows_one_small_grey_picture_once(viewing: House, number: str) -> None:
    page = reveal(viewing, number)
    assert page.status_code == 200
    (address,) = pictures_in(page)
    picture = viewing.person(Role.REVIEWER).get(address)
    assert picture.mimetype == "image/png"
    assert picture.headers["Cache-Control"] == "no-store"
    with Image.open(io.BytesIO(picture.data)) as image:
        assert (image.mode, max(image.size), image.info) == ("L", 96, {})
    assert viewing.person(Role.REVIEWER).get(address).status_code == 404


def test_nothing_is_shown_before_somebody_asks(viewing: House, number: str) -> None:
    page = viewing.person(Role.REVIEWER).get(f"/review/cases/{number}")
    assert not pictures_in(page)
    assert "<img" not in page.text
    assert "Nobody has asked to be shown anything of this file." in page.text


def test_by_get_nothing_is_shown(viewing: House, number: str) -> None:
    asked = viewing.person(Role.REVIEWER).get(f"/review/cases/{number}/reveal?step=1&reason=x")
    assert asked.status_code == 404
    assert not acts(viewing, number)


def test_without_a_token_nothing_is_shown(viewing: House, number: str) -> None:
    refused = reveal(viewing, number, csrf_token="")
    assert refused.status_code == 400
    assert not pictures_in(refused)
    assert not acts(viewing, number)


def test_without_a_reason_nothing_is_shown(viewing: House, number: str) -> None:
    assert reveal(viewing, number, reason="own", because=" ").status_code == 400
    assert not acts(viewing, number)


def test_it_is_noted_with_step_and_reason(viewing: House, number: str) -> None:
    reveal(viewing, number, because="the distance is large")
    said = "To tell whether the match is right: the distance is large"
    assert acts(viewing, number) == [("case.revealed", {"step": 1, "because": said})]
    shown = viewing.person(Role.VIEWER).get(f"/review/cases/{number}").text
    assert "was shown a blurred picture of it" in shown


def test_the_page_says_how_often_and_to_whom_last(viewing: House, number: str) -> None:
    for _ in range(2):
        reveal(viewing, number)
    page = viewing.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    assert "Something of this file was shown 2 times, last to reviewer," in page


def test_where_it_cannot_be_noted_nothing_is_shown(tmp_path: Path) -> None:
    house = open_house(tmp_path, viewing="on", thumbnail=True)
    number = held(house)
    reviewer = house.person(Role.REVIEWER)
    assert pictures_in(reviewer.get(f"/review/cases/{number}"))
    with open_database_of(house.settings).session() as session:
        session.execute(update(AuditHead).values(fault="a row is missing"))
    refused = reveal(house, number)
    assert refused.status_code == 503
    assert not pictures_in(refused)
    page = reviewer.get(f"/review/cases/{number}")
    assert page.status_code == 200
    assert not pictures_in(page)
    assert "The audit log takes nothing at the moment, so nothing is shown." in page.text


def test_a_picture_is_no_good_to_another_person(viewing: House, number: str) -> None:
    (address,) = pictures_in(reveal(viewing, number))
    assert viewing.person(Role.ADMINISTRATOR).get(address).status_code == 404
    assert viewing.person(Role.VIEWER).get(address).status_code == 403
    assert Browser(viewing.app.test_client()).get(address).status_code == 302


def test_by_htmx_only_the_part_of_the_page_comes(viewing: House, number: str) -> None:
    reviewer = viewing.person(Role.REVIEWER)
    part = reviewer.post(
        f"/review/cases/{number}/reveal", step=1, headers={"HX-Request": "true"}, **REASON
    ).text
    assert part.lstrip().startswith('<section id="viewing"')
    assert "<html" not in part
    assert not inline(part)


# Who may, and how far -----------------------------------------------------------------------------


def test_each_role_goes_as_far_as_its_setting_says(viewing: House, number: str) -> None:
    for step in (1, 2):
        assert pictures_in(reveal(viewing, number, step))
    refused = reveal(viewing, number, 3)
    assert refused.status_code == 403
    assert "Your role may see no more than step 2." in refused.text
    assert acts(viewing, number)[-1] == ("case.reveal_refused", {"step": 3, "why": "beyond"})
    for step in (1, 2, 3):
        assert pictures_in(reveal(viewing, number, step, Role.ADMINISTRATOR))


def test_no_step_is_skipped(viewing: House, number: str) -> None:
    refused = reveal(viewing, number, 2)
    assert refused.status_code == 409
    assert "One step at a time: the next one is step 1." in refused.text


@pytest.mark.parametrize("step", [0, -1, 4, "x", ""])
def test_a_step_that_is_none_is_refused(viewing: House, number: str, step: int | str) -> None:
    assert reveal(viewing, number, step, Role.ADMINISTRATOR).status_code == 403  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIST_MANAGER])
def test_who_may_view_nothing_sees_no_button_and_is_refused(viewing: House, number: str, role: Role) -> None:
    assert "reveal" not in viewing.person(role).get(f"/review/cases/{number}").text
    assert reveal(viewing, number, 1, role).status_code == 403


def test_nobody_browses(tmp_path: Path) -> None:
    house = open_house(tmp_path, viewing="on", per_hour=2)
    numbers = [held(house) for _ in range(3)]
    for number in numbers[:2]:
        assert pictures_in(reveal(house, number))
    refused = reveal(house, numbers[2])
    assert refused.status_code == 429
    assert "You have been shown 2 pictures within an hour" in refused.text
    assert acts(house, numbers[2]) == [("case.reveal_refused", {"step": 1, "why": "too_many"})]


def test_what_cannot_be_shown_says_why(viewing: House) -> None:
    damaged = reveal(viewing, held(viewing, b"\xff\xd8\xff" + bytes(60)))
    assert "This picture cannot be decoded: it is damaged, or is none." in damaged.text
    assert not pictures_in(damaged)


# Switched off, and unasked ------------------------------------------------------------------------


def test_without_the_setting_there_is_no_button_and_no_route(house: House) -> None:
    number = held(house)
    administrator = house.person(Role.ADMINISTRATOR)
    page = administrator.get(f"/review/cases/{number}")
    assert page.status_code == 200
    assert not re.search("reveal|glimpse|Look at it", page.text)
    assert reveal(house, number, 1, Role.ADMINISTRATOR).status_code == 404
    assert administrator.get(f"/review/cases/glimpse/{'0' * 64}").status_code == 404
    assert not [rule for rule in house.app.url_map.iter_rules() if re.search("reveal|glimpse", rule.rule)]


def test_a_thumbnail_is_unasked_where_the_setting_says_so_and_noted(tmp_path: Path) -> None:
    house = open_house(tmp_path, viewing="on", thumbnail=True)
    number = held(house)
    (address,) = pictures_in(house.person(Role.REVIEWER).get(f"/review/cases/{number}"))
    with Image.open(io.BytesIO(house.person(Role.REVIEWER).get(address).data)) as image:
        assert (image.mode, max(image.size)) == ("L", 96)
    assert acts(house, number) == [("case.thumbnail_shown", {})]
    assert not pictures_in(house.person(Role.VIEWER).get(f"/review/cases/{number}"))


# The original is nowhere --------------------------------------------------------------------------


def pieces_of(data: bytes) -> list[bytes]:
    """Stretches of its inside, as they are and in base64 at each of its three offsets."""
    plain = [data[at : at + 48] for at in range(len(data) // 4, len(data) - 60, len(data) // 8)]
    return plain + [base64.b64encode(stretch[start : start + 36]) for stretch in plain for start in range(3)]


def answers(house: House, number: str, asking: Machine, ticket: str) -> Iterator[tuple[Rule, TestResponse]]:
    """Every route by every method, as an administrator and as a machine that may do everything."""
    browser = house.person(Role.ADMINISTRATOR)
    values = {"number": number, "ticket": ticket, "name": "review.css", "id": "0" * 32, "act": "escalate"}
    # The one that ends the session comes last.
    rules = sorted(house.app.url_map.iter_rules(), key=lambda rule: "log-out" in rule.rule)
    for rule in rules:
        # Cases have numbers that are words; versions of lists and the like are counted.
        counted = {name: 1 for name, kind in rule._converters.items() if isinstance(kind, IntegerConverter)}
        chosen = {
            name: min(kind.items) for name, kind in rule._converters.items() if isinstance(kind, AnyConverter)
        }
        known = values | counted | chosen
        path = rule.build({name: known.get(name, "x") for name in rule.arguments})
        assert path is not None, rule
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if rule.rule.startswith("/review") and method == "GET":
                yield rule, browser.get(path[1])
            elif rule.rule.startswith("/review"):
                yield rule, browser.post(path[1], step=1, reason="own", because="to see")
            elif method == "GET":
                yield rule, asking.get(path[1])
            else:
                yield rule, asking.post(path[1], house.listed)


def test_no_answer_of_any_route_holds_the_original(viewing: House, number: str) -> None:
    """Table F, row 3."""
    asking = machine(viewing.app.test_client(), viewing.settings, *Scope)
    (address,) = pictures_in(reveal(viewing, number, 1, Role.ADMINISTRATOR))
    pieces, seen, pictures = pieces_of(viewing.listed), set(), 0
    for rule, answer in answers(viewing, number, asking, address.rpartition("/")[2]):
        seen.add((rule.rule, answer.status_code))
        assert not any(piece in answer.data for piece in pieces), rule
        answer.close()
        if answer.mimetype.startswith("image/") and answer.mimetype != "image/svg+xml":
            pictures += 1
            with Image.open(io.BytesIO(answer.data)) as image:
                assert max(image.size) <= 96, rule
                assert image.mode == "L", rule
    # It has been where something could be seen.
    assert ("/review/cases/<number>", 200) in seen
    assert ("/review/cases/<number>/reveal", 200) in seen
    assert ("/v1/cases/<number>", 200) in seen
    assert pictures == 1


def test_the_walk_would_see_the_original(viewing: House) -> None:
    pieces = pieces_of(viewing.listed)
    assert any(piece in viewing.listed for piece in pieces)
    assert any(piece in base64.b64encode(viewing.listed) for piece in pieces)
    assert any(piece in base64.b64encode(b"x" + viewing.listed) for piece in pieces)


def test_people_are_told_apart_by_their_sessions(viewing: House, number: str) -> None:
    """Of one person with two browsers, only the one that asked gets the picture."""
    (address,) = pictures_in(reveal(viewing, number))
    other = Browser(viewing.app.test_client())
    other.log_in("reviewer")
    assert other.get(address).status_code == 404
    somebody = person(viewing.app, viewing.settings, Role.REVIEWER, "zoe")
    assert somebody.get(address).status_code == 404
