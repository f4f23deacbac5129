"""The signal log: what it keeps of uploads, what nobody can read in it, and how long."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import (
    OTHER_SEED,
    activate_list,
    activate_listed_picture,
    digests_of,
    in_a_fork,
    listed_hashes,
    pdq_of,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.compose import Station, build_station, open_signal_log
from upload_guard.errors import SealBroken, StorageFailed
from upload_guard.keyring import Keyring
from upload_guard.lists.log.logged import TOO_MANY, Logged
from upload_guard.lists.log.signal_log import LogReader, SignalLog, purge
from upload_guard.records import (
    EXACT_TYPES,
    NOT_DECODED,
    NOT_READ,
    Action,
    Findings,
    Outcome,
    Result,
    Signal,
    SignalType,
    Source,
    Verdict,
)
from upload_guard.settings import Settings
from upload_guard.storage.database import open_database

KEYRING = Keyring(b"k" * 32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLEAN = Outcome(Verdict(Result.CLEAN, Action.ALLOW))
PDQ = Signal(SignalType.PDQ, bytes(range(32)), "frame 0", 87, "turned 90")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, signal_log={"days": 30})


def log_of(station: Station) -> SignalLog:
    (log,) = (one for one in station.guard.observers if isinstance(one, SignalLog))
    return log


def logged(settings: Settings) -> list[Logged]:
    return list(open_signal_log(settings, EPOCH).uploads())


def checked(settings: Settings, *data: bytes, site: str = "shop") -> Station:
    """A station that has checked these uploads, and written what it noted."""
    station = build_station(settings)
    station.guard.check([upload_of(one, Source(site, "/upload")) for one in data])
    log_of(station).flush()
    return station


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


# What it keeps ------------------------------------------------------------------------------------


def test_every_upload_is_noted_with_its_site_and_what_became_of_it(settings: Settings) -> None:
    listed = activate_listed_picture(settings)
    checked(settings, listed, picture_bytes(OTHER_SEED))
    assert [(one.site, one.result, one.action) for one in logged(settings)] == [
        ("shop", Result.MATCH, Action.BLOCK),
        ("shop", Result.CLEAN, Action.ALLOW),
    ]


def test_all_exact_digests_are_noted_though_no_list_holds_such(settings: Settings) -> None:
    activate_list(settings, listed_hashes(picture_bytes(1))[-1:])
    checked(settings, picture_bytes(OTHER_SEED))
    (one,) = logged(settings)
    assert {signal.type for signal in one.signals if not signal.view} == EXACT_TYPES


def test_looks_come_back_as_they_were(settings: Settings) -> None:
    activate_listed_picture(settings)
    data = picture_bytes(OTHER_SEED)
    checked(settings, data)
    (one,) = logged(settings)
    (upright,) = (signal for signal in one.signals if signal.type is SignalType.PDQ and not signal.variant)
    assert (upright.value, upright.view) == (pdq_of(data), "frame 0")
    assert upright.quality is not None


def test_a_dry_run_is_not_noted(settings: Settings) -> None:
    activate_listed_picture(settings)
    station = build_station(settings)
    station.guard.inspect(upload_of(picture_bytes(OTHER_SEED)))
    log_of(station).flush()
    assert logged(settings) == []


def test_what_is_monitored_is_noted_so(tmp_path: Path) -> None:
    own = {"test-list": {"actions": {"baseline": "monitor"}}}
    settings = settings_in(tmp_path, signal_log={"days": 30}, lists=own)
    checked(settings, activate_listed_picture(settings))
    assert [(one.result, one.action) for one in logged(settings)] == [(Result.MATCH, Action.MONITOR)]


def test_of_an_upload_that_was_not_decoded_the_log_says_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, signal_log={"days": 30}, benign={"shipped": False})
    checked(settings, activate_listed_picture(settings), picture_bytes(OTHER_SEED))
    assert [one.lacking for one in logged(settings)] == [NOT_DECODED, ""]


def test_of_an_upload_that_could_not_be_read_whole_the_log_says_why(settings: Settings) -> None:
    activate_listed_picture(settings)
    checked(settings, picture_bytes(OTHER_SEED)[:4000])
    assert [one.lacking for one in logged(settings)] == ["truncated"]


def test_before_the_first_list_acts_uploads_are_noted_with_all_their_signals(settings: Settings) -> None:
    data = picture_bytes(OTHER_SEED)
    checked(settings, data, data[:4000])
    whole, torn = logged(settings)
    assert (whole.result, whole.action, whole.lacking) == (Result.UNCHECKED, Action.ALLOW, "")
    assert pdq_of(data) in {signal.value for signal in whole.signals}
    assert (torn.result, torn.action, torn.lacking) == (Result.UNCHECKED, Action.ALLOW, NOT_READ)


def test_without_a_list_and_a_log_nothing_is_opened(tmp_path: Path) -> None:
    station = build_station(settings_in(tmp_path))
    assert station.checker.check(upload_of(picture_bytes(1)), float("inf")).signals == ()


# What nobody can read -----------------------------------------------------------------------------


def on_disk(settings: Settings) -> bytes:
    """All bytes of the database, its journal among them."""
    files = settings.data_dir.glob("upload_guard.sqlite3*")
    return b"".join(file.read_bytes() for file in files)


def test_neither_digests_nor_looks_nor_names_lie_open_on_the_disk(settings: Settings) -> None:
    activate_listed_picture(settings)
    picture = picture_bytes(OTHER_SEED)
    archive = zipped(**{"secret-holiday.jpg": picture})
    checked(settings, picture, archive)
    hidden = [b"secret-holiday", pdq_of(picture)]
    for data in (picture, archive):
        digests = digests_of(data)
        hidden += [digests.md5, digests.sha1, digests.sha256]
    disk = on_disk(settings)
    assert len(logged(settings)) == 2
    for one in hidden:
        assert one not in disk
        assert one.hex().encode() not in disk


def test_digests_stay_hidden_from_who_has_the_key(settings: Settings) -> None:
    activate_listed_picture(settings)
    picture = picture_bytes(OTHER_SEED)
    checked(settings, zipped(inner=picture))
    values = {signal.value for one in logged(settings) for signal in one.signals}
    digests = digests_of(picture)
    assert values.isdisjoint({digests.md5, digests.sha1, digests.sha256})


def test_with_another_key_the_error_says_that_it_is_the_key(settings: Settings) -> None:
    activate_listed_picture(settings)
    checked(settings, picture_bytes(OTHER_SEED))
    other = settings.model_copy(
        update={"keys": settings.keys.model_validate({"master": "ab" * 32})},
    )
    with pytest.raises(SealBroken, match="sealed under another master key"):
        logged(other)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE signal_log SET action = 'allow'",
        "UPDATE signal_log SET result = 'clean'",
        "UPDATE signal_log SET site = 'other'",
        "UPDATE signal_log SET at = '2026-01-01 00:00:00.000000'",
        "UPDATE signal_log SET sealed = CAST(substr(sealed, 1, 60) || x'0000' AS BLOB)",
    ],
)
def test_a_changed_row_is_noticed(settings: Settings, change: str) -> None:
    checked(settings, activate_listed_picture(settings))
    with sqlite3.connect(settings.data_dir / "upload_guard.sqlite3") as connection:
        connection.execute(change)
    with pytest.raises(SealBroken, match="altered"):
        logged(settings)


# Off, and how long --------------------------------------------------------------------------------


def test_it_is_off_unless_somebody_switches_it_on(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    station = build_station(settings)
    station.guard.check([upload_of(activate_listed_picture(settings))])
    assert not any(isinstance(one, SignalLog) for one in station.guard.observers)
    assert logged(settings) == []


def test_switched_off_it_forgets_what_it_had(settings: Settings) -> None:
    activate_listed_picture(settings)
    checked(settings, picture_bytes(OTHER_SEED))
    assert len(logged(settings)) == 1
    build_station(settings_in(settings.data_dir.parent)).housekeeper.look()
    assert logged(settings) == []


def noted(database_url: str, count: int, **parts: object) -> SignalLog:
    """A log with `count` uploads that each had one PDQ."""
    log = SignalLog(open_database(database_url), KEYRING)
    for _ in range(count):
        log.note(upload_of(b"x"), CLEAN, replace(Findings((PDQ,)), **parts))  # type: ignore[arg-type]
    log.flush()
    return log


def reader(database_url: str, since: datetime = EPOCH) -> LogReader:
    return LogReader(open_database(database_url), KEYRING, since)


def test_rows_go_when_they_are_older_than_the_days(settings: Settings) -> None:
    noted(settings.database_url, 1203)
    database, now = open_database(settings.database_url), datetime.now(UTC)
    assert purge(database, 30, now + timedelta(days=29)) == 0
    assert purge(database, 30, now + timedelta(days=31)) == 1203
    assert reader(settings.database_url).count == 0


def test_a_station_writes_and_removes_what_is_old_by_itself(settings: Settings) -> None:
    station = build_station(settings)
    noted(settings.database_url, 3)
    with sqlite3.connect(settings.data_dir / "upload_guard.sqlite3") as connection:
        connection.execute("UPDATE signal_log SET at = '2020-01-01 00:00:00.000000'")
    log_of(station).note(upload_of(b"x"), CLEAN, Findings((PDQ,)))
    station.housekeeper.look()
    assert [one.signals for one in logged(settings)] == [(PDQ,)]


def test_only_the_days_that_are_asked_for_are_read(settings: Settings) -> None:
    noted(settings.database_url, 2)
    assert reader(settings.database_url, datetime.now(UTC) + timedelta(seconds=1)).count == 0
    late = reader(settings.database_url, datetime.now(UTC) - timedelta(days=1))
    assert (late.count, len(list(late.uploads()))) == (2, 2)


def test_more_than_a_portion_is_read_once_each_and_as_often_as_wanted(settings: Settings) -> None:
    noted(settings.database_url, 1203)
    found = reader(settings.database_url)
    noted(settings.database_url, 5)
    assert found.count == 1203
    for _ in range(2):
        uploads = list(found.uploads())
        assert len(uploads) == 1203
        assert {one.signals for one in uploads} == {(PDQ,)}


# An upload must not wait for it, nor fail by it ---------------------------------------------------


def test_what_cannot_be_written_waits_and_no_upload_fails(settings: Settings) -> None:
    station = build_station(settings)
    with sqlite3.connect(settings.data_dir / "upload_guard.sqlite3") as connection:
        connection.execute("ALTER TABLE signal_log RENAME TO away")
    (outcome,) = station.guard.check([upload_of(picture_bytes(OTHER_SEED))])
    assert outcome.verdict.action is Action.ALLOW
    with pytest.raises(StorageFailed):
        log_of(station).flush()
    with sqlite3.connect(settings.data_dir / "upload_guard.sqlite3") as connection:
        connection.execute("ALTER TABLE away RENAME TO signal_log")
    log_of(station).flush()
    log_of(station).flush()
    assert len(logged(settings)) == 1


def test_what_waits_to_be_written_is_bounded(settings: Settings) -> None:
    log = SignalLog(open_database(settings.database_url), KEYRING)
    random = tuple(Signal(SignalType.PDQ, os.urandom(32), "frame 0") for _ in range(50_000))
    taken = 0
    with contextlib.suppress(StorageFailed):
        for _ in range(40):
            log.note(upload_of(b"x"), CLEAN, Findings(random))
            taken += 1
    assert 5 < taken < 40
    with pytest.raises(StorageFailed, match="not written as fast"):
        log.note(upload_of(b"x"), CLEAN, Findings(random))
    log.flush()
    assert reader(settings.database_url).count == taken
    log.note(upload_of(b"x"), CLEAN, Findings(random))
    log.flush()


def test_of_an_upload_with_very_many_signals_only_that_is_kept(settings: Settings) -> None:
    random = tuple(Signal(SignalType.PDQ, os.urandom(32), "frame 0") for _ in range(150_000))
    noted(settings.database_url, 1, signals=random)
    (one,) = reader(settings.database_url).uploads()
    assert (one.signals, one.lacking) == ((), TOO_MANY)


def test_a_forked_process_does_not_write_what_its_parent_has_to(settings: Settings) -> None:
    station = quiet_station(settings)
    station.guard.check([upload_of(picture_bytes(OTHER_SEED))])
    log = log_of(station)
    assert in_a_fork(log.flush) == 0
    assert logged(settings) == []
    log.flush()
    assert len(logged(settings)) == 1
