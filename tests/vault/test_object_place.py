"""An object store as the place of sealed bytes: moto's S3 over loopback, by s3fs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from tests.objects import object_store, use
from tests.quarantine.test_keeper import FINDINGS, VERDICT, cases, crash_while_storing
from tests.support import hold, read, settings_in, upload_of, vault_in
from upload_guard.compose import build_station, open_cases
from upload_guard.errors import ConfigError, StorageFailed, VaultDamaged
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.vault.object_place import ObjectPlace, object_place
from upload_guard.vault.places import MARK
from upload_guard.vault.rounds import Rounds
from upload_guard.vault.vault import Vault

NAME = "ab12cd34"
BUCKET = "s3://evidence/vault"
DATA = b"the very bytes of the upload " * 9000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The bucket, as an administrator's environment would give it."""
    use(server, monkeypatch)
    client = boto3.client("s3")
    client.create_bucket(Bucket="evidence")
    yield client
    for key in all_keys(client):
        client.delete_object(Bucket="evidence", Key=key)


@pytest.fixture
def place(store: object) -> ObjectPlace:
    return ObjectPlace(BUCKET)


@pytest.fixture
def vault(tmp_path: Path, place: ObjectPlace) -> Vault:
    return replace(vault_in(tmp_path), place=place)


def all_keys(store: object) -> list[str]:
    listed = store.list_objects_v2(Bucket="evidence")  # type: ignore[attr-defined]
    return [one["Key"] for one in listed.get("Contents", [])]


def keys(store: object) -> list[str]:
    """Those of objects."""
    return [key for key in all_keys(store) if not key.endswith(MARK)]


def test_objects_lie_under_the_prefix_and_can_be_read_and_deleted(place: ObjectPlace, store: object) -> None:
    assert place.open(NAME) is None
    place.write(NAME, [b"one ", b"two"])
    assert keys(store) == [f"vault/ab/{NAME}"]
    assert place.holds(NAME)
    stream = place.open(NAME)
    assert stream is not None
    with stream:
        assert stream.read() == b"one two"
    place.delete(NAME)
    place.delete(NAME)
    assert not place.holds(NAME)
    assert keys(store) == []


def test_half_an_object_is_none(place: ObjectPlace, store: object) -> None:
    def broken_off() -> Iterator[bytes]:
        yield b"x" * 6_000_000
        raise StorageFailed("the source broke off")

    with pytest.raises(StorageFailed, match="broke off"):
        place.write(NAME, broken_off())
    assert keys(store) == []


def test_the_probe_leaves_nothing(place: ObjectPlace, store: object) -> None:
    place.probe()
    assert keys(store) == []


def test_a_bucket_that_is_not_there_is_a_storage_fault(store: object) -> None:
    nowhere = ObjectPlace("s3://nowhere/vault")
    for attempt in (nowhere.probe, lambda: nowhere.write(NAME, [b"data"])):
        with pytest.raises(StorageFailed, match="s3://nowhere"):
            attempt()


def test_an_address_that_nobody_knows_is_a_setting_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"quarantine\.vault"):
        object_place("carrier-pigeon://loft")


def test_what_is_held_there_is_sealed_and_read_again(vault: Vault, store: object) -> None:
    name = hold(vault, DATA)
    (key,) = keys(store)
    stored = store.get_object(Bucket="evidence", Key=key)["Body"].read()  # type: ignore[attr-defined]
    assert b"very bytes" not in stored
    assert read(vault.content(name)) == DATA


def test_what_is_gone_there_is_told(vault: Vault, store: object, caplog: pytest.LogCaptureFixture) -> None:
    name = hold(vault, DATA)
    (key,) = keys(store)
    store.delete_object(Bucket="evidence", Key=key)  # type: ignore[attr-defined]
    with pytest.raises(VaultDamaged):
        read(vault.content(name))
    assert Rounds(vault).run() == 1
    assert "ALARM" in caplog.text


def test_another_bucket_in_its_place_takes_nothing(vault: Vault, store: object) -> None:
    hold(vault, DATA)
    for key in all_keys(store):
        store.delete_object(Bucket="evidence", Key=key)  # type: ignore[attr-defined]
    with pytest.raises(StorageFailed, match="nothing shows"):
        hold(vault, b"another file")
    assert all_keys(store) == []


def test_of_a_bucket_that_is_missing_no_object_is_gone(
    vault: Vault, store: object, caplog: pytest.LogCaptureFixture
) -> None:
    name = hold(vault, DATA)
    for key in all_keys(store):
        store.delete_object(Bucket="evidence", Key=key)  # type: ignore[attr-defined]
    store.delete_bucket(Bucket="evidence")  # type: ignore[attr-defined]
    with pytest.raises(StorageFailed):
        read(vault.content(name))
    assert "ALARM" not in caplog.text
    store.create_bucket(Bucket="evidence")  # type: ignore[attr-defined]


def test_what_is_shredded_is_gone_there(vault: Vault, store: object) -> None:
    name = hold(vault, DATA)
    with vault.database.session() as session:
        vault.shred(session, name)
    vault.finish_shredding()
    assert keys(store) == []


def test_a_put_that_was_not_committed_becomes_a_case_once_nobody_can_be_writing_it(vault: Vault) -> None:
    keeper = QuarantineKeeper(vault.database, vault)
    number = keeper.keep(upload_of(DATA), VERDICT, FINDINGS)
    crash_while_storing(keeper, number)
    keeper.recover()
    assert cases(keeper.database)[number].state == "storing"


def test_a_station_holds_its_uploads_there_by_one_setting(tmp_path: Path, store: object) -> None:
    settings = settings_in(tmp_path, quarantine={"vault": BUCKET})
    number = build_station(settings).keeper.keep(upload_of(DATA), VERDICT, FINDINGS)
    case = open_cases(settings).one(number)
    assert case.place.startswith(f"{BUCKET}/")
    assert read(case.content) == DATA
    assert not list(settings.vault_dir.glob("*/*"))
