"""The pages of notices that came in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.notices.tellers import notice_of
from tests.sidecar.review.browsing import Browser
from tests.sidecar.review.conftest import House
from tests.support import activate_listed_picture, picture_bytes, settings_in
from upload_guard.compose import notices_in, open_acting, open_database_of, open_desk
from upload_guard.holdings.acting import Found
from upload_guard.notices.showing import NoticeFile
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.people.roles import Role
from upload_guard.policy import passed_unchecked
from upload_guard.records import Findings
from upload_guard.sidecar.app import assemble
from upload_guard.storage.notice_tables import NoticeAddress

ELSEWHERE = "https://elsewhere.example/a.jpg"


@dataclass(frozen=True)
class Office:
    house: House
    media: Path

    def take(self, *urls: str, **said: str) -> str:
        return open_desk(self.house.settings).take(notice_of(*urls, **said))  # type: ignore[arg-type]

    def file(self, number: str) -> NoticeFile:
        return notices_in(self.house.settings, open_database_of(self.house.settings)).find(number)

    @property
    def reviewer(self) -> Browser:
        return self.house.person(Role.REVIEWER)

    def address(self, number: str, act: str) -> str:
        return f"/review/notices/{number}/addresses/{self.file(number).addresses[0].id}/{act}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("notices")
    media = folder / "media"
    media.mkdir()
    sites = {"blog": {"paths": {"https://blog.example.org/media/": str(media)}}}
    settings = settings_in(folder, review={"totp": "optional"}, incoming={"sites": sites})
    listed = activate_listed_picture(settings)
    return Office(House(settings, assemble(settings).app, listed), media)


def test_a_notice_stands_in_the_list_and_on_a_page_of_its_own(office: Office) -> None:
    number = office.take(ELSEWHERE, reasons="<b>bad</b>")
    assert (
        number
        in office.reviewer.get("/review/notices?state=open").text
        + office.reviewer.get("/review/notices?state=person").text
    )
    page = office.reviewer.get(f"/review/notices/{number}").text
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert ELSEWHERE in page
    assert f'href="{ELSEWHERE}' not in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIST_MANAGER])
def test_who_does_not_decide_reads_nobodys_letters(office: Office, role: Role) -> None:
    number = office.take(ELSEWHERE + "?1")
    browser = office.house.person(role)
    assert browser.get("/review/notices").status_code == 403
    assert browser.get(f"/review/notices/{number}").status_code == 403
    assert browser.post(office.address(number, "say"), state="gone").status_code == 403


def test_a_person_says_that_it_is_none_of_ours(office: Office) -> None:
    number = office.take(ELSEWHERE + "?2")
    said = office.reviewer.post(office.address(number, "say"), state="not_ours")
    assert said.status_code == 302
    assert office.file(number).notice.state is NoticeState.CLOSED
    assert "none of ours" in office.reviewer.get(f"/review/notices/{number}").text


def test_of_thousands_a_person_says_the_same_at_once(office: Office) -> None:
    number = office.take(*(f"{ELSEWHERE}?many={one}" for one in range(300)))
    with open_database_of(office.house.settings).session() as session:
        waiting = update(NoticeAddress).where(NoticeAddress.url.like("%many=%"))
        session.execute(waiting.values(state=AddressState.UNMAPPED.value))
    page = office.reviewer.get(f"/review/notices/{number}").text
    assert page.count("many=") == 100
    assert "Of all 300" in page
    office.reviewer.post(f"/review/notices/{number}/say", state="not_ours")
    assert office.file(number).notice.state is NoticeState.CLOSED


def test_a_person_maps_an_address(office: Office) -> None:
    (office.media / "b.jpg").write_bytes(picture_bytes(31))
    number = office.take(ELSEWHERE + "?3")
    answer = office.reviewer.post(office.address(number, "map"), locator=f"file://{office.media}/b.jpg")
    assert answer.status_code == 302
    assert office.file(number).addresses[0].state in {AddressState.WAITING, AddressState.CASE}


def test_what_cannot_be_done_is_told(office: Office) -> None:
    number = office.take(ELSEWHERE + "?4")
    for act in ("map", "fetch", "say"):
        answer = office.reviewer.post(office.address(number, act), locator="file:///etc/passwd", state="kept")
        assert answer.status_code == 400, act
        assert 'role="alert"' in answer.text


def test_what_a_machine_did_not_understand_is_read_by_a_person(office: Office) -> None:
    number = office.take(reasons="look at the second picture of the third page")
    office.reviewer.post(f"/review/notices/{number}/addresses", urls=f"{ELSEWHERE}?5\n{ELSEWHERE}?6")
    assert len(office.file(number).addresses) == 2
    office.reviewer.post(f"/review/notices/{number}/read")
    assert not office.file(number).notice.to_read


def test_a_notice_that_is_none_is_not_found(office: Office) -> None:
    assert office.reviewer.get("/review/notices/N-2222-2222-2222").status_code == 404
    assert office.reviewer.post("/review/notices/N-2222-2222-2222/read").status_code == 404


def test_there_are_older_ones_on_other_pages(office: Office) -> None:
    for number in range(101):
        office.take(f"{ELSEWHERE}?older={number}", reasons=str(number))
    first = office.reviewer.get("/review/notices").text
    onwards = re.search(r'href="(/review/notices\?before=[^"]+)"', first)
    assert onwards
    assert office.reviewer.get(onwards[1]).status_code == 200


def test_a_hash_that_is_named_is_held_against_the_file_and_the_cases_that_there_are(office: Office) -> None:
    file = office.media / "hashed.jpg"
    file.write_bytes(picture_bytes(33))
    sha256 = hashlib.sha256(picture_bytes(33)).digest()
    found = Found(f"file://{file}", "blog", sha256, passed_unchecked("not_ready"), Findings())
    case = open_acting(office.house.settings).open_case(found)
    number = open_desk(office.house.settings).take(notice_of(f"{ELSEWHERE}?33", hashes=(sha256.hex(),)))

    def page() -> str:
        return office.reviewer.get(f"/review/notices/{number}").text

    before = page()
    assert f'/review/cases/{case}"' in before
    assert "The file has a hash" not in before
    with open_database_of(office.house.settings).session() as session:
        mine = update(NoticeAddress).where(NoticeAddress.url.like("%?33"))
        session.execute(mine.values(state=AddressState.CASE.value, case_number=case))
    assert "The file has a hash that the notice names." in page()
    assert sha256.hex() not in before + page()
