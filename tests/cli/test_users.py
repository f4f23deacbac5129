"""Persons as an administrator of the machine adds and shuts them out."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.people.gates import PASSWORD
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role
from upload_guard.people.sessions import Needs
from upload_guard.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('data_dir = "data"\n')
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    return tmp_path


@pytest.fixture
def gate(folder: Path) -> Gate:
    settings = Settings(data_dir=folder / "data")
    return open_gate(settings, open_database_of(settings))


def user(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "user", *arguments)


def added(folder: Path, name: str = "ann", role: str = "administrator") -> None:
    said = user(folder, "add", name, "--role", role, "--password-file", "password")
    assert said.returncode == 0, said.stderr


def test_the_first_administrator(folder: Path, gate: Gate) -> None:
    assert "adds the first" in user(folder, "list").stdout
    added(folder)
    assert gate.log_in.by_password("ann", PASSWORD, "").needs is Needs.ENROLMENT
    assert "ann   administrator  good   password" in user(folder, "list").stdout


def test_no_password_is_an_argument(folder: Path) -> None:
    said = user(folder, "add", "ann", "--role", "viewer", "--password", PASSWORD)
    assert said.returncode == 2
    assert "--password" in said.stderr


def test_a_password_comes_from_standard_input(folder: Path, gate: Gate) -> None:
    command = [sys.executable, "-m", "upload_guard", "--config", "config.toml"]
    add = [*command, "user", "add", "bob", "--role", "viewer"]
    subprocess.run(add, cwd=folder, input=PASSWORD.encode(), check=True, capture_output=True)
    assert gate.log_in.by_password("bob", PASSWORD, "").needs is Needs.NOTHING


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(folder: Path, gate: Gate) -> None:
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "upload_guard", "--config", "config.toml"]
    asking = subprocess.Popen(
        [*command, "user", "add", "bob", "--role", "viewer"],
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    for prompt in (b"Password: ", b"Once more: "):
        while not shown.endswith(prompt):
            shown += os.read(master, 1024)
        os.write(master, f"{PASSWORD}\n".encode())
    assert asking.wait(60) == 0
    os.close(master)
    assert PASSWORD.encode() not in shown
    assert gate.log_in.by_password("bob", PASSWORD, "")


@pytest.mark.parametrize("poor", ["short", "aaaaaaaaaaaaaaaaaaaa"])
def test_a_poor_password_is_refused_with_a_reason(folder: Path, gate: Gate, poor: str) -> None:
    (folder / "password").write_text(poor)
    said = user(folder, "add", "ann", "--role", "viewer", "--password-file", "password")
    assert (said.returncode, "the password is" in said.stderr) == (2, True)
    assert gate.people.is_nobody_there()


def test_a_made_up_password_is_shown_once_and_has_to_be_replaced(folder: Path, gate: Gate) -> None:
    said = user(folder, "add", "bob", "--role", "reviewer", "--temporary")
    assert "only now" in said.stderr
    assert gate.log_in.by_password("bob", said.stdout.strip(), "").needs is Needs.PASSWORD
    again = user(folder, "password", "bob", "--temporary")
    assert again.stdout.strip() != said.stdout.strip()
    assert gate.log_in.by_password("bob", again.stdout.strip(), "").needs is Needs.PASSWORD


def test_role_password_disabling_and_enabling(folder: Path, gate: Gate) -> None:
    added(folder)
    added(folder, "bob", "viewer")
    assert user(folder, "role", "bob", "list_manager").returncode == 0
    assert gate.people.find("bob").role is Role.LIST_MANAGER
    (folder / "password").write_text("seven lamps along the quiet canal")
    assert user(folder, "password", "bob", "--password-file", "password").returncode == 0
    assert gate.log_in.by_password("bob", "seven lamps along the quiet canal", "")
    user(folder, "disable", "bob")
    assert "bob   list_manager   disabled" in user(folder, "list").stdout
    user(folder, "enable", "bob")
    assert gate.people.find("bob").disabled_at is None


def test_a_lost_phone(folder: Path, gate: Gate) -> None:
    added(folder)
    gate.phones.offered(gate.people.find("ann").id)
    assert user(folder, "reset-totp", "ann").returncode == 0
    assert gate.people.find("ann").totp_since is None


@pytest.mark.parametrize("command", [("disable",), ("enable",), ("role", "viewer"), ("reset-totp",)])
def test_nobody_of_that_name(folder: Path, command: tuple[str, ...]) -> None:
    act, *more = command
    said = user(folder, act, "eve", *more)
    assert (said.returncode, "nobody is called 'eve'" in said.stderr) == (2, True)


def test_what_was_done_is_in_the_audit_log(folder: Path) -> None:
    added(folder)
    shown = run(folder, "--config", "config.toml", "audit", "verify")
    assert shown.returncode == 0
