"""The master key: where it comes from, and that what is sealed opens only for whom it was sealed."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from upload_guard.errors import ConfigError, MasterKeyError, SealBroken
from upload_guard.keyring import KEY_FILE, Keyring, open_keyring
from upload_guard.loading import load_settings
from upload_guard.settings import Settings

MASTER = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
RING = Keyring(bytes.fromhex(MASTER))


def settings(folder: Path, **keys: Any) -> Settings:
    return Settings.model_validate({"data_dir": folder / "data", "keys": keys})


# Sealing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [b"", b"x", b"secret" * 10_000], ids=len)
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    assert RING.open_sealed("test", RING.seal("test", plain, b"row 1"), b"row 1") == plain


def test_the_plain_bytes_do_not_show_and_no_two_seals_are_alike() -> None:
    one, two = (RING.seal("test", b"the secret itself", b"row 1") for _ in range(2))
    assert b"secret" not in one
    assert one != two


@pytest.mark.parametrize(
    ("ring", "purpose", "context", "why"),
    [
        (RING, "other", b"row 1", "altered, or belong elsewhere"),
        (RING, "test", b"row 2", "altered, or belong elsewhere"),
        (Keyring(bytes(32)), "test", b"row 1", "another master key"),
    ],
    ids=["another purpose", "another row", "another installation"],
)
def test_it_opens_for_nobody_else(ring: Keyring, purpose: str, context: bytes, why: str) -> None:
    sealed = RING.seal("test", b"plain", b"row 1")
    with pytest.raises(SealBroken, match=why):
        ring.open_sealed(purpose, sealed, context)


def test_a_change_to_any_byte_or_a_missing_end_is_noticed() -> None:
    sealed = RING.seal("test", b"plain", b"row 1")
    altered = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for spoilt in (*altered, *(sealed[:end] for end in range(len(sealed))), sealed + b"x"):
        with pytest.raises(SealBroken):
            RING.open_sealed("test", spoilt, b"row 1")


def test_the_derivation_stays_the_same_in_every_release() -> None:
    # Computed apart from this module: HMAC-SHA256 twice, as RFC 5869 has it.
    extracted = hmac.new(bytes(32), RING.master, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"upload_guard/1/test\x01", hashlib.sha256).digest()
    assert RING.subkey("test") == expanded


def test_the_key_does_not_show_where_the_ring_is_printed() -> None:
    assert MASTER not in repr(RING)
    assert str(RING.master) not in repr(RING)


# Where the key comes from -------------------------------------------------------------------------


def test_the_settings_may_hold_it(tmp_path: Path) -> None:
    assert open_keyring(settings(tmp_path, master=MASTER)) == RING
    assert not (tmp_path / "data").exists()


def test_a_file_of_its_own_may_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "master").write_text(MASTER + "\n")
    monkeypatch.setenv("UPLOAD_GUARD_KEYS__MASTER_FILE", str(tmp_path / "master"))
    assert open_keyring(load_settings()) == RING


def test_a_command_may_print_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"print({MASTER!r})"]
    assert open_keyring(settings(tmp_path, command=command)) == RING


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("print('no key')", "64 hexadecimal digits"),
        ("import time; time.sleep(60)", "took over"),
    ],
)
def test_a_command_that_prints_none_is_a_fault(tmp_path: Path, program: str, why: str) -> None:
    command = [sys.executable, "-c", program]
    with pytest.raises(MasterKeyError, match=why):
        open_keyring(settings(tmp_path, command=command, command_timeout=0.5 if "sleep" in program else 60))


def test_a_command_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="No such file"):
        open_keyring(settings(tmp_path, command=["/nowhere/command"]))


def test_else_a_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = open_keyring(settings(tmp_path))
    file = tmp_path / "data" / KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert bytes.fromhex(file.read_text()) == first.master
    assert open_keyring(settings(tmp_path)) == first
    assert list(file.parent.iterdir()) == [file]


def test_two_installations_never_have_the_same_key(tmp_path: Path) -> None:
    assert open_keyring(settings(tmp_path / "one")) != open_keyring(settings(tmp_path / "two"))


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    program = (
        "import sys; from upload_guard.keyring import open_keyring\n"
        "from upload_guard.settings import Settings\n"
        "sys.stdin.read(); print(open_keyring(Settings(data_dir=sys.argv[1])).master.hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    printed = set()
    for process in started:
        assert process.stdout is not None
        with process, process.stdout:
            printed.add(process.stdout.read().strip())
    assert printed == {(tmp_path / "data" / KEY_FILE).read_text().strip()}
    assert [file.name for file in (tmp_path / "data").iterdir()] == [KEY_FILE]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    open_keyring(settings(tmp_path))
    (tmp_path / "data" / KEY_FILE).chmod(0o640)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        open_keyring(settings(tmp_path))


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"\xff" * 64], ids=["empty", "short", "no text"])
def test_a_damaged_file_is_a_fault_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data" / KEY_FILE
    file.parent.mkdir()
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    file.write_bytes(content)
    with pytest.raises(MasterKeyError, match="64 hexadecimal digits"):
        open_keyring(settings(tmp_path))
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(MasterKeyError, match=KEY_FILE):
        open_keyring(settings(tmp_path))


def test_a_wrong_key_in_the_settings_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_KEYS__MASTER", "abc123")
    with pytest.raises(ConfigError, match=r"KEYS__MASTER: keys.master: must be 64 hex") as caught:
        load_settings()
    assert "abc123" not in str(caught.value)


def test_a_key_and_a_command_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not both") as caught:
        load_settings(keys={"master": MASTER, "command": ["x"]})
    assert MASTER not in str(caught.value)
