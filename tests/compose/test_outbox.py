"""The outbox of a whole installation: from what happens to what arrives, and who hears that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.misbehaving import scripted
from tests.outbox.receiver import Inbox, fail_with
from tests.quarantine.deciding.test_decisions import House, house_in
from tests.support import activate_listed_picture
from upload_guard.compose.outbox import Desk, notice_targets, outbox_jobs
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys
from upload_guard.moments import utc_now
from upload_guard.outbox.messages import MessageState
from upload_guard.outbox.standing import outbox_standing
from upload_guard.storage.outbox_tables import OutboxMessage

TARGET = "json://guard:sesame@127.0.0.1:9"


@dataclass(frozen=True)
class Running:
    """A house whose jobs run when the test says so."""

    house: House

    def run(self, *names: str) -> None:
        by_name = {job.name: job for job in outbox_jobs(self.house.settings, self.house.decisions.database)}
        for name in names:
            by_name[name].run()

    def messages(self) -> list[OutboxMessage]:
        with self.house.decisions.database.session() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.number)))


def test_the_site_of_a_released_case_is_told_with_its_own_key(tmp_path: Path) -> None:
    with scripted(lambda connection: inbox.take(connection)) as site:
        house = house_in(tmp_path, webhooks={"blog": {"url": f"{site.url}/event"}})
        inbox = Inbox(open_keys(house.settings).new("blog", SITE_SCOPES, "ann"))
        data = activate_listed_picture(house.settings)
        number = house.upload(data).case
        house.upload(data, "shop")
        running = Running(house)
        house.decisions.release(number, "ann", "a holiday")
        running.run("outbox", "outbox-webhooks")
    (event,) = inbox.events.values()
    assert (event["case"], event["site"], event["state"]) == (number, "blog", "released")


def test_the_jobs_are_part_of_every_station_and_only_ways_that_lead_somewhere_have_one(
    tmp_path: Path,
) -> None:
    names = {job.name for job in house_in(tmp_path / "bare").station.housekeeper.jobs}
    assert {name for name in names if name.startswith("outbox")} == {"outbox", "outbox-tidying"}
    settings = {"webhooks": {"blog": {"url": "https://a.example/"}}, "notices": {"targets": [TARGET]}}
    names = {job.name for job in house_in(tmp_path / "full", **settings).station.housekeeper.jobs}
    assert {"outbox-webhooks", "outbox-notices", "outbox-watch"} <= names


def test_administrators_hear_of_what_they_asked_for_only(tmp_path: Path) -> None:
    for folder, events, count in (("some", ["breaker"], 0), ("all", ["new_case", "breaker"], 1)):
        house = house_in(tmp_path / folder, notices={"targets": [TARGET], "events": events})
        house.upload(activate_listed_picture(house.settings))
        running = Running(house)
        running.run("outbox")
        assert len(running.messages()) == count


def test_a_notice_for_each_target_and_no_address_in_any_row(tmp_path: Path) -> None:
    targets = [TARGET, "mailto://guard:sesame@127.0.0.1:9?to=ops@example.org"]
    house = house_in(tmp_path, notices={"targets": targets, "language": "nl"})
    house.upload(activate_listed_picture(house.settings))
    running = Running(house)
    running.run("outbox")
    rows = running.messages()
    assert {row.recipient for row in rows} == set(notice_targets(house.settings))
    assert {row.body["title"] for row in rows} == {"upload_guard: Er is een nieuwe zaak"}
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"sesame" in file.read_bytes()]


@pytest.mark.live
def test_what_is_given_up_is_told_to_administrators_and_by_health(tmp_path: Path) -> None:
    with scripted(fail_with("410 Gone")) as site:
        settings = {"webhooks": {"blog": {"url": site.url}}, "notices": {"targets": [TARGET]}}
        house = house_in(tmp_path, **settings)
        open_keys(house.settings).new("blog", SITE_SCOPES, "ann")
        number = house.upload(activate_listed_picture(house.settings)).case
        running = Running(house)
        house.decisions.release(number, "ann", "a holiday")
        running.run("outbox", "outbox-webhooks", "outbox")
    titles = [row.body.get("title") for row in running.messages()]
    assert "upload_guard: A message was given up" in titles
    standing = outbox_standing(house.decisions.database)
    assert standing.given_up == 1
    assert any(warning.startswith("outbox_given_up: 1 messages") for warning in standing.warnings)


def test_one_that_cannot_be_reached_is_a_warning_until_it_is(tmp_path: Path) -> None:
    with scripted(fail_with("500 Oops"), lambda connection: inbox.take(connection)) as site:
        house = house_in(tmp_path, webhooks={"blog": {"url": site.url}})
        inbox = Inbox(open_keys(house.settings).new("blog", SITE_SCOPES, "ann"))
        number = house.upload(activate_listed_picture(house.settings)).case
        running = Running(house)
        house.decisions.release(number, "ann", "a holiday")
        running.run("outbox", "outbox-webhooks")
        (warning,) = outbox_standing(house.decisions.database).warnings
        assert warning.startswith("outbox_failing: no webhook has reached blog since ")
        assert "answered with status 500" in warning
        Desk(house.settings, house.decisions.database).outbox.try_again()
        running.run("outbox-webhooks")
    assert outbox_standing(house.decisions.database).warnings == ()


def test_what_waits_for_a_site_that_is_configured_no_more_is_dropped(tmp_path: Path) -> None:
    house = house_in(tmp_path, webhooks={"blog": {"url": "http://127.0.0.1:9/"}})
    number = house.upload(activate_listed_picture(house.settings)).case
    house.decisions.release(number, "ann", "a holiday")
    Running(house).run("outbox")
    without = House(house.settings.model_copy(update={"webhooks": {}}), house.station, house.decisions)
    running = Running(without)
    running.run("outbox-tidying")
    assert [row.state for row in running.messages()] == [MessageState.DROPPED]


def test_it_is_given_up_after_as_long_as_settings_say(tmp_path: Path) -> None:
    house = house_in(tmp_path, outbox={"give_up_hours": 5})
    assert Desk(house.settings, house.decisions.database).outbox.patience == timedelta(hours=5)
    assert utc_now().tzinfo is not None
