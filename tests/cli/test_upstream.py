"""upload-guard upstream, and what other commands say of check services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkers.upstreams.services import Service, emptied, eokm_service
from tests.cli.test_cli import Said, run
from tests.serving import write_config
from tests.support import OTHER_SEED, picture_bytes
from tests.upstreams.stand_in import Reply
from upload_guard.canary import canary_png


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with eokm_service() as service:
        yield service


@pytest.fixture
def service(running: Service) -> Iterator[Service]:
    with emptied(running) as service:
        yield service


@pytest.fixture
def folder(service: Service, tmp_path: Path) -> Path:
    write_config(tmp_path / "config.toml", {"upstreams.eokm": service.table()}, data_dir="data")
    return tmp_path


def upstream(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "upstream", *arguments)


def test_the_list_says_what_is_sent_and_what_answers_mean(folder: Path, service: Service) -> None:
    said = upstream(folder, "list")
    assert said.returncode == 0
    assert all(
        word in said.stdout for word in ("eokm", service.running.url, "md5, sha1", "illegal", "closed")
    )
    assert service.system.password not in said.stdout


def test_a_test_asks_about_the_canary(folder: Path, service: Service) -> None:
    said = upstream(folder, "test", "eokm")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("eokm answered in ")
    assert "does not know it" in said.stdout
    assert len(service.bodies) == 2
    service.knows(canary_png())
    assert "knows it (1 hits)" in upstream(folder, "test").stdout


def test_one_that_does_not_answer_is_named_and_why(folder: Path, service: Service) -> None:
    service.running.instead = Reply(b"Unauthorized", 401)
    said = upstream(folder, "test")
    assert said.returncode == 1
    assert "eokm gave no answer: " in said.stderr
    assert "look at user and password" in said.stderr


def test_a_name_that_no_settings_have_is_an_error(folder: Path) -> None:
    said = upstream(folder, "test", "hma")
    assert said.returncode == 2
    assert "there is no check service 'hma': write one into [upstreams.hma]" in said.stderr


def test_check_and_explain_say_what_it_knows_and_when_it_is_silent(folder: Path, service: Service) -> None:
    data = picture_bytes(OTHER_SEED)
    (folder / "a.jpg").write_bytes(data)
    service.knows(data)
    said = run(folder, "--config", "config.toml", "check", "a.jpg")
    assert said.returncode == 1
    assert "md5 known to the check service eokm (illegal)" in said.stdout
    service.running.instead = Reply(b"", 503)
    assert run(folder, "--config", "config.toml", "check", "a.jpg").returncode == 4
    told = run(folder, "--config", "config.toml", "explain", "a.jpg")
    assert "check service eokm: " in " ".join(told.stdout.split())


def test_the_doctor_names_one_that_fails(folder: Path, service: Service) -> None:
    assert "upstreams" in run(folder, "--config", "config.toml", "doctor").stdout
    service.running.instead = Reply(b"", 503)
    said = run(folder, "--config", "config.toml", "doctor")
    assert said.returncode == 2
    assert "eokm gave no answer" in said.stdout
