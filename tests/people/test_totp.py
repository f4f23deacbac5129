"""Codes out of a phone, and codes to recover with."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.people.gates import Opened
from upload_guard.errors import LogInFailed, SealBroken
from upload_guard.keyring import Keyring
from upload_guard.people.people import Account
from upload_guard.people.totp import Phones
from upload_guard.vault.rewrap import Rewrap


@pytest.fixture
def phones(here: Opened) -> Phones:
    return here.gate.phones


def code_of(secret: str, here: Opened, off: int = 0) -> str:
    """What a phone with that secret shows, `off` seconds from now."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)  # noqa: S303 - as phones have it
    return totp.generate(int(here.clock.now.timestamp()) + off).decode()


@pytest.fixture
def secret(phones: Phones, ann: Account, here: Opened) -> str:
    """Of Ann's phone, which is enrolled; its first code is used."""
    offered = phones.offered(ann.id).secret
    phones.enrol(ann.id, code_of(offered, here))
    here.clock.pass_by(minutes=2)
    return offered


def test_a_square_holds_what_a_phone_needs(phones: Phones, ann: Account) -> None:
    offered = phones.offered(ann.id)
    parts = urlsplit(offered.address)
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/upload_guard%3Aann")
    assert parse_qs(parts.query) == {"secret": [offered.secret], "issuer": ["upload_guard"]}
    assert len(base64.b32decode(offered.secret)) == 20


def test_the_same_secret_is_offered_until_a_code_of_it_was_shown(
    phones: Phones, ann: Account, here: Opened
) -> None:
    offered = phones.offered(ann.id).secret
    assert phones.offered(ann.id).secret == offered
    with pytest.raises(LogInFailed):
        phones.enrol(ann.id, "000000")
    phones.enrol(ann.id, code_of(offered, here))
    assert here.gate.people.find("ann").totp_since == here.clock.now
    assert phones.offered(ann.id).secret != offered


def test_a_code_is_taken_once(phones: Phones, ann: Account, here: Opened, secret: str) -> None:
    code = code_of(secret, here)
    assert phones.is_right(ann.id, code)
    assert not phones.is_right(ann.id, code)


def test_the_first_code_of_a_phone_cannot_be_used_again(phones: Phones, ann: Account, here: Opened) -> None:
    code = code_of(phones.offered(ann.id).secret, here)
    phones.enrol(ann.id, code)
    assert not phones.is_right(ann.id, code)


def test_an_older_code_is_not_taken_after_a_newer_one(
    phones: Phones, ann: Account, here: Opened, secret: str
) -> None:
    assert phones.is_right(ann.id, code_of(secret, here, 30))
    assert not phones.is_right(ann.id, code_of(secret, here))


def test_of_many_who_show_the_same_code_at_once_one_gets_in(
    phones: Phones, ann: Account, here: Opened, secret: str
) -> None:
    code = code_of(secret, here)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: phones.is_right(ann.id, code), range(16))) == 1


@pytest.mark.parametrize(("off", "right"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_phone_may_be_half_a_minute_off(
    phones: Phones, ann: Account, here: Opened, secret: str, off: int, right: bool
) -> None:
    assert phones.is_right(ann.id, code_of(secret, here, off)) == right


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٣٣٣٣٣٣", "abcdef", "x" * 10_000])
def test_what_is_no_code_is_wrong(phones: Phones, ann: Account, secret: str, code: str) -> None:
    assert secret
    assert not phones.is_right(ann.id, code)


def test_somebody_without_a_phone_has_no_right_code(phones: Phones, ann: Account) -> None:
    assert not phones.is_right(ann.id, "000000")


def test_ten_codes_to_recover_with_work_once_each_however_they_are_typed(
    phones: Phones, ann: Account, here: Opened
) -> None:
    codes = phones.enrol(ann.id, code_of(phones.offered(ann.id).secret, here))
    assert len(set(codes)) == 10
    assert phones.is_right(ann.id, f" {codes[0].upper().replace('-', ' ')} ")
    assert not phones.is_right(ann.id, codes[0])
    assert phones.recovery_left(ann.id) == 9
    assert ("ann", "person.recovered") in here.acts()


def test_new_codes_take_the_place_of_the_old(phones: Phones, ann: Account, here: Opened) -> None:
    (old, *_) = phones.enrol(ann.id, code_of(phones.offered(ann.id).secret, here))
    (new, *_) = phones.renew_recovery(ann.id)
    assert not phones.is_right(ann.id, old)
    assert phones.is_right(ann.id, new)


def test_a_lost_phone_is_forgotten_with_its_codes(
    phones: Phones, ann: Account, here: Opened, secret: str
) -> None:
    phones.reset("ann", "root")
    assert here.gate.people.find("ann").totp_since is None
    assert not phones.is_right(ann.id, code_of(secret, here))
    assert phones.recovery_left(ann.id) == 0
    assert here.acts()[-1] == ("root", "person.totp_reset")


def test_the_secret_lies_sealed(phones: Phones, ann: Account, here: Opened, secret: str) -> None:
    files = [file.read_bytes() for file in here.settings.data_dir.glob("upload_guard.sqlite3*")]
    assert not any(secret.encode() in data or base64.b32decode(secret) in data for data in files)
    stranger = replace(phones, keyring=Keyring(bytes(32)))
    with pytest.raises(SealBroken):
        stranger.is_right(ann.id, code_of(secret, here))


def test_a_new_master_key_is_no_new_phone(phones: Phones, ann: Account, here: Opened, secret: str) -> None:
    rotated = Keyring(bytes(range(32)), previous=phones.keyring.master)
    Rewrap(phones.database, rotated).run()
    after = replace(phones, keyring=Keyring(rotated.master))
    assert after.is_right(ann.id, code_of(secret, here))
