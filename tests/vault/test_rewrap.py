"""Rotating the master key: killed and resumed, with everything readable all the time."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.reports.house import report_house
from tests.support import hold, read, settings_in, vault_in
from upload_guard.audit.opening import open_audited
from upload_guard.errors import MasterKeyError
from upload_guard.keyring import Keyring, forget_previous_file, open_keyring, replace_key_file
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys
from upload_guard.reports.facts import Uploader
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.rewrap import Rewrap, masters
from upload_guard.vault.vault import Vault

OLD, NEW = b"m" * 32, b"n" * 32


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_in(tmp_path)


def blobs(vault: Vault) -> dict[Path, tuple[bytes, int]]:
    files = [file for file in vault.folder.rglob("*") if file.is_file()]
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_keys_are_wrapped_anew_and_no_blob_is_touched(vault: Vault) -> None:
    names = [hold(vault, bytes([at])) for at in range(5)]
    before = blobs(vault)
    ring = Keyring(NEW, OLD)
    assert Rewrap(vault.database, ring).left() == 5
    assert Rewrap(vault.database, ring).run() == 5
    assert (Rewrap(vault.database, ring).run(), Rewrap(vault.database, ring).left()) == (0, 0)
    assert blobs(vault) == before
    after = replace(vault, keyring=Keyring(NEW))
    assert [read(after.content(name)) for name in names] == [bytes([at]) for at in range(5)]
    with pytest.raises(MasterKeyError):
        read(vault.content(names[0]))


def test_reports_and_uploaders_stay_readable(tmp_path: Path) -> None:
    house = report_house(tmp_path)
    case = house.confirmed()
    told = Uploader(account="u7")
    house.desk.uploaders.tell(case, told, "ann")
    number = house.desk.draft(case, "hotline", "ann").number
    paper = house.desk.paper(number)
    ring = Keyring(NEW, house.desk.keyring.master)
    before = Rewrap(house.database, ring).left()
    assert before >= 2
    assert Rewrap(house.database, ring).run() == before
    assert Rewrap(house.database, ring).left() == 0
    assert replace(house.desk, keyring=Keyring(NEW)).paper(number) == paper
    with house.database.session() as session:
        assert replace(house.desk.uploaders, keyring=Keyring(NEW)).of(session, case) == told


def test_during_a_rotation_the_old_and_the_new_are_read(vault: Vault) -> None:
    old = hold(vault, b"old")
    during = replace(vault, keyring=Keyring(NEW, OLD))
    new = hold(during, b"new")
    during.probe_keys()
    assert (read(during.content(old)), read(during.content(new))) == (b"old", b"new")
    assert masters(vault.database) == {Keyring(OLD).fingerprint.hex(): 1, Keyring(NEW).fingerprint.hex(): 1}


def test_a_third_master_key_is_an_error_that_says_what_to_give(vault: Vault) -> None:
    hold(vault, b"old")
    with pytest.raises(MasterKeyError, match=r"keys\.previous"):
        Rewrap(vault.database, Keyring(NEW, b"x" * 32)).run()


PROGRAM = """
import sys
from upload_guard.keyring import Keyring
from upload_guard.storage.database import open_database
from upload_guard.vault import rewrap
rewrap._AT_ONCE = 5
print("begun", flush=True)
rewrap.Rewrap(open_database(sys.argv[1]), Keyring(b"n" * 32, b"m" * 32)).run()
"""


def test_a_rotation_killed_half_way_is_resumed(vault: Vault) -> None:
    names = [hold(vault, at.to_bytes(2, "big")) for at in range(60)]
    url = vault.database.engine.url.render_as_string()
    during = replace(vault, keyring=Keyring(NEW, OLD))
    kills = 0
    while Rewrap(vault.database, during.keyring).left() and kills < 6:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(secrets.randbelow(120) / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        kills += 1
        assert read(during.content(names[kills % 60])) == (kills % 60).to_bytes(2, "big")
    Rewrap(vault.database, during.keyring).run()
    after = replace(vault, keyring=Keyring(NEW))
    assert [read(after.content(name)) for name in names] == [at.to_bytes(2, "big") for at in range(60)]
    with vault.database.session() as session:
        assert set(session.scalars(select(VaultObject.master))) == {Keyring(NEW).fingerprint}


# The whole way, with a key in a file --------------------------------------------------------------


def test_a_key_in_a_file_is_replaced_with_all_that_lies_under_it(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    made = open_keys(settings).new("blog", SITE_SCOPES, "ann")
    first = open_keyring(settings)
    replace_key_file(settings.data_dir)
    second = open_keyring(settings)
    assert second.previous == first.master != second.master
    with pytest.raises(MasterKeyError, match="under way"):
        replace_key_file(settings.data_dir)
    database = open_audited(settings)
    assert Rewrap(database, second).left() == 2
    assert Rewrap(database, second).run() == 2
    assert forget_previous_file(settings.data_dir)
    assert open_keyring(settings) == Keyring(second.master)
    assert open_keys(settings).find(made.key_id)
    open_keys(settings).revoke(made.key_id, "ann")


def test_a_replacement_that_was_killed_before_the_new_key_was_in_place_is_made_again(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = open_keyring(settings)
    (settings.data_dir / "previous.key").hardlink_to(settings.data_dir / "secret.key")
    assert open_keyring(settings).master == first.master
    replace_key_file(settings.data_dir)
    assert open_keyring(settings).previous == first.master
