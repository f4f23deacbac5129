"""The page of one case: why it was held in words, and what people do about it."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.sidecar.machines import machine
from tests.sidecar.review.browsing import inline, person
from tests.sidecar.review.conftest import House
from tests.support import (
    activate_list,
    activate_listed_picture,
    digest_of,
    eventually,
    picture_bytes,
    recompressed,
    settings_in,
)
from upload_guard.compose import open_cases, open_database_of, open_exports
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.people.roles import Role
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.custody.retention import Retention
from upload_guard.quarantine.showing.dossier import dossier
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.quarantine.states import CaseState
from upload_guard.records import SignalType
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.review.case.story import doubts, why

DAMAGED = b"\xff\xd8\xff" + bytes(50)
REASON = "What it matched is something else"
AUTHORITY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def held(house: House, data: bytes, site: str = "blog") -> str:
    """The number of the case that an upload of `data` opens, as a site sends it."""
    sending = machine(house.app.test_client(), house.settings, *SITE_SCOPES, site=site)
    number = sending.post("/v1/check?route=/up", data).get_json()["case"]
    assert isinstance(number, str)
    return number


def held_once_listed(house: House, data: bytes) -> str:
    """The same of a file whose list was activated just now: servers see it within a second."""
    numbers: list[str] = []

    def is_held() -> bool:
        numbers.append(held(house, data))
        return bool(numbers[-1])

    assert eventually(is_held), "the list is not used"
    return numbers[-1]


def case(house: House, number: str) -> CaseInfo:
    return open_cases(house.settings).one(number)


def trail(house: House, number: str) -> list[tuple[str, str, object]]:
    about = dossier(open_database_of(house.settings), Retention(), case(house, number))
    return [(row.person, row.act, row.details.get("because")) for row in about.trail]


def text(response: TestResponse) -> str:
    """What a person reads, without the markup."""
    assert response.status_code == 200, response.text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def page(house: House, number: str, role: Role = Role.REVIEWER) -> str:
    return text(house.person(role).get(f"/review/cases/{number}"))


def act(house: House, number: str, name: str, role: Role = Role.REVIEWER, **form: str) -> TestResponse:
    given = {"reason": "own", "because": "seen it"} | form
    return house.person(role).post(f"/review/cases/{number}/{name}", **given)


@pytest.fixture(scope="module")
def exact(house: House) -> str:
    return held(house, house.listed)


@pytest.fixture(scope="module")
def alike(house: House) -> str:
    return held(house, recompressed(house.listed), site="shop")


@pytest.fixture(scope="module")
def damaged(house: House) -> str:
    return held(house, DAMAGED)


# Why it was held ----------------------------------------------------------------------------------


def test_the_first_words_say_why_it_was_held(house: House, exact: str, alike: str, damaged: str) -> None:
    assert "This very file is on the list test-list (version 1, category baseline)" in page(house, exact)
    assert "The picture “frame 0” looks like entry 3 of the list test-list" in page(house, alike)
    assert "An image could not be read whole: it is damaged, or not what it claims" in page(house, damaged)


def test_they_stand_before_anything_else_about_the_case(house: House, exact: str) -> None:
    shown = page(house, exact)
    places = [shown.index(words) for words in ("Why it was held", "Decide", "The upload", "What was done")]
    assert places == sorted(places)


def test_each_kind_says_why_that_is_no_proof(house: House, exact: str, alike: str, damaged: str) -> None:
    assert "Whether the list is right about that file, no digest says." in page(house, exact)
    assert "This is not proof: two different pictures can be this near" in page(house, alike)
    assert "That it could not be read is no sign of what it shows." in page(house, damaged)


def test_a_distance_is_a_bar_with_the_limit_marked_and_the_same_in_words(house: House, alike: str) -> None:
    (match, *_) = case(house, alike).matches
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{alike}").text
    assert f"{match.distance} of 256 bits differ; up to 31 count as alike" in shown
    share = round(100 * match.distance / 62, 1)
    assert f'<rect class="measured" width="{share}"' in shown
    assert '<rect class="limit" x="50.0"' in shown


def test_no_whole_hash_is_on_the_page(house: House, exact: str) -> None:
    found = case(house, exact)
    shown = house.person(Role.ADMINISTRATOR).get(f"/review/cases/{exact}").text
    assert found.sha256.hex()[:8] in shown
    for signal in found.signals:
        assert signal.value.hex()[:12] not in shown


def test_a_match_beyond_the_limit_is_called_near_and_a_hint(house: House, alike: str) -> None:
    found = case(house, alike)
    near = replace(found, result="near", matches=(replace(found.matches[0], distance=36),))
    with house.app.test_request_context("/review/"):
        assert "which is beyond the limit of 31" in why(near)[0]
        assert "This is not proof but a hint" in doubts(near, (), "")[0]


def test_a_lowered_entry_is_told_of(house: House, alike: str) -> None:
    with house.app.test_request_context("/review/"):
        assert any(
            "flood breaker" in one for one in doubts(replace(case(house, alike), lowered=True), (), "")
        )


def test_what_would_have_changed_it_is_told_on_demand(house: House, alike: str) -> None:
    told = text(house.person(Role.VIEWER).get(f"/review/cases/{alike}/what-if"))
    assert "the pdq limit of list test-list were" in told
    assert "Back to the case" in told
    fragment = house.person(Role.VIEWER).get(f"/review/cases/{alike}/what-if", **{"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert fragment.lstrip().startswith('<div id="what-if"')


def test_until_when_somebody_should_decide_is_told_while_nobody_has(house: House) -> None:
    number = held(house, DAMAGED + b"deadline")
    due = case(house, number).created_at + timedelta(hours=24)
    row = rf"Decide by</dt><dd>\s*<time datetime=\"{re.escape(due.isoformat())}\""
    assert re.search(row, house.person(Role.REVIEWER).get(f"/review/cases/{number}").text)
    act(house, number, "escalate")
    assert "Decide by" not in page(house, number)


def test_what_a_site_did_about_a_late_match_is_told(house: House) -> None:
    number = held(house, DAMAGED + b"late")
    LateOutcomes(open_database_of(house.settings)).note(number, LateAction.REMOVED, "post 7", "key")
    assert "The site removed the file" in page(house, number)


# Repeats ------------------------------------------------------------------------------------------


def test_repeats_stand_in_tables_by_day_place_and_case(house: House, exact: str, alike: str) -> None:
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{alike}").text
    day = open_cases(house.settings).find(alike, None).created_at.date().isoformat()
    assert re.search(rf'<table id="days">.*{day}.*<td class="number">\d+</td>', shown, re.DOTALL)
    assert re.search(r"<td>shop</td><td class=\"words\">/up</td><td class=\"number\">1</td>", shown)
    assert f'href="/review/cases/{exact}"' in shown


def test_a_file_that_was_confirmed_before_is_told_and_linked(house: House) -> None:
    first, again = (held(house, DAMAGED + b"twice") for _ in range(2))
    act(house, first, "confirm")
    assert f"This very file was confirmed before, on case {first}." in page(house, again)


# Decisions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "noted"),
    [
        ("release", CaseState.RELEASED, "case.released"),
        ("false-positive", CaseState.RELEASED, "case.false_positive"),
        ("confirm", CaseState.CONFIRMED, "case.confirmed"),
        ("escalate", CaseState.ESCALATED, "case.escalated"),
    ],
)
def test_a_decision_is_made_with_its_reason(house: House, name: str, state: CaseState, noted: str) -> None:
    number = held(house, DAMAGED + name.encode())
    answer = act(house, number, name, because="looked into it")
    assert answer.status_code == 303
    assert case(house, number).state is state
    assert trail(house, number) == [("reviewer", noted, "looked into it")]


def test_a_chosen_reason_and_own_words_are_both_kept(house: House) -> None:
    number = held(house, DAMAGED + b"both")
    act(house, number, "release", reason=REASON, because="a red car")
    assert trail(house, number)[0][2] == f"{REASON}: a red car"


@pytest.mark.parametrize("form", [{"reason": "", "because": " "}, {"reason": "own"}, {"reason": "invented"}])
def test_without_a_reason_nothing_is_decided(house: House, form: dict[str, str]) -> None:
    number = held(house, DAMAGED + repr(form).encode())
    assert house.person(Role.REVIEWER).post(f"/review/cases/{number}/release", **form).status_code == 400
    assert case(house, number).state is CaseState.OPEN


def test_without_a_token_nothing_is_decided(house: House) -> None:
    number = held(house, DAMAGED + b"token")
    answer = act(house, number, "release", csrf_token="")
    assert answer.status_code == 400
    assert case(house, number).state is CaseState.OPEN


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIST_MANAGER])
def test_who_may_not_decide_is_shown_no_form_and_refused(house: House, damaged: str, role: Role) -> None:
    shown = house.person(role).get(f"/review/cases/{damaged}").text
    assert f'action="/review/cases/{damaged}/' not in shown
    assert "Your role may see cases and not decide about them." in shown
    for name in ("release", "confirm", "hold", "request-export", "export", "reopen", "dispute"):
        assert act(house, damaged, name, role).status_code == 403
    assert case(house, damaged).state is CaseState.OPEN


def test_each_decision_says_before_what_it_will_do(house: House, damaged: str) -> None:
    shown = page(house, damaged)
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%-d %B %Y")
    assert f"The file passes on the site blog until {until}, when it is uploaded again." in shown
    assert "This very file passes on every site from now on" in shown
    assert "The file stays held, and nothing is sent to anybody." in shown
    assert "Somebody else has to decide." in shown


def test_after_a_decision_the_next_case_that_waits_comes_and_offers_to_undo(house: House) -> None:
    first, second = (held(house, DAMAGED + name) for name in (b"first", b"second"))
    answer = act(house, first, "release")
    target = urlsplit(answer.headers["Location"])
    assert target.path == f"/review/cases/{second}"
    assert parse_qs(target.query) == {"decided": [first]}
    shown = house.person(Role.REVIEWER).get(answer.headers["Location"])
    assert f"Case {first}: Released" in text(shown)
    undone = house.person(Role.REVIEWER).post(f"/review/cases/{first}/reopen", reason="Decided by mistake")
    assert undone.headers["Location"] == f"/review/cases/{first}"
    assert case(house, first).state is CaseState.OPEN


def test_what_is_decided_along_is_said_before_and_done(house: House) -> None:
    first, again = (held(house, DAMAGED + b"along", site) for site in ("blog", "shop"))
    shown = page(house, first)
    assert "The file passes on the sites blog, shop until" in shown
    assert "One other open case of this very file is decided with it." in shown
    answer = act(house, first, "release")
    assert "2 cases are decided." in text(house.person(Role.REVIEWER).get(answer.headers["Location"]))
    assert case(house, again).state is CaseState.RELEASED
    assert f"together with case {first}" in page(house, again)
    act(house, again, "reopen")
    assert case(house, first).state is CaseState.OPEN


def test_other_files_of_the_picture_are_decided_only_where_one_says_so(house: House) -> None:
    one, other = (held(house, recompressed(house.listed, quality=quality)) for quality in (55, 65))
    assert "of other files that show the same picture" in page(house, one)
    act(house, one, "escalate")
    assert case(house, other).state is CaseState.OPEN
    act(house, one, "reopen")
    act(house, one, "escalate", reach="picture")
    assert case(house, other).state is CaseState.ESCALATED
    act(house, one, "reopen")
    assert case(house, other).state is CaseState.OPEN


@pytest.mark.parametrize("reach", ["file", "picture"])
def test_nothing_is_decided_where_a_file_has_come_that_was_not_on_the_page(house: House, reach: str) -> None:
    one, other = (held(house, recompressed(house.listed, quality=quality)) for quality in (35, 45))
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{one}").text
    told = dict(re.findall(r'name="(told_\w+)" value="([\w.]+)"', shown))
    assert set(told) == {"told_file", "told_picture"}
    new = held(house, recompressed(house.listed, quality=35 if reach == "file" else 40), site="forum")
    answer = act(house, one, "release", reach=reach, **told)
    assert "nothing was decided" in text(house.person(Role.REVIEWER).get(answer.headers["Location"]))
    assert {case(house, number).state for number in (one, other, new)} == {CaseState.OPEN}
    act(house, one, "confirm", reach="picture")


def test_what_was_not_decided_is_not_said_to_be(house: House, damaged: str) -> None:
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{damaged}?decided={damaged}")
    assert "Undo" not in text(shown)
    assert house.person(Role.REVIEWER).get(f"/review/cases/{damaged}?decided=x").status_code == 200


def test_a_settled_case_can_only_be_opened_again(house: House) -> None:
    number = held(house, DAMAGED + b"settled")
    act(house, number, "confirm")
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    assert re.findall(r'data-act="([a-z-]+)"', shown)[0] == "reopen"
    assert 'data-act="release"' not in shown
    assert act(house, number, "release").status_code == 400


def test_it_leads_to_the_cases_before_and_after(house: House) -> None:
    first, second, third = (held(house, DAMAGED + name) for name in (b"1", b"2", b"3"))
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{second}").text
    assert f'rel="prev" href="/review/cases/{first}"' in shown
    assert f'rel="next" href="/review/cases/{third}"' in shown


def test_where_it_takes_two_the_first_word_leaves_the_case_open(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, review={"totp": "optional"}, quarantine={"second_person": ["confirm"]})
    two = House(settings, assemble(settings).app, b"")
    activate_listed_picture(settings)
    number = held_once_listed(two, DAMAGED)
    assert "The case stays open until a second person says the same." in page(two, number)
    act(two, number, "confirm")
    assert case(two, number).state is CaseState.OPEN
    mine = two.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    assert 'data-act="confirm"' not in mine
    assert "Take the confirmation back" in mine
    assert "reviewer has said so, too." in page(two, number, Role.ADMINISTRATOR)
    act(two, number, "confirm", Role.ADMINISTRATOR)
    assert case(two, number).state is CaseState.CONFIRMED


# Entries, holds, exports --------------------------------------------------------------------------


def test_an_entry_is_disputed_by_two_persons(house: House) -> None:
    data = picture_bytes(91)
    activate_list(house.settings, [ListedHash(SignalType.SHA256, digest_of(data).sha256)], "third-list")
    number = held_once_listed(house, data)
    assert "It goes on to act until a second person agrees." in page(house, number)
    act(house, number, "dispute", list="third-list")
    assert "reviewer disputes the entry of third-list." in page(house, number)
    assert 'data-act="dispute"' not in house.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    shown = page(house, number, Role.ADMINISTRATOR)
    assert "With your word the entry of third-list acts no more here" in shown
    act(house, number, "dispute", Role.ADMINISTRATOR, list="third-list")
    assert "reviewer and administrator dispute the entry of third-list" in page(house, number)
    act(house, number, "lift-dispute", list="third-list")
    assert "dispute the entry of third-list:" not in page(house, number)


def test_a_hold_is_placed_and_lifted(house: House) -> None:
    number = held(house, DAMAGED + b"hold")
    act(house, number, "hold", because="a court asked")
    shown = page(house, number)
    assert "Legal hold of reviewer: a court asked" in shown
    assert "No retention rule lets the bytes expire, so they stay." in shown
    assert "the legal hold is lifted" in shown
    form = house.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    hold = re.search(r'name="hold" value="(\d+)"', form)
    assert hold
    act(house, number, "lift-hold", hold=hold[1], because="over")
    assert "Legal hold of" not in page(house, number)


def test_an_export_takes_two_persons_and_only_its_recipient_opens_it(house: House) -> None:
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    key = str(identity.to_public())
    number = held(house, DAMAGED + b"export")
    act(house, number, "request-export", recipient=key, because="case 12")
    assert 'data-act="export"' not in house.person(Role.REVIEWER).get(f"/review/cases/{number}").text
    assert act(house, number, "export", recipient=key).status_code == 400
    assert "reviewer asked for this (case 12)." in page(house, number, Role.ADMINISTRATOR)
    archive = act(house, number, "export", Role.ADMINISTRATOR, recipient=key)
    assert archive.status_code == 200
    assert archive.mimetype == "application/octet-stream"
    assert archive.headers["Content-Disposition"] == f"attachment; filename={number}.tar.age"
    assert archive.headers["Cache-Control"] == "no-store"
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(archive.data, [identity]))) as opened:
        member = opened.extractfile(f"{number}/upload.bin")
        assert member
        assert member.read() == DAMAGED + b"export"
    archive.close()
    assert not list(open_exports(house.settings).spool.glob("export-*"))
    assert "given out by administrator" in page(house, number)


def test_an_export_that_nobody_asked_for_is_not_given(house: House, damaged: str) -> None:
    pytest.importorskip("pyrage")
    assert act(house, damaged, "export", recipient=AUTHORITY).status_code == 400
    assert not list(open_exports(house.settings).spool.glob("export-*"))


# The page itself ----------------------------------------------------------------------------------


def test_what_was_done_is_told_by_whom_and_why(house: House) -> None:
    number = held(house, DAMAGED + b"trail")
    act(house, number, "escalate", because="not sure")
    assert "reviewer escalated it not sure" in page(house, number)


def test_an_unknown_case_is_not_there(house: House) -> None:
    reviewer = house.person(Role.REVIEWER)
    assert reviewer.get("/review/cases/2222-2222-2222").status_code == 404
    assert reviewer.get("/review/cases/2222-2222-2222/what-if").status_code == 404
    assert act(house, "2222-2222-2222", "release").status_code == 400


def test_nothing_of_it_is_inline(house: House, exact: str, damaged: str) -> None:
    for number in (exact, damaged):
        assert not inline(house.person(Role.REVIEWER).get(f"/review/cases/{number}").text)


def test_every_field_has_a_label_and_every_id_is_one(house: House, exact: str) -> None:
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{exact}").text
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    fields = re.findall(r'<(?:select|input)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"', shown)
    assert fields
    assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', shown))
    assert set(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', shown)) <= set(ids)


def test_its_headings_go_down_without_a_gap(house: House, exact: str) -> None:
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{exact}").text
    levels = [int(level) for level in re.findall(r"<h([1-6])", shown)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_names_of_strangers_cannot_write_into_it(house: House) -> None:
    sending = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    number = sending.post("/v1/check?route=/%3Cscript%3Ex", DAMAGED + b"<").get_json()["case"]
    assert "<script>x" not in house.person(Role.REVIEWER).get(f"/review/cases/{number}").text


def test_a_chosen_reason_is_told_in_the_language_of_its_reader(house: House) -> None:
    number = held(house, DAMAGED + b"reader")
    act(house, number, "escalate", reason="It may have to be reported", because="ask Ann")
    assert "It may have to be reported: ask Ann" in page(house, number)
    piet = person(house.app, house.settings, Role.VIEWER, "piet")
    piet.headers["Accept-Language"] = "nl"
    assert "Misschien moet het worden gemeld: ask Ann" in text(piet.get(f"/review/cases/{number}"))


def test_in_dutch_no_sentence_of_it_is_left_in_english(house: House, alike: str) -> None:
    dutch = person(house.app, house.settings, Role.REVIEWER, "jan")
    dutch.headers["Accept-Language"] = "nl"
    shown = text(dutch.get(f"/review/cases/{alike}"))
    assert "Waarom dit wordt vastgehouden" in shown
    assert "Dit is geen bewijs" in shown
    for english in ("Why it", "The picture", "This is", "Choose a reason", "Nobody has", "The upload"):
        assert english not in shown
