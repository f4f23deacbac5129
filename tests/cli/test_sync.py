"""upload-guard sync, as somebody or a timer types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from tests.upstreams.test_url import lines

SECRET = "a secret of ours"  # noqa: S105 - of a test


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        running.replies["/list"] = Reply(lines(range(1, 21)))
        yield running


@pytest.fixture
def folder(service: StandIn, tmp_path: Path) -> Path:
    configure(tmp_path, service)
    return tmp_path


def configure(folder: Path, service: StandIn, more: str = "") -> None:
    (folder / "config.toml").write_text(
        f"""
[lists.icse.exchange]
url = "{service.url}/list"
origin = "interpol"
category = "baseline"
user = "site"
password = "{SECRET}"
{more}
[lists.own]
"""
    )


def sync(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "sync", *arguments)


def test_a_first_run_imports_and_says_how_the_list_gets_to_act(folder: Path) -> None:
    said = sync(folder, "run")
    assert said.returncode == 0
    assert "icse: version 1, 20 entries; pages fetched: 1" in said.stdout
    assert "It acts after: upload-guard list activate icse 1" in said.stdout


def test_what_is_not_due_is_left_alone_unless_it_is_named(folder: Path, service: StandIn) -> None:
    sync(folder, "run")
    assert sync(folder, "run") == Said(0, "", "")
    assert len(service.asked) == 1
    assert "icse: nothing new; it is version 1 (20 entries)" in sync(folder, "run", "icse").stdout


def test_what_failed_is_due_at_once(folder: Path, service: StandIn) -> None:
    service.replies["/list"] = Reply(status=500)
    assert sync(folder, "run").returncode == 1
    assert sync(folder, "run").returncode == 1
    assert len(service.asked) == 2


def test_a_failed_run_says_why_and_so_does_the_status(folder: Path, service: StandIn) -> None:
    sync(folder, "run")
    service.replies["/list"] = Reply(status=500)
    said = sync(folder, "run", "icse")
    assert (said.returncode, said.stdout) == (1, "")
    assert f"icse: {service.url}/list answered with status 500" in said.stderr
    status = sync(folder, "status")
    assert status.returncode == 1
    assert "answered with status 500" in status.stdout


def test_the_status_names_age_checkpoint_and_version(folder: Path) -> None:
    before = sync(folder, "status")
    assert before.returncode == 1
    assert "was never run" in before.stdout
    sync(folder, "run")
    status = sync(folder, "status")
    assert status.returncode == 0
    head, row = status.stdout.splitlines()
    assert head.split() == ["list", "age", "last", "tried", "state", "version", "checkpoint", "fault"]
    assert row.startswith("icse  0 h 00 min")
    assert "settled  1" in row
    assert "own" not in status.stdout


def test_a_stale_list_is_an_alarm_and_a_failure(
    folder: Path, service: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    sync(folder, "run")
    configure(folder, service, "stale_hours = 1e-9")
    status = sync(folder, "status")
    assert status.returncode == 1
    assert "(stale)" in status.stdout
    assert sync(folder, "run").returncode == 1
    assert "ALARM: list 'icse' is stale" in caplog.text


def test_one_list_that_fails_does_not_keep_others_from_being_fetched(folder: Path, service: StandIn) -> None:
    more = f'[lists.abc.exchange]\nurl = "{service.url}/none"\norigin = "x"\ncategory = "baseline"'
    configure(folder, service, more)
    said = sync(folder, "run")
    assert said.returncode == 1
    assert "abc: " in said.stderr
    assert "icse: version 1" in said.stdout


def test_a_list_without_an_exchange_is_named(folder: Path) -> None:
    said = sync(folder, "run", "own")
    assert said.returncode == 2
    assert "list 'own' has no exchange" in said.stderr


def test_the_password_is_sent_and_shown_nowhere(folder: Path, service: StandIn) -> None:
    said = [sync(folder, "run"), sync(folder, "status")]
    assert service.asked[0].headers["Authorization"].startswith("Basic ")
    assert SECRET not in str(said)
    for file in (folder / "upload_guard_data").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
