"""upload-guard audit, master-key, and what quarantine says of holds and exports."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest
from sqlalchemy import update

from tests.cli.test_cli import run
from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import settings_in, upload_of
from upload_guard.compose import build_station, open_audit, open_exports
from upload_guard.quarantine.custody.retention import BY_RETENTION
from upload_guard.storage.vault_tables import AuditRow

KEY = str(pyrage.x25519.Identity.generate().to_public())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UPLOAD_GUARD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def case(folder: Path) -> str:
    return build_station(settings_in(folder)).keeper.keep(upload_of(b"data"), VERDICT, FINDINGS)


def said(*arguments: str) -> str:
    done = run(Path.cwd(), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: str) -> str:
    done = run(Path.cwd(), *arguments)
    assert done.returncode == 2
    return done.stderr


def test_what_was_done_is_shown_and_verified(case: str) -> None:
    assert "Nothing has been noted." in said("audit", "show")
    said("quarantine", "escalate", case, "--because", "look here")
    said("quarantine", "hold", case, "--because", "the police asked")
    shown = said("audit", "show", "--case", case)
    assert shown.index("hold.placed") < shown.index("case.escalated")
    assert "the police asked" in shown
    assert "2 acts, each as it was written" in said("audit", "verify")
    assert said("audit", "head").startswith("2 ")


def test_an_altered_row_is_said_and_nothing_is_decided_until_it_is_accepted(case: str, folder: Path) -> None:
    said("quarantine", "escalate", case, "--because", "look here")
    with open_audit(settings_in(folder)).database.session() as session:
        session.execute(update(AuditRow).values(person="eve"))
    assert "row 1 is not as it was written" in refused("audit", "verify")
    assert "read-only" in refused("quarantine", "confirm", case, "--because", "it is")
    said("audit", "accept", "--because", "a test did it")
    said("quarantine", "confirm", case, "--because", "it is")
    assert "acts" in said("audit", "verify")


def test_a_hold_is_placed_and_lifted(case: str) -> None:
    assert "on hold 1" in said("quarantine", "hold", case, "--because", "the police asked")
    assert "lifted" in said("quarantine", "lift-hold", case, "--because", "the police is done")
    assert "no such hold" in refused("quarantine", "lift-hold", case, "--because", "again")


def test_a_vault_that_is_lost_is_given_up(case: str) -> None:
    assert "is the vault from now on" in said("quarantine", "accept-vault", "--because", "the disk broke")
    assert "vault.accepted" in said("audit", "show")


def test_a_reported_case_is_kept_for_a_year_from_the_report(case: str) -> None:
    report = ("quarantine", "preserve", case, "--report", "17")
    assert "kept until 2027-03-01" in said(*report, "--submitted", "2026-03-01")
    assert "still to come" in refused(*report, "--submitted", "2999-01-01")


def test_an_export_takes_a_second_person(case: str, folder: Path) -> None:
    asking = ("quarantine", "request-export", case, "--to", KEY, "--because", "reference 17")
    giving = ("quarantine", "export", case, "--to", KEY, "--out", "evidence.age")
    assert "A second person" in said(*asking)
    assert "second person" in refused(*giving)
    open_exports(settings_in(folder)).request(case, KEY, "ben", "reference 17")
    assert "sha256" in said(*giving)
    assert (folder / "evidence.age").read_bytes().startswith(b"age-encryption.org")


def test_the_list_says_what_became_of_the_bytes(case: str, folder: Path) -> None:
    assert "/vault/" in said("quarantine", "list")
    keeper = build_station(settings_in(folder)).keeper
    with keeper.database.session() as session:
        keeper.vault.shred(session, Path(said("quarantine", "list").split()[-1]).name)
    assert "shredded" in said("quarantine", "list")
    assert BY_RETENTION not in said("audit", "show")


def test_the_master_key_is_replaced_step_by_step(case: str, folder: Path) -> None:
    said("quarantine", "hold", case, "--because", "the police asked")
    assert "0 keys are still" in said("master-key", "status")
    assert "restart every server" in said("master-key", "new")
    assert "2 keys are still" in said("master-key", "status")
    assert "run 'master-key rewrap' first" in refused("master-key", "forget")
    assert "2 keys rewrapped, 0 left" in said("master-key", "rewrap")
    assert "Forgotten." in said("master-key", "forget")
    assert "no old key" in said("master-key", "forget")
    assert "1 acts" in said("audit", "verify")


def test_a_master_key_of_the_settings_is_replaced_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_KEYS__MASTER", "ab" * 32)
    assert "keys.previous" in refused("master-key", "new")
