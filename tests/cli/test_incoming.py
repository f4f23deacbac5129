"""The commands about notices that came in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run

MAIL = b"""From: A. Teller <teller@example.org>
To: abuse@example.org
Subject: a picture\x1b[31m
Message-ID: <1@example.org>
Content-Type: text/plain; charset=utf-8

Please look at https://blog.example.org/media/a.jpg
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incoming")


def command(folder: Path, *arguments: str) -> Said:
    return run(folder, "incoming", *arguments)


def test_a_mail_is_taken_listed_and_shown(folder: Path) -> None:
    (folder / "one.eml").write_bytes(MAIL)
    number = command(folder, "take", "one.eml").stdout.strip()
    assert number.startswith("N-")
    assert command(folder, "take", "one.eml").stdout.strip() == number
    assert number in command(folder, "list").stdout
    shown = command(folder, "show", number).stdout
    assert "https://blog.example.org/media/a.jpg" in shown
    assert "teller@example.org" in shown
    assert "\x1b[31m" not in shown


def test_a_number_that_is_none_is_told(folder: Path) -> None:
    said = command(folder, "show", "N-2222-2222-2222")
    assert said.returncode == 2
    assert "no notice" in said.stderr


@pytest.fixture
def box(tmp_path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1.host").write_bytes(MAIL)
    return tmp_path


def test_a_mailbox_is_fetched_when_asked_for(box: Path) -> None:
    (box / "upload_guard.toml").write_text('[mailboxes.abuse]\nmaildir = "box"\n')
    asked = "--config", "upload_guard.toml", "incoming"
    assert run(box, *asked, "fetch").stdout == "abuse: 1 taken\n"
    assert run(box, *asked, "fetch", "abuse").stdout == "abuse: 0 taken\n"
    assert "N-" in run(box, *asked, "list").stdout
    assert run(box, *asked, "fetch", "other").returncode == 2


def test_a_mailbox_that_cannot_be_read_is_told(box: Path) -> None:
    (box / "upload_guard.toml").write_text(
        '[mailboxes.abuse]\nmaildir = "box"\n[mailboxes.first]\nmaildir = "upload_guard.toml/box"\n'
    )
    said = run(box, "--config", "upload_guard.toml", "incoming", "fetch")
    assert said.returncode == 1
    assert "abuse: 1 taken" in said.stdout
    assert "first: FAILED" in said.stdout
