"""What is remembered of an upload that passed: enough to recognize it, and nothing that can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from tests.retro.conftest import House
from tests.support import digests_of, listed_hashes, pdq_of, picture_bytes, settings_in
from upload_guard.compose import build_station
from upload_guard.keyring import open_keyring
from upload_guard.records import EXACT_TYPES, SignalType
from upload_guard.retro.log import PassedLog, PassedReader, purge
from upload_guard.retro.passed import Passed
from upload_guard.storage.retro_tables import PassedUpload, UploadPlace

PICTURE = picture_bytes(1)


def remembered(house: House) -> list[Passed]:
    reader = PassedReader(house.database, open_keyring(house.settings))
    return [one for page in reader.pages(0) for one in page.uploads]


def test_what_passes_comes_back_with_keyed_digests_and_its_looks(house: House) -> None:
    upload = house.upload(PICTURE)
    (one,) = remembered(house)
    assert (one.site, one.upload_id, one.route, one.size) == ("shop", upload, "/upload", len(PICTURE))
    assert (one.file_name, one.media_type) == ("file.bin", "application/octet-stream")
    own = {signal.type: signal.value for signal in one.signals if not signal.view}
    assert own.keys() == EXACT_TYPES
    digests = digests_of(PICTURE)
    assert not {digests.sha256, digests.md5, digests.sha1} & set(own.values())
    assert pdq_of(PICTURE) in {signal.value for signal in one.signals if signal.type is SignalType.PDQ}


def test_the_database_holds_no_digest_no_look_and_no_name(house: House) -> None:
    house.upload(PICTURE)
    file = house.settings.data_dir
    held = b"".join(one.read_bytes() for one in file.glob("*.sqlite3*"))
    digests = digests_of(PICTURE)
    for secret in (digests.sha256, digests.md5, digests.sha1, pdq_of(PICTURE), b"file.bin"):
        assert secret not in held


def test_what_was_refused_is_not_remembered(house: House) -> None:
    house.activate(listed_hashes(PICTURE))
    house.upload(PICTURE)
    assert remembered(house) == []


def test_what_is_older_than_the_settings_say_is_forgotten_with_its_places(house: House) -> None:
    house.desk.places().tell("shop", house.upload(PICTURE), "post 7")
    now = datetime.now(UTC)
    assert purge(house.database, 30, now + timedelta(days=29)) == 0
    assert purge(house.database, 30, now + timedelta(days=31)) == 1
    with house.database.session() as session:
        assert not session.scalars(select(PassedUpload)).all()
        assert not session.scalars(select(UploadPlace)).all()


def test_switched_off_it_forgets_what_it_had_and_remembers_nothing(house: House) -> None:
    house.upload(PICTURE)
    station = build_station(settings_in(house.settings.data_dir.parent, benign={"shipped": False}))
    (job,) = (one for one in station.housekeeper.jobs if one.name.startswith("retro"))
    job.run()
    assert not any(isinstance(one, PassedLog) for one in station.guard.observers)
    assert remembered(house) == []
