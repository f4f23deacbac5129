"""What had passed and was out of reach is looked for again, for so long, and its bytes are kept then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.retro.conftest import House
from tests.support import listed_hashes, picture_bytes, read
from upload_guard.compose import open_cases
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.records import Findings, SignalType
from upload_guard.retro.seeking import FIRST_PAUSE, SOUGHT_FOR, Seeking
from upload_guard.storage.retro_tables import PassedUpload
from upload_guard.storage.vault_tables import VaultObject

PICTURE, INNOCENT = picture_bytes(1), picture_bytes(2)
MD5 = [one for one in listed_hashes(PICTURE) if one.signal_type is SignalType.MD5]


def out_of_reach(house: House) -> Path:
    """A case without bytes: the disk with the file was away when a list came to know it; where it is now."""
    house.desk.places().tell("shop", house.upload(PICTURE), house.stored(PICTURE))
    disk = house.media.with_name("disk")
    house.media.rename(disk)
    house.activate(MD5)
    house.match()
    (case,) = house.cases()
    assert not kept(house, case.number)
    return disk


def kept(house: House, number: str) -> bool:
    return open_cases(house.settings).one(number).kept.there


def seek(house: House, after: timedelta = FIRST_PAUSE * 2) -> None:
    passes = house.passes
    now = datetime.now(UTC) + after
    Seeking(house.database, passes.reader, passes.opening, lambda: now).run()


def waits(house: House) -> bool:
    return house.matches()[0].seek_at is not None


def test_its_bytes_and_place_come_into_a_case_once_the_disk_is_back(house: House) -> None:
    out_of_reach(house).rename(house.media)
    seek(house)
    first, second = (one.number for one in house.cases())
    assert not kept(house, first)
    assert read(open_cases(house.settings).one(second).content) == PICTURE
    (place,) = house.passes.opening.acting.placements.of_case(second)
    assert place.locator == f"file://{house.media}/a.jpg"
    assert house.cases()[1].matches == house.cases()[0].matches
    assert house.cases()[1].action == house.cases()[0].action
    seek(house)
    assert len(house.cases()) == 2


def test_before_its_time_nothing_is_looked_for(house: House) -> None:
    out_of_reach(house).rename(house.media)
    seek(house, timedelta())
    assert len(house.cases()) == 1


def test_while_the_disk_is_away_it_is_looked_for_at_longer_and_longer_pauses(house: House) -> None:
    out_of_reach(house)
    pauses = []
    for _ in range(3):
        before = house.matches()[0].seek_at
        assert before is not None
        seek(house, before - datetime.now(UTC) + timedelta(seconds=1))
        (row,) = house.matches()
        assert row.seek_at is not None
        pauses.append(row.seek_at - before)
    assert pauses[0] < pauses[1] < pauses[2]
    seek(house, timedelta(days=6))
    (row,) = house.matches()
    assert row.seek_at is not None
    assert row.seek_at - datetime.now(UTC) < timedelta(days=6, hours=1, seconds=1)


def test_after_seven_days_it_is_given_up_and_said(house: House, caplog: pytest.LogCaptureFixture) -> None:
    disk = out_of_reach(house)
    seek(house, SOUGHT_FOR + timedelta(seconds=1))
    assert "ALARM" in caplog.text
    assert not waits(house)
    disk.rename(house.media)
    seek(house, SOUGHT_FOR * 2)
    assert len(house.cases()) == 1


def release(house: House) -> None:
    number = house.cases()[0].number
    Decisions(house.database, lambda _case: Findings()).release(number, "eve", "harmless")


def forget(house: House) -> None:
    with house.database.session() as session:
        session.query(PassedUpload).delete()


def replace_file(house: House) -> None:
    (house.media / "a.jpg").write_bytes(INNOCENT)


def remove_file(house: House) -> None:
    (house.media / "b.jpg").write_bytes(INNOCENT)
    (house.media / "a.jpg").unlink()


@pytest.mark.parametrize("become", [release, forget, replace_file, remove_file])
def test_what_nobody_needs_or_can_have_any_more_is_not_looked_for(
    house: House, become: Callable[[House], None]
) -> None:
    out_of_reach(house).rename(house.media)
    become(house)
    seek(house)
    assert len(house.cases()) == 1
    assert not waits(house)


def test_one_that_fails_keeps_no_other_waiting(house: House) -> None:
    out_of_reach(house).rename(house.media)
    (before,) = house.matches()
    with house.database.session() as session:
        session.query(VaultObject).delete()
    seek(house)
    (after,) = house.matches()
    assert before.seek_at is not None
    assert after.seek_at is not None
    assert after.seek_at > before.seek_at


def test_a_file_that_was_gone_is_not_waited_for(house: House) -> None:
    upload = house.upload(PICTURE)
    (house.media / "b.jpg").write_bytes(INNOCENT)
    house.desk.places().tell("shop", upload, f"file://{house.media}/a.jpg")
    house.activate(MD5)
    house.match()
    assert not waits(house)
