"""The keeper: a case with its bytes, or neither; and what it settles after a crash."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support import digest_of, digests_of, read, upload_of, vault_in
from upload_guard.errors import StorageFailed
from upload_guard.quarantine.keeper import QuarantineKeeper, new_case_number
from upload_guard.quarantine.states import CaseState
from upload_guard.records import (
    Action,
    Findings,
    Match,
    Result,
    Signal,
    SignalType,
    Source,
    Upload,
    Verdict,
)
from upload_guard.storage.database import Database
from upload_guard.storage.locks import shared_lock
from upload_guard.storage.tables import Case
from upload_guard.vault.places import FolderPlace
from upload_guard.vault.vault import Vault

SINCE = datetime(2026, 1, 2, tzinfo=UTC)
MATCH = Match(SignalType.PDQ, "frame 0", 9, 31, "icse", 2, "interpol", "baseline", 4, SINCE)
VERDICT = Verdict(Result.MATCH, Action.QUARANTINE, "perceptual", (MATCH,))
FINDINGS = Findings(
    (Signal(SignalType.MD5, bytes(16)), Signal(SignalType.PDQ, b"\x0f" * 32, "frame 0", 88)), (MATCH,)
)
CASE_NUMBER = re.compile(r"[2-9BCDFGHJKMNPQRSTVWXZ]{4}(-[2-9BCDFGHJKMNPQRSTVWXZ]{4}){2}")


@pytest.fixture
def keeper(tmp_path: Path) -> QuarantineKeeper:
    vault = vault_in(tmp_path)
    return QuarantineKeeper(vault.database, vault)


def keep(keeper: QuarantineKeeper, data: bytes = b"data") -> str:
    return keeper.keep(upload_of(data), VERDICT, FINDINGS)


def cases(database: Database) -> dict[str, Case]:
    with database.session() as session:
        return {case.number: case for case in session.scalars(select(Case))}


def case_of(keeper: QuarantineKeeper, number: str) -> Case:
    return cases(keeper.database)[number]


def place_of(keeper: QuarantineKeeper) -> FolderPlace:
    assert isinstance(keeper.vault.place, FolderPlace)
    return keeper.vault.place


def blobs(keeper: QuarantineKeeper) -> list[Path]:
    return sorted(keeper.vault.folder.glob("*/*"))


# Keeping ------------------------------------------------------------------------------------------


def test_a_kept_upload_is_an_open_case_with_its_bytes(keeper: QuarantineKeeper) -> None:
    case = case_of(keeper, keep(keeper, b"the very bytes"))
    assert case.state == "open"
    assert read(keeper.vault.content(case.vault_name)) == b"the very bytes"
    assert blobs(keeper) == [place_of(keeper).path(case.vault_name)]


def test_the_vault_is_made_for_its_owner_alone(keeper: QuarantineKeeper) -> None:
    keep(keeper)
    assert keeper.vault.folder.stat().st_mode & 0o777 == 0o700


def test_the_case_says_why_and_what_and_where_from(keeper: QuarantineKeeper) -> None:
    upload = replace(
        upload_of(b"data", Source("shop", "/photos")), media_type="image/jpeg", file_name="my face.jpg"
    )
    case = case_of(keeper, keeper.keep(upload, VERDICT, FINDINGS))
    assert (case.result, case.action, case.reason) == ("match", "quarantine", "perceptual")
    assert (case.site, case.route, case.media_type) == ("shop", "/photos", "image/jpeg")
    digests = digests_of(b"data")
    assert (case.size, case.md5, case.sha1, case.sha256) == (4, digests.md5, digests.sha1, digests.sha256)
    assert timedelta() <= datetime.now(UTC) - case.created_at < timedelta(minutes=5)
    (match,) = case.matches
    assert (match["list_name"], match["version"], match["distance"]) == ("icse", 2, 9)
    assert case.signals == [
        {"type": "pdq", "value": "0f" * 32, "view": "frame 0", "quality": 88, "variant": ""}
    ]


def test_the_senders_file_name_is_kept_nowhere(keeper: QuarantineKeeper) -> None:
    upload = replace(upload_of(b"data"), file_name="my face.jpg")
    case = case_of(keeper, keeper.keep(upload, VERDICT, FINDINGS))
    assert "my face" not in repr(vars(case))
    assert "my face" not in repr(blobs(keeper))


def test_what_could_not_be_read_is_kept_without_a_match(keeper: QuarantineKeeper) -> None:
    verdict = Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated")
    case = case_of(keeper, keeper.keep(upload_of(b"data"), verdict, Findings(unscannable="truncated")))
    assert (case.result, case.reason, case.matches, case.signals) == ("unscannable", "truncated", [], [])


def test_the_same_file_sent_twice_is_two_cases_of_one_sealed_object(keeper: QuarantineKeeper) -> None:
    assert keep(keeper) != keep(keeper)
    assert (len(cases(keeper.database)), len(blobs(keeper))) == (2, 1)
    assert len({case.vault_name for case in cases(keeper.database).values()}) == 1


def test_another_file_is_stored_by_itself(keeper: QuarantineKeeper) -> None:
    keep(keeper, b"one")
    keep(keeper, b"two")
    assert len(blobs(keeper)) == 2


@pytest.mark.parametrize("damage", ["gone", "altered", "cut"])
def test_a_repeat_relies_on_nothing_that_it_cannot_read(keeper: QuarantineKeeper, damage: str) -> None:
    first = keep(keeper)
    (blob,) = blobs(keeper)
    sealed = blob.read_bytes()
    if damage == "gone":
        blob.unlink()
    else:
        blob.write_bytes(sealed[:-1] + (b"" if damage == "cut" else bytes([sealed[-1] ^ 1])))
    second, third = keep(keeper), keep(keeper)
    rows = cases(keeper.database)
    assert rows[first].vault_name != rows[second].vault_name == rows[third].vault_name
    assert read(keeper.vault.content(rows[second].vault_name)) == b"data"


def test_bytes_that_are_shredded_while_a_repeat_is_kept_are_stored_anew(
    keeper: QuarantineKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep(keeper)
    reads = type(keeper.vault).reads

    def shredded_meanwhile(self: Vault, name: str, sha256: bytes) -> bool:
        read_whole = reads(self, name, sha256)
        with self.database.session() as session:
            self.shred(session, name)
        return read_whole

    monkeypatch.setattr(type(keeper.vault), "reads", shredded_meanwhile)
    second = keep(keeper)
    monkeypatch.undo()
    rows = cases(keeper.database)
    assert rows[first].vault_name != rows[second].vault_name
    assert read(keeper.vault.content(rows[second].vault_name)) == b"data"


def test_what_a_sender_claims_can_be_as_long_as_it_likes(keeper: QuarantineKeeper) -> None:
    upload = replace(upload_of(b"data", Source("s" * 9999, "/" * 9999)), media_type="m" * 9999)
    case = case_of(keeper, keeper.keep(upload, VERDICT, FINDINGS))
    assert (len(case.site), len(case.route), len(case.media_type)) == (64, 1024, 255)


def test_what_a_sender_claims_can_be_no_text_at_all(keeper: QuarantineKeeper) -> None:
    upload = replace(upload_of(b"data", Source("shop", "/\xff\0é")), media_type="\x80/\0")
    assert case_of(keeper, keeper.keep(upload, VERDICT, FINDINGS)).state == "open"


def test_a_case_tells_neither_by_number_nor_by_name_where_its_bytes_lie(keeper: QuarantineKeeper) -> None:
    case = case_of(keeper, keep(keeper))
    assert case.number not in case.vault_name
    assert digests_of(b"data").sha256.hex() not in case.vault_name


# Keeping that fails -------------------------------------------------------------------------------


def block(keeper: QuarantineKeeper) -> None:
    """Leave no sub-folder of the vault that a blob could go to."""
    keeper.vault.folder.mkdir()
    for number in range(256):
        (keeper.vault.folder / f"{number:02x}").write_text("a file")


def test_a_vault_that_takes_nothing_leaves_no_case(keeper: QuarantineKeeper) -> None:
    block(keeper)
    with pytest.raises(StorageFailed, match="vault"):
        keep(keeper)
    assert cases(keeper.database) == {}
    assert blobs(keeper) == []


def test_a_vault_that_cannot_be_made_leaves_no_case(keeper: QuarantineKeeper) -> None:
    keeper.vault.folder.write_text("a file")
    with pytest.raises(StorageFailed):
        keep(keeper)
    assert cases(keeper.database) == {}


def test_bytes_that_are_not_those_that_were_checked_leave_no_case(keeper: QuarantineKeeper) -> None:
    upload = replace(upload_of(b"what is there"), digest=digest_of(b"what was checked"))
    with pytest.raises(StorageFailed, match="not the bytes that were checked"):
        keeper.keep(upload, VERDICT, FINDINGS)
    assert cases(keeper.database) == {}
    assert blobs(keeper) == []


def test_a_database_that_takes_nothing_leaves_no_bytes(keeper: QuarantineKeeper) -> None:
    Path(keeper.database.engine.url.database or "").write_bytes(b"no database any more" * 300)
    with pytest.raises(StorageFailed, match="database"):
        keep(keeper)
    assert blobs(keeper) == []


# After a crash ------------------------------------------------------------------------------------


def crash_while_storing(keeper: QuarantineKeeper, number: str) -> Case:
    """The case as a crash would leave it before it was opened."""
    with keeper.database.session() as session:
        session.execute(update(Case).where(Case.number == number).values(state="storing"))
    return case_of(keeper, number)


def test_an_intent_with_its_bytes_becomes_a_case(keeper: QuarantineKeeper) -> None:
    number = keep(keeper)
    crash_while_storing(keeper, number)
    keeper.recover()
    case = case_of(keeper, number)
    assert case.state == "open"
    assert read(keeper.vault.content(case.vault_name)) == b"data"


def test_an_intent_without_its_bytes_is_removed(keeper: QuarantineKeeper) -> None:
    case = crash_while_storing(keeper, keep(keeper))
    place_of(keeper).path(case.vault_name).unlink()
    keeper.recover()
    assert cases(keeper.database) == {}


def test_bytes_half_written_are_cleared_with_their_intent(keeper: QuarantineKeeper) -> None:
    case = crash_while_storing(keeper, keep(keeper))
    path = place_of(keeper).path(case.vault_name)
    path.rename(path.with_name(path.name + ".part"))
    keeper.recover()
    assert cases(keeper.database) == {}
    assert blobs(keeper) == []


def test_open_cases_are_left_as_they_are(keeper: QuarantineKeeper) -> None:
    number = keep(keeper)
    keeper.recover()
    assert case_of(keeper, number).state == "open"
    assert len(blobs(keeper)) == 1


def test_nothing_is_settled_while_another_is_keeping(keeper: QuarantineKeeper) -> None:
    number = keep(keeper)
    case = crash_while_storing(keeper, number)
    half = place_of(keeper).path(case.vault_name).with_name("half.part")
    half.write_bytes(b"half")
    with shared_lock(keeper.vault.folder / "keeping.lock"):
        keeper.recover()
        assert case_of(keeper, number).state == "storing"
        assert half.exists()
    keeper.recover()
    assert case_of(keeper, number).state == "open"
    assert not half.exists()


def test_there_is_nothing_to_settle_at_the_first_start(keeper: QuarantineKeeper) -> None:
    keeper.recover()
    assert cases(keeper.database) == {}


# Case numbers -------------------------------------------------------------------------------------


def test_case_numbers_are_random_and_distinct() -> None:
    numbers = {new_case_number() for _ in range(2000)}
    assert len(numbers) == 2000
    assert all(CASE_NUMBER.fullmatch(number) for number in numbers)
    for place in (0, 5, 13):
        assert len({number[place] for number in numbers}) > 20


def test_the_number_that_is_returned_is_that_of_the_case(keeper: QuarantineKeeper) -> None:
    number = keep(keeper)
    assert CASE_NUMBER.fullmatch(number)
    assert set(cases(keeper.database)) == {number}


def test_an_upload_can_be_kept_beside_another(keeper: QuarantineKeeper) -> None:
    upload: Upload = upload_of(b"other")
    with shared_lock(keeper.vault.folder / "keeping.lock"):
        assert keeper.keep(upload, VERDICT, FINDINGS)


# One upload, several attempts ----------------------------------------------------------------------


def test_a_second_attempt_to_keep_an_upload_finds_the_case_of_the_first(keeper: QuarantineKeeper) -> None:
    upload = upload_of(b"listed")
    first = keeper.keep(upload, VERDICT, FINDINGS)
    assert keeper.keep(upload, VERDICT, FINDINGS) == first
    assert len(cases(keeper.database)) == 1


def test_the_same_bytes_uploaded_again_are_another_case(keeper: QuarantineKeeper) -> None:
    numbers = {keeper.keep(upload_of(b"listed"), VERDICT, FINDINGS) for _ in range(2)}
    assert len(numbers) == 2


def test_an_upload_id_of_another_site_or_of_other_bytes_finds_nothing(keeper: QuarantineKeeper) -> None:
    upload = upload_of(b"listed")
    elsewhere = replace(upload, source=Source("another site"))
    other = replace(upload_of(b"other bytes"), upload_id=upload.upload_id)
    assert len({keeper.keep(one, VERDICT, FINDINGS) for one in (upload, elsewhere, other)}) == 3


def test_attempts_at_once_end_in_one_case(keeper: QuarantineKeeper) -> None:
    upload = upload_of(b"listed")
    with ThreadPoolExecutor(8) as threads:
        attempts = [threads.submit(keeper.keep, upload, VERDICT, FINDINGS) for _ in range(8)]
        numbers = {attempt.result() for attempt in attempts}
    assert len(numbers) == 1
    assert len(cases(keeper.database)) == 1


def test_an_attempt_after_one_that_died_half_way_waits_until_that_is_settled(
    keeper: QuarantineKeeper,
) -> None:
    upload = upload_of(b"listed")
    case = keeper.keep(upload, VERDICT, FINDINGS)
    with keeper.database.session() as session:
        session.execute(update(Case).where(Case.number == case).values(state=CaseState.STORING))
    with ThreadPoolExecutor(1) as threads:
        attempt = threads.submit(keeper.keep, upload, VERDICT, FINDINGS)
        keeper.recover()
        assert attempt.result() == case
