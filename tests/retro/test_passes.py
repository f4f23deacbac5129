"""What passed is found once a list knows it: each upload and each state of the lists once, killed or not."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.retro.conftest import House
from tests.support import activate_list, digests_of, listed_hashes, picture_bytes, recompressed
from upload_guard.compose import open_benign
from upload_guard.compose.retro import RetroDesk
from upload_guard.errors import StorageFailed
from upload_guard.holdings.acting import Acting
from upload_guard.late.entries import RETRO_ROUTE
from upload_guard.lists.bank.bank import BankFile
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.quarantine.cases import has_all_digests, stored_signals
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.rows import SHA256_UNKNOWN
from upload_guard.records import BankScope, Findings, SignalType
from upload_guard.retro.log import purge
from upload_guard.retro.opening import LateHit, Opening
from upload_guard.retro.places import UploadPlaces
from upload_guard.storage.retro_tables import PassedUpload

PICTURE, INNOCENT = picture_bytes(1), picture_bytes(2)


def only(data: bytes, kind: SignalType) -> list[ListedHash]:
    return [one for one in listed_hashes(data) if one.signal_type is kind]


def parts_of(opening: Opening) -> tuple[Acting, UploadPlaces, DigestKey]:
    return opening.acting, opening.places, opening.digest_key


def decisions(house: House) -> Decisions:
    return Decisions(house.database, lambda _case: Findings())


@pytest.mark.parametrize("kind", [SignalType.SHA256, SignalType.MD5, SignalType.PDQ])
def test_an_upload_that_had_passed_has_a_case_once_a_list_knows_it(house: House, kind: SignalType) -> None:
    upload, _ = house.upload(PICTURE), house.upload(INNOCENT)
    house.match()
    assert house.cases() == []
    house.activate(only(PICTURE, kind))
    house.match()
    (case,) = house.cases()
    assert (case.site, case.route, case.upload_id) == ("shop", RETRO_ROUTE + "/upload", upload)
    assert {match["list_name"] for match in case.matches} == {"test-list"}


def test_a_picture_like_a_listed_one_is_found_by_its_looks(house: House) -> None:
    house.upload(recompressed(PICTURE))
    house.activate(only(PICTURE, SignalType.PDQ))
    house.match()
    (case,) = house.cases()
    assert {match["signal_type"] for match in case.matches} == {"pdq"}


def test_a_listed_file_inside_another_is_found(house: House) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jpg", PICTURE)
    house.upload(out.getvalue())
    house.activate(only(PICTURE, SignalType.MD5))
    house.match()
    (case,) = house.cases()
    # The member's digest is none of the upload's own.
    assert case.md5 == bytes(16)


def test_digests_that_no_list_named_are_in_no_case(house: House) -> None:
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.MD5))
    house.match()
    (case,) = house.cases()
    digests = digests_of(PICTURE)
    assert (case.md5, case.sha1) == (digests.md5, bytes(20))
    assert case.sha256 != digests.sha256
    assert not {row["type"] for row in case.signals} & {"md5", "sha1", "sha256"}
    assert SHA256_UNKNOWN in case.degraded
    assert not has_all_digests(case)
    known = {one.type for one in stored_signals(case) if one.type.exact}
    assert known == {SignalType.MD5}


def test_each_state_of_the_lists_is_gone_through_once(house: House) -> None:
    house.upload(PICTURE)
    for _ in range(3):
        house.match()
    assert len(house.done()) == 1
    house.activate(only(PICTURE, SignalType.SHA256), "second")
    for _ in range(3):
        house.match()
    assert [(one.uploads, one.matches) for one in house.done()] == [(1, 0), (1, 1)]
    assert len(house.cases()) == 1
    assert "second@1:" in house.done()[-1].generation


def test_a_single_hash_added_to_a_list_is_a_new_state(house: House) -> None:
    house.upload(PICTURE)
    house.match()
    house.station.lists.add("test-list", only(PICTURE, SignalType.MD5), "baseline", "ann")
    house.refresh()
    house.match()
    assert len(house.cases()) == 1


def test_what_is_known_already_gets_no_second_case(house: House) -> None:
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.SHA256))
    house.match()
    house.activate(only(PICTURE, SignalType.MD5), "second")
    house.match()
    assert len(house.cases()) == len(house.matches()) == 1


def test_a_file_that_a_person_found_harmless_is_left_alone_until_another_list_names_it(house: House) -> None:
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.MD5))
    house.match()
    decisions(house).false_positive(house.cases()[0].number, "eve", "a landscape")
    house.refresh()
    house.activate(only(INNOCENT, SignalType.MD5), "second")
    house.match()
    assert len(house.cases()) == 1
    house.activate(only(PICTURE, SignalType.MD5), "third")
    for _ in range(2):
        house.match()
    first, second = house.cases()
    assert first.sha256 == second.sha256
    assert [match["list_name"] for match in second.matches if not match["benign"]] == ["third"]


def test_known_good_files_are_never_found(house: House) -> None:
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.SHA256))
    own = digests_of(PICTURE)
    digests = (
        (SignalType.MD5, own.md5),
        (SignalType.SHA1, own.sha1),
        (SignalType.SHA256, own.sha256),
    )
    open_benign(house.settings).add(BankFile("good.jpg", BankScope.ADMINISTRATOR, digests, ()), "ann")
    house.refresh()
    house.match()
    assert house.cases() == []


class Killed(BaseException):
    """As a process that is killed: nothing handles it."""


def test_a_pass_that_is_killed_goes_on_where_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upload_guard.retro.log._AT_ONCE", 2)
    pictures = [picture_bytes(seed) for seed in range(10, 16)]
    for picture in pictures:
        house.upload(picture)
    house.activate([one for picture in pictures for one in only(picture, SignalType.SHA256)])
    passes = house.passes

    class Dying(Opening):
        def open(self, hit: LateHit, before: str) -> str:
            number = super().open(hit, before)
            if hit.passed.id in {1, 4, 5}:
                dead.append(hit.passed.id)
                if dead.count(hit.passed.id) == 1:
                    raise Killed
            return number

    dead: list[int] = []
    dying = replace(
        passes, opening=Dying(passes.opening.acting, passes.opening.places, passes.opening.digest_key)
    )
    for _ in range(3):
        with pytest.raises(Killed):
            dying.run()
    dying.run()
    assert len(house.cases()) == len(house.matches()) == 6
    (done,) = house.done()
    assert (done.last_id, done.uploads) == (6, 6)


def test_a_pass_is_not_over_while_checks_by_the_old_lists_may_still_be_written_down(house: House) -> None:
    house.activate(only(PICTURE, SignalType.SHA256))
    patient = replace(house.passes, settles_after=timedelta(hours=1))
    patient.run()
    # It was checked by the lists of before, and its row comes now.
    house.station.lists.rollback("test-list", 1, "ann")
    house.refresh()
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.SHA256))
    patient.run()
    assert len(house.cases()) == 1
    assert house.done() == []


def test_lists_that_this_process_has_not_loaded_yet_are_waited_for(house: House) -> None:
    house.upload(PICTURE)
    house.refresh()
    stale = house.station.snapshot()
    activate_list(house.settings, only(PICTURE, SignalType.SHA256))
    passes = replace(house.passes, checker=replace(house.station.checker, snapshot=lambda: stale))
    passes.run()
    assert (house.cases(), house.done()) == ([], [])


def test_an_upload_whose_seal_is_broken_stops_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.upload(INNOCENT)
    house.upload(PICTURE)
    with house.database.session() as session:
        session.execute(update(PassedUpload).where(PassedUpload.id == 1).values(site="other"))
    house.activate(only(PICTURE, SignalType.SHA256))
    house.match()
    assert len(house.cases()) == 1
    assert "ALARM: an upload that passed cannot be held against new lists" in caplog.text


def test_a_fault_of_the_store_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.SHA256))
    passes = house.passes

    class Full(Opening):
        def open(self, hit: LateHit, before: str) -> str:
            raise StorageFailed("the disk is full")

    with pytest.raises(StorageFailed):
        replace(
            passes, opening=Full(passes.opening.acting, passes.opening.places, passes.opening.digest_key)
        ).run()
    house.match()
    assert len(house.cases()) == 1


def test_an_upload_is_never_taken_for_one_that_is_forgotten(house: House) -> None:
    """Not even where none is left: its match stands, and says nothing of whatever came later."""
    house.upload(PICTURE)
    house.activate(only(PICTURE, SignalType.SHA256))
    house.match()
    purge(house.database, 0, house.passes.now())
    house.upload(INNOCENT)
    house.activate(only(INNOCENT, SignalType.SHA256))
    house.match()
    assert len(house.cases()) == 2


def test_a_pass_waits_for_checks_that_may_take_as_long_as_the_settings_say(house: House) -> None:
    slow = house.settings.sandbox.model_copy(update={"request_seconds": 3600.0})
    desk = RetroDesk(house.settings.model_copy(update={"sandbox": slow}), house.database)
    passes = desk.passes(house.station.lists, house.station.checker, house.station.keeper)
    assert passes.settles_after > timedelta(hours=1)
