"""Machine keys as somebody makes and takes them back on the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('data_dir = "data"\n')
    return tmp_path


def key(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "key", *arguments)


def made(said: Said) -> dict[str, str]:
    """What a command shows, as a site's [service] section reads it."""
    assert said.returncode == 0, said.stderr
    return tomllib.loads(said.stdout)


def test_a_new_key_is_shown_once_as_lines_for_the_configuration(folder: Path) -> None:
    said = key(folder, "new", "blog")
    shown = made(said)
    assert set(shown) == {"key_id", "secret"}
    Settings.model_validate({"service": shown})
    assert "only now" in said.stderr
    assert shown["secret"] not in said.stderr
    found = open_keys(Settings(data_dir=folder / "data")).find(shown["key_id"])
    assert found is not None
    assert (found[0].site, found[1]) == ("blog", shown["secret"])
    listed = key(folder, "list").stdout
    assert f"{shown['key_id']}  blog  good   check fetch late-outcome own-cases" in listed
    assert shown["secret"] not in listed


def test_a_key_may_have_other_scopes_and_an_end(folder: Path) -> None:
    made(key(folder, "new", "ops", "--scope", "metrics", "--scope", "details", "--expires", "30"))
    listed = key(folder, "list").stdout
    assert "details metrics" in listed
    assert "check" not in listed


def test_rotating_shows_the_new_key_and_leaves_the_old_one_its_overlap(folder: Path) -> None:
    old = made(key(folder, "new", "blog"))["key_id"]
    said = key(folder, "rotate", old, "--overlap", "2")
    new = made(said)["key_id"]
    assert f"{old} works for 2 hours more" in said.stderr
    listed = key(folder, "list").stdout
    assert f"{old}  blog  replaced by {new}" in listed
    assert f"{new}  blog  good" in listed


def test_a_revoked_key_is_shown_as_such(folder: Path) -> None:
    one = made(key(folder, "new", "blog"))["key_id"]
    assert key(folder, "revoke", one).stdout == f"{one} revoked\n"
    assert f"{one}  blog  revoked" in key(folder, "list").stdout


def test_without_keys_the_list_says_how_to_make_one(folder: Path) -> None:
    assert key(folder, "list").stdout == "no keys: 'upload-guard key new SITE' makes one\n"


def test_under_another_master_key_nothing_starts_until_the_lost_keys_are_revoked(folder: Path) -> None:
    lost = made(key(folder, "new", "blog"))["key_id"]
    (folder / "data" / "secret.key").unlink()
    for said in (key(folder, "new", "blog"), run(folder, "--config", "config.toml", "serve")):
        assert (said.returncode, said.stdout) == (2, "")
        assert f"machine key {lost} of blog cannot be opened" in said.stderr.splitlines()[-1]
    key(folder, "revoke", lost)
    assert "'upload-guard audit accept'" in key(folder, "new", "blog").stderr
    run(folder, "--config", "config.toml", "audit", "accept", "--because", "the master key is lost")
    made(key(folder, "new", "blog"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("new", "a b"), "no name of a site"),
        (("new", "blog", "--scope", "everything"), "is not one of"),
        (("new", "blog", "--expires", "0"), "not in the range"),
        (("rotate", "0123"), "no key is called 0123"),
        (("revoke", "0123"), "no key is called 0123"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    said = key(folder, *arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert why in said.stderr
    assert len(said.stderr.splitlines()) == 1
