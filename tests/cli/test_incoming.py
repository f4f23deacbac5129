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
