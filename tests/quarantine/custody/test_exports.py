"""Handing a case to an authority: two persons, and an archive that only the authority opens."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy import select, update

from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import digests_of, settings_in, upload_of
from upload_guard.compose import build_station, open_audit, open_cases, open_decisions, open_exports
from upload_guard.errors import AuditBroken, UsageError, VaultDamaged
from upload_guard.quarantine.custody import exports
from upload_guard.quarantine.custody.exports import Exports
from upload_guard.settings import Settings
from upload_guard.storage.vault_tables import AuditHead, AuditRow, ExportRequest

DATA = b"the very bytes of the upload " * 5000
AUTHORITY = pyrage.x25519.Identity.generate()
KEY = str(AUTHORITY.to_public())


@dataclass(frozen=True)
class House:
    settings: Settings
    exports: Exports
    case: str
    out: Path

    def give(self, person: str = "ben") -> bytes:
        return self.exports.give(self.case, KEY, self.out, person)

    def asked(self, person: str = "ann") -> None:
        self.exports.request(self.case, KEY, person, "reference 17")


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False})
    case = build_station(settings).keeper.keep(upload_of(DATA), VERDICT, FINDINGS)
    return House(settings, open_exports(settings), case, tmp_path / "evidence.age")


def opened(house: House) -> dict[str, bytes]:
    plain = pyrage.decrypt(house.out.read_bytes(), [AUTHORITY])
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def test_two_persons_hand_over_the_bytes_their_digests_and_the_trail(house: House) -> None:
    open_decisions(house.settings).confirm(house.case, "ann", "it is")
    house.asked()
    assert house.give() == hashlib.sha256(house.out.read_bytes()).digest()
    files = opened(house)
    assert set(files) == {f"{house.case}/{name}" for name in ("manifest.json", "audit.json", "upload.bin")}
    assert files[f"{house.case}/upload.bin"] == DATA
    manifest = json.loads(files[f"{house.case}/manifest.json"])
    digests, said = digests_of(DATA), manifest["upload"]
    assert (said["md5"], said["sha1"], said["sha256"], said["size"]) == (
        digests.md5.hex(),
        digests.sha1.hex(),
        digests.sha256.hex(),
        len(DATA),
    )
    assert (manifest["requested_by"], manifest["given_by"], manifest["because"]) == (
        "ann",
        "ben",
        "reference 17",
    )
    trail = json.loads(files[f"{house.case}/audit.json"])
    assert [row["act"] for row in trail] == ["case.confirmed", "export.requested"]
    assert house.out.stat().st_mode & 0o777 == 0o600
    with open_audit(house.settings).database.session() as session:
        newest = session.scalars(select(AuditRow).order_by(AuditRow.sequence.desc()).limit(1)).one()
    assert (newest.act, newest.person) == ("export.given", "ben")
    assert newest.details["archive_sha256"] == hashlib.sha256(house.out.read_bytes()).hexdigest()


def test_nobody_but_the_authority_opens_it_and_no_plain_file_is_left(house: House, tmp_path: Path) -> None:
    house.asked()
    house.give()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(house.out.read_bytes(), [pyrage.x25519.Identity.generate()])
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"very bytes" in file.read_bytes()]


def test_one_person_alone_exports_nothing(house: House) -> None:
    with pytest.raises(UsageError, match="nobody has asked"):
        house.give()
    house.asked()
    with pytest.raises(UsageError, match="second person"):
        house.give("ann")
    assert not house.out.exists()
    other = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(UsageError, match="nobody has asked"):
        house.exports.give(house.case, other, house.out, "ben")


def test_what_was_asked_for_once_is_given_out_once(house: House) -> None:
    house.asked()
    house.give()
    house.out.unlink()
    with pytest.raises(UsageError, match="nobody has asked"):
        house.give()


def test_of_two_persons_who_give_it_out_at_once_one_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.asked()
    first, real, looks = house.out.with_name("first.age"), exports._open_request, count(1)

    def slower(*what: Any) -> ExportRequest:
        request = real(*what)
        if next(looks) == 2:
            monkeypatch.undo()
            house.exports.give(house.case, KEY, first, "eve")
        return request

    monkeypatch.setattr(exports, "_open_request", slower)
    with pytest.raises(UsageError, match="somebody else has given"):
        house.give("ben")
    assert first.exists()
    assert not house.out.exists()


def test_a_file_that_is_there_is_not_written_over(house: House) -> None:
    house.asked()
    house.out.write_bytes(b"another case")
    with pytest.raises(UsageError, match="there already"):
        house.give()
    assert house.out.read_bytes() == b"another case"


@pytest.mark.parametrize("wrong", ["", "age1nonsense", "ssh-ed25519 AAAA"])
def test_what_is_no_age_key_is_refused_at_once(house: House, wrong: str) -> None:
    with pytest.raises(UsageError, match="age public key"):
        house.exports.request(house.case, wrong, "ann", "reference 17")


def test_a_secret_key_taken_for_the_public_one_is_repeated_nowhere(house: House) -> None:
    secret = str(AUTHORITY)
    with pytest.raises(UsageError, match="age public key") as refused:
        house.exports.request(house.case, secret, "ann", "reference 17")
    assert secret[:20] not in str(refused.value)


def test_bytes_that_are_damaged_are_not_given_out_and_the_request_stands(house: House) -> None:
    house.asked()
    sealed = Path(open_cases(house.settings).one(house.case).place)
    whole = sealed.read_bytes()
    sealed.write_bytes(whole[:-1])
    with pytest.raises(VaultDamaged):
        house.give()
    assert not list(house.out.parent.glob("evidence*"))
    sealed.write_bytes(whole)
    house.give()


def test_while_the_audit_log_is_broken_nothing_is_given_out(house: House) -> None:
    house.asked()
    watch = open_audit(house.settings)
    with watch.database.session() as session:
        session.execute(update(AuditHead).values(mac=bytes(32)))
    with pytest.raises(AuditBroken):
        house.give()
    assert not list(house.out.parent.glob("evidence*"))
