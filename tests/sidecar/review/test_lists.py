"""The pages of lists: what they tell equals the rows, and their acts are those of the commands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.sidecar.review.browsing import Browser, inline, person
from tests.support import (
    activate_list,
    activate_listed_picture,
    listed_hashes,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, open_cases, open_database_of, open_lists
from upload_guard.list_settings import ExchangeSettings, ListSettings
from upload_guard.lists.breaker.flood import Flood
from upload_guard.lists.breaker.hits import EntryRow
from upload_guard.lists.breaker.trips import lower, trips
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.gate import ALIKE, IDENTICAL
from upload_guard.lists.gate.junk import Junk
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.sync.rows import ExchangeRows
from upload_guard.people.roles import Role
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Action, SignalType
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.list_work import do_all
from upload_guard.sidecar.review.labels import PUT_ASIDE
from upload_guard.statistics.case_lists import note_lists
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList
from upload_guard.storage.vault_tables import AuditRow

NOW = datetime.now(UTC)
LIST = "/review/lists/test-list"


@dataclass(frozen=True)
class Desk:
    """An application whose housekeeping does nothing by itself, and people before it."""

    settings: Settings
    app: Flask
    database: Database

    @cached_property
    def station(self) -> Station:
        return quiet_station(self.settings)

    @cached_property
    def manager(self) -> Browser:
        return person(self.app, self.settings, Role.LIST_MANAGER)

    @cached_property
    def viewer(self) -> Browser:
        return person(self.app, self.settings, Role.VIEWER)

    def ask(self, act: str, number: int, **form: object) -> str:
        """The manager presses a button of a version; the page on which it ends up, all being done."""
        answer = self.manager.post(f"{LIST}/{number}/ask", act=act, **form)
        assert answer.status_code == 302, answer.text
        do_all(self.settings)
        return self.manager.get(answer.location).text

    def active(self) -> int | None:
        return next((one.number for one in open_lists(self.settings).versions() if one.active), None)

    def send(self, seed: int) -> str:
        (outcome,) = self.station.guard.check([upload_of(picture_bytes(seed))])
        return outcome.case

    def acts(self) -> list[tuple[str, str]]:
        with self.database.session() as session:
            return [
                (row.person, row.act) for row in session.scalars(select(AuditRow).order_by(AuditRow.sequence))
            ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Version 1, which acts, has one picture; version 2, which waits, has another."""
    settings = settings_in(
        tmp_path,
        benign={"shipped": False},
        review={"totp": "optional"},
        signal_log={"days": 30},
        lists={"named": {}},
    )
    activate_listed_picture(settings)
    import_version(settings, listed_hashes(picture_bytes(2)))
    # As another process of the machine would have them, so that the tests say when these jobs are done.
    locks = (settings.data_dir / f".{name}.lock" for name in ("list-tasks", "reevaluation"))
    with ExitStack() as held:
        for lock in locks:
            held.enter_context(exclusive_lock(lock))
        yield Desk(settings, assemble(settings).app, open_database_of(settings))


def import_version(settings: Settings, hashes: list[ListedHash]) -> None:
    order = ImportOrder("test-list", "hashes.txt", "baseline", None, "tester")
    open_lists(settings).import_version(order, hashes)


def text_of(page: str) -> str:
    """What is read of it."""
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def refused(answer: TestResponse) -> bool:
    return answer.status_code == 403


# What is shown ------------------------------------------------------------------------------------


def test_each_list_is_shown_with_what_acts_and_what_to_do_next(desk: Desk) -> None:
    page = text_of(desk.viewer.get("/review/lists").text)
    assert "test-list Version 2 waits: look at it. 1 " in page
    assert "named" in page
    assert "never imported" in page


def test_a_list_that_needs_nobody_says_so(desk: Desk) -> None:
    desk.ask("activate", 2)
    assert "test-list Nothing 2 " in text_of(desk.viewer.get("/review/lists").text)


def test_where_there_is_no_list_the_page_says_what_to_do(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, review={"totp": "optional"})
    app = assemble(settings).app
    page = text_of(person(app, settings, Role.VIEWER).get("/review/lists").text)
    assert "There is no list yet" in page
    assert "upload-guard list import" in page
    assert "shipped with upload_guard 434" in page


def test_versions_and_their_history_are_shown(desk: Desk) -> None:
    desk.ask("activate", 2)
    page = text_of(desk.viewer.get(LIST).text)
    assert "Version 2 acts, with 3 entries." in page
    assert "1 has acted look at it, or go back to version 1 3 " in page
    assert re.search(r"UTC 2 by a person list-manager .*UTC 1 by a person tester", page)


def test_no_full_hash_is_on_any_page(desk: Desk) -> None:
    import_version(desk.settings, [*listed_hashes(picture_bytes(3)), ListedHash(SignalType.PDQ, bytes(32))])
    lowered(desk)
    pages = [
        desk.manager.get(path).text for path in ("/review/lists", LIST, f"{LIST}/1", f"{LIST}/2", f"{LIST}/3")
    ]
    pages += [desk.ask("examine", 3), desk.ask("compare", 3, against=1), desk.ask("forecast", 3)]
    digits = {one.value.hex() for seed in (1, 2, 3) for one in listed_hashes(picture_bytes(seed))}
    for page in pages:
        assert not any(one in page for one in digits)
        assert not re.search(r"[0-9a-f]{32}", text_of(page))


def test_a_screen_reader_gets_captions_scopes_and_headings_in_order(desk: Desk) -> None:
    lowered(desk)
    pages = [desk.manager.get(path).text for path in ("/review/lists", LIST, f"{LIST}/2")]
    pages.append(desk.ask("forecast", 2))
    for page in pages:
        main = page[page.index("<main") : page.index("</main>")]
        assert main.count("<table") == main.count("<caption")
        assert len(re.findall(r"<th\b", main)) == len(re.findall(r'<th scope="(?:col|row)"', main))
        levels = [int(level) for level in re.findall(r"<h(\d)", main)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        for field in re.findall(r'<(?:input|select)[^>]*\bid="([^"]+)"', main):
            assert f'<label for="{field}"' in main
        assert not inline(page)


@pytest.mark.parametrize(
    "path", ["/review/lists/nothing", f"{LIST}/9", "/review/list-tasks/99", f"/review/list-tasks/{2**63}"]
)
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert desk.viewer.get(path).status_code == 404


def test_how_fetching_goes_is_shown(desk: Desk) -> None:
    rows = ExchangeRows(desk.database, "test-list")
    rows.tried()
    rows.failed("the door was shut")
    page = text_of(desk.viewer.get(LIST).text)
    assert "Fetching it fails, or is long ago" in page
    assert "the door was shut" in page
    rows.settled()
    assert "went wrong" not in desk.viewer.get(LIST).text


def test_a_stale_list_is_named_so(desk: Desk) -> None:
    from upload_guard.lists.tasks.overview import overview_of
    from upload_guard.sidecar.review.list_words import is_stale

    ExchangeRows(desk.database, "test-list").tried()
    exchange = ExchangeSettings(url="https://127.0.0.1:9/list", origin="o", stale_hours=1e-9)
    settings = desk.settings.model_copy(update={"lists": {"test-list": ListSettings(exchange=exchange)}})
    assert is_stale(overview_of(open_lists(desk.settings), "test-list"), settings)
    assert not is_stale(overview_of(open_lists(desk.settings), "test-list"), desk.settings)


def test_every_reason_to_put_an_entry_aside_has_words() -> None:
    assert set(PUT_ASIDE) == {*(junk.value for junk in Junk), IDENTICAL, ALIKE}


def test_in_dutch_there_is_no_english_left(desk: Desk) -> None:
    dutch = text_of(desk.manager.get(f"{LIST}/2", **{"Accept-Language": "nl"}).text)
    assert "Activeer versie 2" in dutch
    assert not re.search(r"\b(?:the|version|acts|entries)\b", dutch)


# Before an act ------------------------------------------------------------------------------------


def test_before_the_button_stands_what_it_will_do(desk: Desk) -> None:
    desk.send(1)
    note_lists(desk.database)
    page = text_of(desk.manager.get(f"{LIST}/2").text)
    assert page.index("1 undecided case was held by this list") < page.index("Activate version 2")
    assert page.index("Until it is built, the one that acts goes on") < page.index("Activate version 2")


def test_worked_out_it_is_told_in_figures_that_then_come_true(desk: Desk) -> None:
    held = desk.send(1)
    desk.send(2)
    for job in desk.station.housekeeper.jobs:
        if job.name == "signal-log":
            job.run()
    told = text_of(desk.ask("forecast", 2))
    foreseen = (
        "1 undecided case would be proposed for release.",
        "Of 2 uploads of the last 7 days it would have blocked 1 and held 0; "
        "1 of these passed when they came.",
    )
    page = text_of(desk.manager.get(f"{LIST}/2").text)
    for sentence in foreseen:
        assert sentence in told
        assert page.index(sentence) < page.index("Activate version 2")
    done = text_of(desk.ask("activate", 2))
    assert "Version 2 acts now, with 3 entries. 1 case is proposed for release now." in done
    assert open_cases(desk.settings).one(held).state is CaseState.RELEASE_PROPOSED


def test_a_forecast_of_before_lists_changed_is_named_old(desk: Desk) -> None:
    desk.ask("forecast", 2)
    assert "Lists have changed since" not in desk.manager.get(f"{LIST}/2").text
    activate_list(desk.settings, listed_hashes(picture_bytes(5)), "other", origin="o")
    assert "Lists have changed since" in desk.manager.get(f"{LIST}/2").text


def test_two_versions_are_compared_by_counts(desk: Desk) -> None:
    assert "3 hashes come, 3 go; 0 that stay change their category." in text_of(
        desk.ask("compare", 2, against=1)
    )


# Acts ---------------------------------------------------------------------------------------------


def test_a_version_is_activated_and_gone_back_from(desk: Desk) -> None:
    assert "Version 2 acts now" in text_of(desk.ask("activate", 2))
    assert desk.active() == 2
    assert "Go back to version 1" in desk.manager.get(f"{LIST}/1").text
    assert "Version 1 acts now" in text_of(desk.ask("rollback", 1))
    assert desk.active() == 1
    assert desk.acts()[-4:] == [
        ("list-manager", "list.asked.activate"),
        ("list-manager", "list.activated.manual"),
        ("list-manager", "list.asked.rollback"),
        ("list-manager", "list.activated.rollback"),
    ]


def test_what_the_gate_holds_is_approved_with_a_reason_and_then_activated(desk: Desk) -> None:
    import_version(desk.settings, listed_hashes(picture_bytes(1))[:1])
    page = text_of(desk.ask("activate", 3))
    assert "It was not done. What acted before acts on." in page
    assert "it shrinks from 3 to 1 acting entries" in page
    desk.ask("examine", 3)
    page = desk.manager.get(f"{LIST}/3").text
    assert "Let version 3 pass the gate" in page
    assert "Activate version 3" not in page
    assert desk.manager.post(f"{LIST}/3/approve", because=" ").status_code == 400
    desk.manager.post(f"{LIST}/3/approve", because="says the supplier")
    page = text_of(desk.manager.get(f"{LIST}/3").text)
    assert "Version 3 may pass now." in page
    assert "list-manager" in page
    assert "says the supplier" in page
    desk.ask("activate", 3)
    assert desk.active() == 3
    assert ("list-manager", "list.approved") in desk.acts()


def test_what_was_put_aside_is_told_by_reason_and_number(desk: Desk) -> None:
    import_version(desk.settings, [*listed_hashes(picture_bytes(1)), ListedHash(SignalType.PDQ, bytes(32))])
    page = text_of(desk.ask("examine", 3))
    assert "1 entry is put aside." in page
    assert "all bits alike 1" in page
    assert "3 pdq all bits alike" in page


def test_while_it_is_done_the_page_asks_again_by_itself(desk: Desk) -> None:
    answer = desk.manager.post(f"{LIST}/2/ask", act="activate")
    waiting = desk.viewer.get(answer.location).text
    assert 'hx-trigger="every 2s"' in waiting
    assert "X-Poll" in waiting
    assert "Look again" in waiting
    do_all(desk.settings)
    part = desk.viewer.get(answer.location, **{"HX-Request": "true"}).text
    assert "<html" not in part
    assert "hx-trigger" not in part
    assert "Version 2 acts now" in part


def test_pressing_twice_does_it_once(desk: Desk) -> None:
    first, second = (desk.manager.post(f"{LIST}/2/ask", act="activate") for _ in range(2))
    assert first.location == second.location


@pytest.mark.parametrize(
    ("number", "form", "why"),
    [
        (9, {"act": "activate"}, "no version 9"),
        (2, {"act": "rollback"}, "never acted"),
        (1, {"act": "compare", "against": "x"}, "two different versions"),
        (1, {"act": "delete"}, ""),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(
    desk: Desk, number: int, form: dict[str, str], why: str
) -> None:
    answer = desk.manager.post(f"{LIST}/{number}/ask", **form)
    assert answer.status_code == 400
    assert why in answer.text
    assert desk.active() == 1


# The flood breaker --------------------------------------------------------------------------------


def lowered(desk: Desk) -> int:
    """An entry that the breaker lowered."""
    with desk.database.session() as session:
        list_id = session.scalars(select(HashList.id)).one()
    (one,) = (one for one in listed_hashes(picture_bytes(1)) if one.signal_type is SignalType.SHA256)
    entry = EntryRow(list_id, one.signal_type.value, one.value)
    assert lower(desk.database, entry, Flood(21, 40, 3))
    return trips(desk.database)[0].number


def test_what_was_lowered_is_shown_and_confirmed_with_a_reason(desk: Desk) -> None:
    number = lowered(desk)
    assert "The flood breaker lowered 1 entry" in text_of(desk.viewer.get("/review/lists").text)
    page = text_of(desk.manager.get(LIST).text)
    assert "it had matched 21 of 40 uploads, from 3 sources." in page
    assert page.index("acts again as its list says") < page.index("Confirm: keep it lowered")
    assert desk.manager.post(f"/review/breaker/{number}", word="confirm", because="").status_code == 400
    answer = desk.manager.post(
        f"/review/breaker/{number}", word="confirm", because="a header", list="test-list"
    )
    assert answer.location == f"{LIST}#breaker"
    page = text_of(desk.manager.get(LIST).text)
    assert "list-manager said that it is doubtful: a header" in page
    assert "Confirm: keep it lowered" not in page


def test_lifted_the_entry_acts_again(desk: Desk) -> None:
    number = lowered(desk)
    (outcome,) = quiet_station(desk.settings).guard.check([upload_of(picture_bytes(1))])
    assert outcome.verdict.matches[0].exact
    desk.manager.post(f"/review/breaker/{number}", word="lift", because="a raid", list="test-list")
    assert "1 entry was lowered and put right" in desk.manager.get(LIST).text
    (outcome,) = quiet_station(desk.settings).guard.check([upload_of(picture_bytes(1))])
    assert outcome.verdict.action is Action.BLOCK
    assert desk.acts()[-1] == ("list-manager", "breaker.lifted")


def test_a_word_that_is_none_decides_nothing(desk: Desk) -> None:
    number = lowered(desk)
    assert desk.manager.post(f"/review/breaker/{number}", word="delete", because="x").status_code == 400
    assert desk.manager.post(f"/review/breaker/{2**63}", word="lift", because="x").status_code == 400
    assert trips(desk.database)[0].state == "tripped"


def test_disputes_are_shown_with_what_they_do(desk: Desk) -> None:
    with desk.database.session() as session:
        list_id = session.scalars(select(HashList.id)).one()
        for value, agreed in ((b"\x01" * 16, NOW), (b"\x02" * 16, None)):
            session.add(
                EntryDispute(
                    list_id=list_id,
                    signal_type="md5",
                    value=value,
                    case_number="CASE-1",
                    proposed_at=NOW - timedelta(days=1),
                    proposed_by="ann",
                    because="our logo",
                    agreed_at=agreed,
                    agreed_by="ben" if agreed else None,
                )
            )
    page = text_of(desk.viewer.get(LIST).text)
    assert "md5 01010101… only monitors ann" in page
    assert "md5 02020202… acts until a second person agrees ann" in page
    assert "A second person has to agree to a dispute." in text_of(desk.viewer.get("/review/lists").text)


# Who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_who_only_looks_changes_nothing(desk: Desk, role: Role) -> None:
    browser = person(desk.app, desk.settings, role, "somebody")
    number = lowered(desk)
    assert refused(browser.post(f"{LIST}/2/ask", act="activate"))
    assert refused(browser.post(f"{LIST}/2/ask", act="forecast"))
    assert refused(browser.post(f"{LIST}/2/approve", because="x"))
    assert refused(browser.post(f"/review/breaker/{number}", word="lift", because="x"))
    do_all(desk.settings)
    assert desk.active() == 1
    assert trips(desk.database)[0].state == "tripped"
    # One for each page: what is asked there twice within an hour is noted once.
    assert desk.acts().count(("somebody", "review.refused")) == 3
    assert {act for who, act in desk.acts() if who == "somebody"} == {"person.logged_in", "review.refused"}


def test_who_only_looks_sees_no_button(desk: Desk) -> None:
    lowered(desk)
    for path in (LIST, f"{LIST}/1", f"{LIST}/2"):
        page = desk.viewer.get(path).text
        main = page[page.index("<main") : page.index("</main>")]
        assert "<button" not in main


def test_the_administrator_may_all_of_it(desk: Desk) -> None:
    administrator = person(desk.app, desk.settings, Role.ADMINISTRATOR)
    assert administrator.post(f"{LIST}/2/ask", act="activate").status_code == 302
