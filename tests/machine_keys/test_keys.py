"""Machine keys as rows: made, rotated, revoked; their secrets are nowhere in plain text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.errors import MasterKeyError, SealBroken, UsageError
from upload_guard.keyring import Keyring
from upload_guard.machine_keys.keys import SITE_SCOPES, KeyStore, MachineKey, Scope
from upload_guard.machine_keys.opening import open_keys

NOW = datetime(2026, 1, 2, 3, 45, 6, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return replace(open_keys(settings_in(tmp_path)), now=lambda: NOW)


def at(keys: KeyStore, moment: datetime) -> KeyStore:
    return replace(keys, now=lambda: moment)


def found(keys: KeyStore, key_id: str) -> MachineKey:
    key = keys.find(key_id)
    assert key is not None
    return key[0]


def test_a_key_is_found_with_its_secret(keys: KeyStore) -> None:
    made = keys.new("blog", SITE_SCOPES, "ann")
    key = keys.find(made.key_id)
    assert key is not None
    assert key[1] == made.secret
    assert (key[0].site, key[0].scopes, key[0].created_at, key[0].created_by) == (
        "blog",
        {Scope.CHECK, Scope.OWN_CASES, Scope.FETCH, Scope.LATE_OUTCOME},
        NOW,
        "ann",
    )
    assert key[0].fault(NOW) == ""


def test_an_unknown_key_is_not_found(keys: KeyStore) -> None:
    assert keys.find("0123") is None


def test_no_two_keys_are_alike_and_a_secret_has_256_bits(keys: KeyStore) -> None:
    one, two = (keys.new("blog", SITE_SCOPES, "ann") for _ in range(2))
    assert one.key_id != two.key_id
    assert one.secret != two.secret
    assert len(one.secret) * 6 >= 256


def test_the_secret_lies_in_no_file_in_plain_text(keys: KeyStore, tmp_path: Path) -> None:
    secret = keys.new("blog", SITE_SCOPES, "ann").secret.encode()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if secret in file.read_bytes()]


def test_a_sealed_secret_moved_to_another_row_does_not_open(keys: KeyStore) -> None:
    weak, strong = keys.new("a", {Scope.CHECK}, "ann"), keys.new("b", {Scope.REVIEW}, "ann")
    with keys.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE machine_keys SET secret = (SELECT secret FROM machine_keys WHERE id = ?) WHERE id = ?",
            (weak.key_id, strong.key_id),
        )
    with pytest.raises(SealBroken):
        keys.find(strong.key_id)


def test_a_key_expires(keys: KeyStore) -> None:
    made = found(keys, keys.new("blog", SITE_SCOPES, "ann", DAY).key_id)
    assert made.fault(NOW + DAY - timedelta(seconds=1)) == ""
    assert made.fault(NOW + DAY) == "expired"


def test_a_revoked_key_is_dead_and_stays_known(keys: KeyStore) -> None:
    made = keys.new("blog", SITE_SCOPES, "ann")
    keys.revoke(made.key_id, "ann")
    at(keys, NOW + DAY).revoke(made.key_id, "ann")
    assert found(keys, made.key_id).fault(NOW) == "revoked"
    assert [key.revoked_at for key in keys.show()] == [NOW]


def test_rotation_makes_a_like_key_and_ends_the_old_one_after_the_overlap(keys: KeyStore) -> None:
    old = keys.new("blog", {Scope.METRICS}, "ann")
    new = keys.rotate(old.key_id, "bob", timedelta(hours=2))
    before, after = found(keys, old.key_id), found(keys, new.key_id)
    assert before.fault(NOW + timedelta(hours=1)) == after.fault(NOW + timedelta(hours=1)) == ""
    assert before.fault(NOW + timedelta(hours=2)) == "expired"
    assert (after.site, after.scopes, after.created_by, after.expires_at) == (
        "blog",
        {Scope.METRICS},
        "bob",
        None,
    )
    assert before.replaced_by == new.key_id


def test_rotation_keeps_the_lifetime_and_never_prolongs_the_old_key(keys: KeyStore) -> None:
    old = keys.new("blog", SITE_SCOPES, "ann", 10 * DAY)
    new = at(keys, NOW + 9 * DAY).rotate(old.key_id, "ann", 5 * DAY)
    assert found(keys, old.key_id).expires_at == NOW + 10 * DAY
    assert found(keys, new.key_id).expires_at == NOW + 19 * DAY


def test_a_key_is_rotated_once(keys: KeyStore) -> None:
    old = keys.new("blog", SITE_SCOPES, "ann")
    new = keys.rotate(old.key_id, "ann", DAY)
    with pytest.raises(UsageError, match=f"replaced by {new.key_id}"):
        keys.rotate(old.key_id, "ann", DAY)
    assert len(keys.show()) == 2


def test_a_dead_key_cannot_come_back_by_rotation(keys: KeyStore) -> None:
    made = keys.new("blog", SITE_SCOPES, "ann")
    keys.revoke(made.key_id, "ann")
    with pytest.raises(UsageError, match="is revoked"):
        keys.rotate(made.key_id, "ann", DAY)


def test_an_unknown_key_can_be_neither_rotated_nor_revoked(keys: KeyStore) -> None:
    with pytest.raises(UsageError, match="no key is called x"):
        keys.rotate("x", "ann", DAY)
    with pytest.raises(UsageError, match="no key is called x"):
        keys.revoke("x", "ann")


def test_use_is_noted_to_the_hour(keys: KeyStore) -> None:
    made = keys.new("blog", SITE_SCOPES, "ann")
    keys.note_use(found(keys, made.key_id))
    used = found(keys, made.key_id)
    assert used.last_used_at == NOW.replace(minute=0, second=0)
    assert used.is_use_noted(NOW)
    assert not used.is_use_noted(NOW + timedelta(hours=1))


def test_another_master_key_is_noticed_at_the_start(keys: KeyStore) -> None:
    other = replace(keys, keyring=Keyring(bytes(32)))
    other.probe()
    keys.new("blog", SITE_SCOPES, "ann")
    keys.probe()
    with pytest.raises(MasterKeyError, match="another master key"):
        other.probe()
    keys.revoke(keys.show()[0].id, "ann")
    other.probe()


# The key that signs to a site ----------------------------------------------------------------------


def test_a_site_is_signed_to_with_the_key_that_it_uses_and_not_with_a_newer_one(keys: KeyStore) -> None:
    old = keys.new("blog", SITE_SCOPES, "ann")
    keys.note_use(found(keys, old.key_id))
    new = keys.rotate(old.key_id, "ann", DAY)
    assert keys.signer_of("blog") == old
    used = at(keys, NOW + timedelta(hours=2))
    used.note_use(found(keys, new.key_id))
    assert used.signer_of("blog") == new


def test_before_any_was_used_it_is_the_oldest(keys: KeyStore) -> None:
    first = keys.new("blog", SITE_SCOPES, "ann")
    at(keys, NOW + DAY).new("blog", SITE_SCOPES, "ann")
    assert keys.signer_of("blog") == first


def test_no_dead_key_signs_nor_one_of_another_site_nor_one_that_sees_no_cases(keys: KeyStore) -> None:
    keys.revoke(keys.new("blog", SITE_SCOPES, "ann").key_id, "ann")
    keys.new("blog", SITE_SCOPES, "ann", DAY)
    keys.new("blog", {Scope.CHECK}, "ann")
    keys.new("shop", SITE_SCOPES, "ann")
    assert at(keys, NOW + DAY).signer_of("blog") is None


def test_a_customer_that_only_asks_is_signed_to_with_the_key_by_which_it_asks(keys: KeyStore) -> None:
    own = keys.new("forum", {Scope.SERVICE}, "ann")
    assert keys.signer_of("forum") == own


def test_a_key_that_cannot_be_opened_signs_nothing(keys: KeyStore) -> None:
    keys.new("blog", SITE_SCOPES, "ann")
    assert replace(keys, keyring=Keyring(b"x" * 32)).signer_of("blog") is None
