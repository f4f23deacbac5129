"""The queue: what it shows to whom, and what its one form decides."""

from __future__ import annotations

import re
from html import unescape
from itertools import count

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.sidecar.review.browsing import Browser, inline, person
from tests.sidecar.review.conftest import House
from tests.sidecar.review.test_case import held, held_once_listed, text
from tests.support import activate_listed_picture, recompressed, settings_in
from upload_guard.compose import open_cases, open_database_of, open_decisions
from upload_guard.people.roles import Role
from upload_guard.quarantine.showing.entries import EntryNames
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.review.access import POLL_HEADER
from upload_guard.storage.group_tables import CaseEntry, HeldEntry
from upload_guard.storage.opinion_tables import Exemption
from upload_guard.storage.tables import Case, Decision
from upload_guard.storage.vault_tables import AuditRow

WHY = {"reason": "own", "because": "looked at it"}
_sizes = count(40)


def new_file() -> bytes:
    """One that cannot be read, and is no other's picture."""
    return b"\xff\xd8\xff" + bytes(next(_sizes))


def broken(house: House, times: int = 1, site: str = "blog") -> list[str]:
    """The cases of one file that was sent so often."""
    data = new_file()
    return [held(house, data, site) for _ in range(times)]


def queue(house: House, query: str = "", role: Role = Role.REVIEWER) -> str:
    return text(house.person(role).get(f"/review/queue?{query}"))


def form(house: House, query: str) -> TestResponse:
    return house.person(Role.REVIEWER).get(f"/review/queue/decide?{query}")


def told(page: TestResponse) -> dict[str, str]:
    """How many cases the form says that it will decide, as it sends it along."""
    return dict(re.findall(r'name="(told_\w+)" value="([\w.]+)"', page.text))


def decide(house: House, query: str, ruling: str, **given: str) -> TestResponse:
    """Go through the form as a person does."""
    return send(
        house, query, {"ruling": ruling} | told(form(house, f"{query}&ruling={ruling}")) | WHY | given
    )


def send(house: House, query: str, fields: dict[str, str]) -> TestResponse:
    pairs: dict[str, list[str]] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        pairs.setdefault(name, []).append(value)
    return house.person(Role.REVIEWER).post("/review/queue/decide", **pairs, **fields)


def states(house: House, *numbers: str) -> list[str]:
    cases = open_cases(house.settings)
    return [cases.one(number).state.value for number in numbers]


def rows_of(house: House, *numbers: str) -> list[object]:
    """All that a decision wrote, without persons, times and numbers."""
    at = {number: place for place, number in enumerate(numbers)}
    with open_database_of(house.settings).session() as session:
        decisions = session.execute(
            select(Case.number, Case.state, Decision.decision, Decision.because, Decision.made_on)
            .join(Decision, Decision.case_id == Case.id)
            .where(Case.number.in_(numbers))
            .order_by(Decision.id)
        ).all()
        exempted = session.scalars(select(Exemption).where(Exemption.case_number.in_(numbers))).all()
        noted_on = select(AuditRow).where(AuditRow.case_number.in_(numbers))
        acts = session.scalars(noted_on.order_by(AuditRow.sequence)).all()
    said = [(at[number], state, word, because, at[on]) for number, state, word, because, on in decisions]
    passes = [(at[row.case_number], row.site, row.until is None, row.entries) for row in exempted]
    noted = [(at[row.case_number], row.act, row.details["because"]) for row in acts]
    return [said, passes, noted]


# What is shown ------------------------------------------------------------------------------------


def test_a_file_is_one_line_that_says_why_where_how_often_and_until_when(house: House) -> None:
    first, second, _ = broken(house, 3, site="lines")
    shown = queue(house, "site=lines")
    assert f"{first} Open Could not be read (held) 3 uploads, all the same file · lines ·" in shown
    assert "due in 1 day" in shown
    assert second not in shown
    assert "One picture in 3 cases." in shown


def test_any_case_is_found_by_its_number(house: House) -> None:
    _, second, _ = broken(house, 3)
    assert f"{second} Open Could not be read (held) one upload" in queue(house, f"number={second.lower()}")


def test_a_match_names_its_list_and_entry_but_no_whole_hash(house: House) -> None:
    number = held(house, recompressed(house.listed))
    shown = house.person(Role.REVIEWER).get(f"/review/queue?number={number}")
    assert "Matches a list: test-list, baseline (held)" in text(shown)
    token = re.search(r"entry=(test-list\.pdq\.[0-9a-f]{8}\.\d+)", shown.text)
    assert token
    assert not re.search(r"[0-9a-f]{32}", re.sub(r'name="(csrf_token|seen)" value="[^"]*"', "", shown.text))
    assert number in queue(house, f"entry={token[1]}")


def test_nothing_of_a_picture_is_on_it(house: House) -> None:
    broken(house)
    page = house.person(Role.REVIEWER).get("/review/queue")
    assert "<img" not in page.text
    assert not inline(page.text)


def test_filters_leave_out_what_they_do_not_name(house: House) -> None:
    here, there = broken(house, site="forum")[0], broken(house, site="shop")[0]
    shown = queue(house, "site=forum")
    assert here in shown
    assert there not in shown
    assert "Clear the filters" in shown
    assert there not in queue(house, "state=confirmed")
    assert "No case fits" in queue(house, "site=nowhere")
    assert "nowhere" in queue(house, "site=nowhere")


def test_what_makes_no_sense_is_refused_or_left_out(house: House) -> None:
    browser = house.person(Role.REVIEWER)
    assert browser.get("/review/queue?entry=icse.pdq.00000000.1").status_code == 400
    assert browser.get("/review/queue?after=x").status_code == 400
    assert browser.get("/review/queue?state=nonsense&sort=nonsense").status_code == 200
    assert browser.get(f"/review/queue?entry=a.pdq.00.{2**63}").status_code == 400


def test_pages_lead_on_with_their_filters(house: House) -> None:
    numbers = {broken(house, site="many")[0] for _ in range(52)}
    browser = house.person(Role.REVIEWER)
    seen: set[str] = set()
    address = "/review/queue?site=many"
    while address:
        page = browser.get(address).text
        seen |= set(re.findall(r'data-number="([^"]+)"', page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(following[1]) if following else ""
    assert seen == numbers


def test_who_may_not_decide_sees_it_and_has_no_buttons(house: House) -> None:
    broken(house)
    shown = house.person(Role.VIEWER).get("/review/queue")
    assert shown.status_code == 200
    assert 'name="case"' not in shown.text
    assert 'name="ruling"' not in shown.text
    for method in (house.person(Role.VIEWER).get, house.person(Role.VIEWER).post):
        assert method("/review/queue/decide?proposed=1").status_code == 403


# Empty states -------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> House:
    settings = settings_in(tmp_path_factory.mktemp("empty"), review={"totp": "optional"})
    return House(settings, assemble(settings).app, b"")


def test_an_empty_queue_says_what_that_means(empty: House) -> None:
    browser = person(empty.app, empty.settings, Role.REVIEWER)
    shown = text(browser.get("/review/queue"))
    assert "No list is active, so uploads are compared with nothing" in shown
    assert "No upload was held so far" in shown
    assert "upload-guard doctor" in shown
    listed = activate_listed_picture(empty.settings)
    assert "No list is active" not in text(browser.get("/review/queue"))
    assert listed


def test_it_says_so_in_dutch(empty: House) -> None:
    browser = person(empty.app, empty.settings, Role.REVIEWER)
    assert "Er is geen lijst actief" in browser.get("/review/queue", **{"Accept-Language": "nl"}).text


def test_when_all_is_decided_it_says_so(empty: House) -> None:
    activate_listed_picture(empty.settings)
    number = held_once_listed(empty, new_file())
    open_decisions(empty.settings).confirm(number, "ann", "seen")
    browser = person(empty.app, empty.settings, Role.REVIEWER)
    assert "Every case so far is decided" in text(browser.get("/review/queue"))


# What changes -------------------------------------------------------------------------------------


def poll(browser: Browser, query: str = "", seen: str = "") -> TestResponse:
    return browser.get(f"/review/queue/lines?{query}&seen={seen}", **{"HX-Request": "true", POLL_HEADER: "1"})


def test_a_page_is_told_of_changes_and_of_nothing_else(house: House) -> None:
    browser = house.person(Role.REVIEWER)
    page = browser.get("/review/queue?site=live").text
    seen = re.search(r'id="seen" name="seen" value="(\w+)"', page)
    assert seen
    assert poll(browser, "site=live", seen[1]).status_code == 204
    (number,) = broken(house, site="live")
    changed = poll(browser, "site=live", seen[1])
    assert changed.status_code == 200
    assert f'id="open-{number}"' in changed.text
    assert "<html" not in changed.text


def test_what_is_marked_and_focused_has_a_name_to_be_kept_by(house: House) -> None:
    (number,) = broken(house)
    page = house.person(Role.REVIEWER).get(f"/review/queue?number={number}").text
    assert re.search(rf'<input type="checkbox" id="mark-{number}"[^>]* hx-preserve', page)
    assert f'id="open-{number}"' in page


# Deciding -----------------------------------------------------------------------------------------


def test_the_form_says_what_it_will_do_to_how_many_before_it_is_done(house: House) -> None:
    first, *_ = broken(house, 3)
    shown = text(form(house, f"ruling=release&case={first}"))
    assert "Decide on 3 cases" in shown
    assert "passes for 30 days on the sites that it was sent to" in shown
    assert "passes on every site from now on" in shown
    assert states(house, first) == ["open"]
    confirm = text(form(house, f"ruling=confirm&case={first}"))
    assert "settled as what the list says" in confirm
    assert "passes for 30 days" not in confirm


@pytest.mark.parametrize("ruling", ["release", "false-positive", "confirm", "escalate"])
def test_what_is_decided_here_writes_the_same_rows_as_the_command(house: House, ruling: str) -> None:
    by_page, by_command = broken(house, 2), broken(house, 2)
    done = decide(house, f"case={by_page[1]}", ruling)
    assert (done.status_code, done.location) == (303, "/review/queue")
    act = getattr(open_decisions(house.settings), ruling.replace("-", "_"))
    act(by_command[1], "ann", WHY["because"])
    assert rows_of(house, *by_page) == rows_of(house, *by_command)
    assert rows_of(house, *by_page)[0]


def test_afterwards_one_is_where_one_was_and_is_told_what_was_done(house: House) -> None:
    first, _ = broken(house, 2, site="where")
    done = decide(house, f"case={first}", "confirm", back="/review/queue?site=where")
    assert done.location == "/review/queue?site=where"
    assert "2 cases are decided." in queue(house, "site=where")
    elsewhere = decide(house, f"case={broken(house)[0]}", "confirm", back="https://evil.example/")
    assert elsewhere.location == "/review/queue"


def test_what_is_marked_is_decided_together(house: House) -> None:
    one, two, left = (broken(house)[0] for _ in range(3))
    assert decide(house, f"case={one}&case={two}", "confirm").status_code == 303
    assert states(house, one, two, left) == ["confirmed", "confirmed", "open"]


def test_all_that_is_proposed_is_released_at_once(house: House) -> None:
    numbers = [broken(house)[0] for _ in range(3)]
    with open_database_of(house.settings).session() as session:
        proposed = update(Case).where(Case.number.in_(numbers)).values(state="release_proposed")
        session.execute(proposed)
    assert "Nothing holds 3 cases any more" in queue(house)
    assert decide(house, "proposed=1", "release").status_code == 303
    assert states(house, *numbers) == ["released"] * 3


def test_all_of_an_entry_is_decided_at_once(house: House) -> None:
    number = held(house, recompressed(house.listed, quality=71))
    (name,) = EntryNames(open_database_of(house.settings)).of_case(number)
    assert "With all that waits and this entry holds:" in queue(house, f"entry={name.token}")
    assert decide(house, f"entry={name.token}", "confirm").status_code == 303
    assert states(house, number) == ["confirmed"]
    assert "Nothing is left to decide" in text(form(house, f"entry={name.token}&ruling=confirm"))


def test_what_another_list_names_is_left_out_where_an_entry_is_wrong_and_that_is_said(house: House) -> None:
    both, alone = (held(house, recompressed(house.listed, quality=quality)) for quality in (81, 82))
    (name,) = EntryNames(open_database_of(house.settings)).of_case(both)
    with open_database_of(house.settings).session() as session:
        other = HeldEntry(list_name="other", signal_type="pdq", value=bytes(32))
        session.add(other)
        session.flush()
        case = session.scalars(select(Case.id).where(Case.number == both)).one()
        session.add(CaseEntry(entry_id=other.id, case_id=case))
    query = f"entry={name.token}"
    assert "One more case that this entry holds is not among these" in text(
        form(house, f"{query}&ruling=release")
    )
    assert "not among these" not in text(form(house, f"{query}&ruling=confirm"))
    assert decide(house, query, "false-positive").status_code == 303
    assert states(house, both, alone) == ["open", "released"]
    decide(house, f"case={both}", "confirm")


def test_files_that_look_alike_are_decided_along_only_where_it_is_said(house: House) -> None:
    one, other = (held(house, recompressed(house.listed, quality=quality)) for quality in (72, 73))
    offered = form(house, f"case={one}&ruling=confirm").text
    assert "Also the one case of another file that looks like it" in offered
    decide(house, f"case={one}", "escalate")
    assert states(house, one, other) == ["escalated", "open"]
    decide(house, f"case={one}", "confirm", reach="picture")
    assert states(house, one, other) == ["confirmed", "confirmed"]


def test_nothing_is_decided_without_a_reason(house: House) -> None:
    (number,) = broken(house)
    done = decide(house, f"case={number}", "confirm", reason="own", because="  ")
    assert done.status_code == 400
    assert "a reason is needed" in done.text
    assert states(house, number) == ["open"]


def test_a_reason_can_be_chosen(house: House) -> None:
    (number,) = broken(house)
    decide(house, f"case={number}", "confirm", reason="It is what the list says", because="")
    ((_, _, _, because, _),) = rows_of(house, number)[0]  # type: ignore[misc]
    assert because == "It is what the list says"


@pytest.mark.parametrize("several", [False, True])
def test_nothing_is_decided_where_it_would_be_on_another_site_meanwhile(house: House, several: bool) -> None:
    data = new_file()
    number = held(house, data)
    query = f"case={number}" + (f"&case={broken(house)[0]}" if several else "")
    seen = told(form(house, f"{query}&ruling=confirm"))
    again = held(house, data, site="forum")
    done = send(house, query, {"ruling": "confirm"} | seen | WHY)
    assert done.status_code == 409
    assert "What would be decided has changed since you saw it" in text_of(done)
    assert states(house, number, again) == ["open", "open"]
    assert told(done)["told_file"] != seen["told_file"]


def test_a_file_that_comes_again_and_again_can_be_decided_all_the_same(house: House) -> None:
    data = new_file()
    number = held(house, data)
    seen = told(form(house, f"case={number}&ruling=confirm"))
    again = held(house, data)
    assert send(house, f"case={number}", {"ruling": "confirm"} | seen | WHY).status_code == 303
    assert states(house, number, again) == ["confirmed", "confirmed"]


def text_of(response: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def test_what_somebody_else_has_decided_is_left_as_it_is(house: House) -> None:
    (number,) = broken(house)
    seen = told(form(house, f"case={number}&ruling=release"))
    open_decisions(house.settings).confirm(number, "bob", "seen")
    done = send(house, f"case={number}", {"ruling": "release"} | seen | WHY)
    assert done.status_code == 400
    assert states(house, number) == ["confirmed"]


def test_a_form_that_names_nothing_or_no_ruling_is_refused(house: House) -> None:
    assert form(house, "ruling=release").status_code == 400
    (number,) = broken(house)
    assert send(house, f"case={number}", {"ruling": "delete", "told_file": "1"} | WHY).status_code == 400
    assert states(house, number) == ["open"]


def test_without_the_token_of_a_form_nothing_is_decided(house: House) -> None:
    (number,) = broken(house)
    browser = house.person(Role.REVIEWER)
    fields = {"case": number, "ruling": "confirm", "told_file": "1"} | WHY
    assert browser.client.post("/review/queue/decide", data=fields).status_code == 400
    assert states(house, number) == ["open"]


# Two persons --------------------------------------------------------------------------------------


def test_to_confirm_takes_a_second_person_where_the_settings_say_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("two")
    settings = settings_in(folder, review={"totp": "optional"}, quarantine={"second_person": ["confirm"]})
    activate_listed_picture(settings)
    house = House(settings, assemble(settings).app, b"")
    number, _ = broken(house, 2)
    shown = text(form(house, f"case={number}&ruling=confirm"))
    assert "It takes two persons" in shown
    decide(house, f"case={number}", "confirm")
    assert "2 cases are noted: they are open until a second person says the same." in queue(house)
    assert "reviewer has said that it is what the list says" in queue(house)
    again = decide(house, f"case={number}", "confirm")
    assert "a second person has to agree" in again.text
    assert states(house, number) == ["open"]
    house.people[Role.REVIEWER] = house.person(Role.ADMINISTRATOR)
    decide(house, f"case={number}", "confirm")
    assert states(house, number) == ["confirmed"]
