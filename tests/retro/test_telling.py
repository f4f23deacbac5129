"""The site hears of an upload that had passed: by its own function, and by its webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.retro.conftest import House
from tests.support import listed_hashes, picture_bytes
from upload_guard.keyring import open_keyring
from upload_guard.late.entries import LateMatch
from upload_guard.outbox.found_late import FoundLateRoute
from upload_guard.outbox.routing import Router
from upload_guard.retro.log import PassedReader
from upload_guard.retro.telling import Telling
from upload_guard.storage.outbox_tables import OutboxMessage

PICTURE = picture_bytes(1)


@dataclass
class Site:
    """Its function, which may not listen yet; the time."""

    house: House
    heard: list[LateMatch]
    deaf: int = 0
    at: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def on_late_match(self, match: LateMatch) -> None:
        if self.deaf:
            self.deaf -= 1
            raise RuntimeError("not now")
        self.heard.append(match)

    def tell(self) -> None:
        reader = PassedReader(self.house.database, open_keyring(self.house.settings))
        places = self.house.desk.places()
        Telling(self.house.database, reader, places, self.on_late_match, lambda: self.at).run()


@pytest.fixture
def upload(house: House) -> str:
    """One that had passed, went somewhere, and is listed now."""
    upload = house.upload(PICTURE)
    house.desk.places().tell("shop", upload, "post 7")
    house.activate(listed_hashes(PICTURE))
    house.match()
    return upload


def test_the_site_is_told_once_which_upload_it_was_and_where_it_went(house: House, upload: str) -> None:
    site = Site(house, [])
    for _ in range(2):
        site.tell()
    (match,) = site.heard
    (case,) = house.cases()
    assert (match.case, match.upload_id, match.places) == (case.number, upload, ("post 7",))
    assert (match.site, match.route, match.file_name) == ("shop", "retro:/upload", "file.bin")
    assert (match.result, match.sha256) == ("match", "")


def test_a_site_that_does_not_listen_is_told_again_after_a_pause(house: House, upload: str) -> None:
    site = Site(house, [], deaf=2)
    for _ in range(3):
        site.tell()
    assert site.deaf == 1
    for _ in range(3):
        site.at += timedelta(minutes=1)
        site.tell()
    assert [match.upload_id for match in site.heard] == [upload]


def test_a_webhook_names_the_upload_and_its_case_and_nothing_of_lists(house: House, upload: str) -> None:
    Router(house.database, (FoundLateRoute(frozenset({"shop"})),)).run()
    with house.database.session() as session:
        (message,) = session.scalars(select(OutboxMessage)).all()
    (case,) = house.cases()
    assert message.body == {
        "event": "upload.found",
        "site": "shop",
        "case": case.number,
        "upload": upload,
        "result": "match",
    }


def test_two_uploads_of_one_case_are_both_told_of(house: House) -> None:
    place = house.stored(PICTURE)
    uploads = [house.upload(PICTURE), house.upload(PICTURE)]
    for one in uploads:
        house.desk.places().tell("shop", one, place)
    house.activate(listed_hashes(PICTURE))
    house.match()
    assert len(house.cases()) == 1
    Router(house.database, (FoundLateRoute(frozenset({"shop"})),)).run()
    with house.database.session() as session:
        told = [message.body["upload"] for message in session.scalars(select(OutboxMessage))]
    assert sorted(told) == sorted(uploads)
