"""`upload-guard doors` as somebody types it; what it serves is tested in tests/doors."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_cli import run


def test_without_an_address_it_says_which_options_name_one(tmp_path: Path) -> None:
    said = run(tmp_path, "doors")
    assert said.returncode == 2
    assert "set clamd.socket, clamd.host or icap.host" in said.stderr


def test_an_address_that_cannot_be_had_ends_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "c.toml").write_text('[clamd]\nsocket = "taken"\n')
    said = run(tmp_path, "--config", "c.toml", "doors")
    assert said.returncode == 2
    assert "it is there already, and is no socket" in said.stderr
    assert (tmp_path / "taken").read_text() == "a file"


def test_a_group_that_does_not_exist_ends_it_too(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[clamd]\nsocket = "s"\ngroup = "no-such-group"\n')
    said = run(tmp_path, "--config", "c.toml", "doors")
    assert said.returncode == 2
    assert "no-such-group" in said.stderr
