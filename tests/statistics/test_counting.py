"""Uploads are counted by day, site and result, by a real guard, in whichever process."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import (
    activate_listed_picture,
    in_a_fork,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.canary import canary_png
from upload_guard.compose import Station, open_database_of
from upload_guard.errors import StorageFailed
from upload_guard.records import Action, Findings, Outcome, Result, Source, Verdict
from upload_guard.settings import Settings
from upload_guard.statistics.counting import UploadCounter
from upload_guard.statistics.period import Period
from upload_guard.statistics.uploads import (
    Unread,
    Uploads,
    uploads_by_day,
    uploads_by_site,
    why_unread,
)
from upload_guard.storage.database import Database

CLEAN = Outcome(Verdict(Result.CLEAN, Action.ALLOW))
UPLOAD = upload_of(b"text", Source("blog", "/up"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, benign={"shipped": False})


@pytest.fixture
def station(settings: Settings) -> Station:
    return quiet_station(settings)


def job(station: Station, name: str) -> None:
    """What the housekeeping does by itself."""
    (one,) = (one for one in station.housekeeper.jobs if one.name == name)
    one.run()


def send(station: Station, data: bytes, site: str = "blog") -> Outcome:
    (outcome,) = station.guard.check([upload_of(data, Source(site, "/up"))])
    return outcome


def this_day(site: str = "") -> Period:
    """Of now, not of when this was imported: a run of all tests may go on past midnight."""
    day = Period.of_days(1, datetime.now(UTC))
    return Period(day.first, day.last, site)


def today(database: Database, site: str = "") -> Uploads[Any]:
    (day,) = uploads_by_day(database, this_day(site))
    return day


def counter_of(settings: Settings) -> UploadCounter:
    return UploadCounter(open_database_of(settings))


def test_an_embedded_guard_counts_each_result_and_action(settings: Settings, station: Station) -> None:
    listed = activate_listed_picture(settings)
    for data in (b"a text", b"another", picture_bytes(2), listed, picture_bytes(3)[:2000]):
        send(station, data)
    job(station, "statistics")
    counted = today(open_database_of(settings))
    assert counted.checked == 5
    assert counted.results == {Result.CLEAN: 3, Result.MATCH: 1, Result.UNSCANNABLE: 1}
    assert counted.actions == {Action.ALLOW: 3, Action.BLOCK: 1, Action.QUARANTINE: 1}


def test_what_could_not_be_read_and_not_be_checked_are_told_apart_by_why(
    settings: Settings, station: Station
) -> None:
    send(station, b"no list is active yet")
    job(station, "statistics")
    activate_listed_picture(settings)
    unread = quiet_station(settings)
    send(unread, picture_bytes(3)[:2000])
    job(unread, "statistics")
    assert why_unread(open_database_of(settings), this_day()) == (
        Unread(Result.UNSCANNABLE, "truncated", 1),
        Unread(Result.UNCHECKED, "no_list", 1),
    )


def test_reasons_of_matches_are_not_among_them(settings: Settings, station: Station) -> None:
    send(station, activate_listed_picture(settings))
    job(station, "statistics")
    assert why_unread(open_database_of(settings), this_day()) == ()


def test_the_canary_counts_for_nothing(settings: Settings, station: Station) -> None:
    send(station, canary_png())
    job(station, "statistics")
    assert today(open_database_of(settings)).checked == 0


def test_each_site_has_its_own_counts(settings: Settings, station: Station) -> None:
    for site in ("blog", "shop", "shop"):
        send(station, b"a text", site)
    job(station, "statistics")
    database = open_database_of(settings)
    assert [(one.of, one.checked) for one in uploads_by_site(database, this_day())] == [
        ("blog", 1),
        ("shop", 2),
    ]
    assert today(database, "shop").checked == 2


def test_several_processes_add_to_one_count(settings: Settings) -> None:
    one, other = counter_of(settings), counter_of(settings)
    for counter in (one, other, one):
        counter.note(UPLOAD, CLEAN, Findings())
    one.flush()
    other.flush()
    assert today(open_database_of(settings)).checked == 3


def test_nothing_is_written_twice(settings: Settings) -> None:
    counter = counter_of(settings)
    counter.note(UPLOAD, CLEAN, Findings())
    counter.flush()
    counter.flush()
    assert today(open_database_of(settings)).checked == 1


def test_what_could_not_be_written_waits(settings: Settings) -> None:
    counter, database = counter_of(settings), open_database_of(settings)
    counter.note(UPLOAD, CLEAN, Findings())
    rename(database, "upload_statistics", "gone")
    with pytest.raises(StorageFailed):
        counter.flush()
    counter.note(UPLOAD, CLEAN, Findings())
    rename(database, "gone", "upload_statistics")
    counter.flush()
    assert today(database).checked == 2


def rename(database: Database, old: str, new: str) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def test_uploads_from_many_threads_are_all_counted(settings: Settings) -> None:
    counter = counter_of(settings)

    def send_some() -> None:
        for _ in range(200):
            counter.note(UPLOAD, CLEAN, Findings())

    threads = [threading.Thread(target=send_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        counter.flush()
    for thread in threads:
        thread.join()
    counter.flush()
    assert today(open_database_of(settings)).checked == 800


def test_a_forked_process_does_not_write_what_its_parent_has_to(settings: Settings) -> None:
    counter = counter_of(settings)
    counter.note(UPLOAD, CLEAN, Findings())

    def in_child() -> None:
        counter.note(UPLOAD, CLEAN, Findings())
        counter.flush()

    assert in_a_fork(in_child) == 0
    counter.flush()
    assert today(open_database_of(settings)).checked == 2


def test_a_killed_process_loses_its_last_batch_and_no_more(settings: Settings) -> None:
    counter = counter_of(settings)

    def in_child() -> None:
        counter.note(UPLOAD, CLEAN, Findings())
        counter.flush()
        counter.note(UPLOAD, CLEAN, Findings())
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_fork(in_child) == -signal.SIGKILL
    assert today(open_database_of(settings)).checked == 1


def test_days_without_an_upload_are_there_too(settings: Settings) -> None:
    week = Period.of_days(7, datetime.now(UTC))
    counter = counter_of(settings)
    counter.note(UPLOAD, CLEAN, Findings())
    counter.flush()
    days = uploads_by_day(open_database_of(settings), week)
    assert [one.of for one in days] == [week.first + timedelta(days=n) for n in range(7)]
    assert [one.checked for one in days] == [0] * 6 + [1]
