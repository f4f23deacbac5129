"""check-config: every fault, every warning, and each option with its origin; no secret."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.cli.test_cli import Said, run
from tests.support import activate_listed_picture
from upload_guard.doctor.machine import file_system_of
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys


def checked(folder: Path, text: str = "") -> Said:
    (folder / "config.toml").write_text(f'data_dir = "data"\n{text}')
    return run(folder, "--config", "config.toml", "check-config")


def value_of(said: Said, option: str) -> list[str]:
    """Value and origin, as the table has them."""
    line = next(line for line in said.stdout.splitlines() if line.split("  ")[0] == option)
    return [cell.strip() for cell in line.removeprefix(option).strip().split("  ") if cell.strip()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation of which there is nothing to say: its list is active."""
    (tmp_path / "config.toml").write_text('data_dir = "data"\n[intake]\nmax_body = "1 MiB"\n')
    activate_listed_picture(load_settings(tmp_path / "config.toml"))
    return tmp_path


SHM = Path("/dev/shm")  # noqa: S108

QUIET = '[intake]\nmax_body = "1 MiB"\n'


def test_where_all_is_well_it_says_so(folder: Path) -> None:
    said = checked(folder, QUIET)
    assert said.returncode == 0, said.stdout
    assert "WARNING" not in said.stdout
    assert said.stdout.splitlines()[-1].endswith("no warnings, no fault")


def test_every_fault_is_named_and_not_only_the_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SITE", "my blog")
    monkeypatch.setenv("UPLOAD_GUARD_STIE", "blog")
    said = checked(folder, '[sidecar]\nport = 0\nprot = 1\n[trust]\nother = "ban"\n')
    assert said.returncode == 2
    faults = [line for line in said.stdout.splitlines() if line.startswith("FAULT")]
    assert len(faults) == 5
    for named in (
        "UPLOAD_GUARD_SITE: site",
        "UPLOAD_GUARD_STIE",
        "sidecar.port",
        "sidecar.prot",
        "trust.other",
    ):
        assert sum(named in fault for fault in faults) == 1, named
    assert "5 faults: no server would start" in said.stdout


def test_all_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SITE_FILE", "/not/there")
    monkeypatch.setenv("UPLOAD_GUARD_SERVICE__SECRET_FILE", "/not/there/either")
    said = checked(folder, "[sidecar\n")
    assert said.returncode == 2
    for named in ("config.toml: is not TOML", "UPLOAD_GUARD_SITE_FILE", "UPLOAD_GUARD_SERVICE__SECRET_FILE"):
        assert named in said.stdout


def test_each_option_is_shown_with_its_origin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_GUARD_SIDECAR__PORT", "9000")
    monkeypatch.setenv("UPLOAD_GUARD_LIMITS", '{"rate": 5}')
    said = checked(folder, f'{QUIET}[limits]\nburst = 7\n[[routes]]\npath = "/hook"\nmax_body = "2 KiB"\n')
    assert value_of(said, "intake.max_body") == ['"1 MiB"', "file"]
    assert value_of(said, "sidecar.port") == ["9000", "UPLOAD_GUARD_SIDECAR__PORT"]
    assert value_of(said, "limits.rate") == ["5.0", "UPLOAD_GUARD_LIMITS"]
    assert value_of(said, "limits.burst") == ["7", "file"]
    assert value_of(said, "sidecar.host") == ['"127.0.0.1"', "default"]
    assert value_of(said, "routes") == ['[{path = "/hook", max_body = "2 KiB"}]', "file"]


def test_no_secret_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text("hidden-one")
    monkeypatch.setenv("UPLOAD_GUARD_SERVICE__SECRET_FILE", str(folder / "secret"))
    monkeypatch.setenv("UPLOAD_GUARD_KEYS__COMMAND", '["/bin/vault", "hidden-two"]')
    said = checked(
        folder,
        f'{QUIET}[service]\nkey_id = "abc"\nurl = "http://user:hidden-three@127.0.0.1/?token=hidden-four"\n'
        '[lists.l.exchange]\nurl = "https://l.example.org/a?key=hidden-five"\norigin = "o"\n'
        'user = "u"\npassword = "hidden-six"\n',
    )
    assert "hidden" not in said.stdout + said.stderr
    assert value_of(said, "service.secret") == ["(set, not shown)", "UPLOAD_GUARD_SERVICE__SECRET_FILE"]
    assert value_of(said, "service.url")[0] == '"http://...@127.0.0.1/?..."'
    assert value_of(said, "lists.l.exchange.password") == ["(set, not shown)", "file"]


WARNED = {
    "unreachable open": ('[failure]\nunreachable = "open"', "open_policy: failure.unreachable"),
    "a route open": (
        '[[routes]]\npath = "/x"\nfailure = { error = "open" }',
        "open_policy: route '/x': failure.error",
    ),
    "unscannable passing": ('[failure]\nunscannable = "monitor"', "unscannable_passes"),
    "a route unseen": ('[[routes]]\npath = "/x"\ninspect = false', "not_inspected: route '/x'"),
    "pieces unseen": ('[[routes]]\npath = "/x"\npieces = "pass"', "pieces_pass"),
    "no key for the sidecar": ('[service]\nurl = "http://127.0.0.1:1"', "no_service_key"),
    "bearer tokens": ('[sidecar]\nbearer = "loopback"', "bearer_on_loopback"),
    "a list by http": (
        '[lists.l.exchange]\nurl = "http://127.0.0.1/l"\norigin = "o"',
        "unsigned_exchange: list l",
    ),
    "a list that does not act": ("[lists.missing]\npdq_limit = 20", "list_not_active: [lists.missing]"),
    "strangers as one": (
        '[public]\nurl = "https://g.example.org"\n[statements]\nenabled = true\n[sidecar]\ntls = "proxy"',
        "strangers_as_one",
    ),
    "no canary": ("[canary]\nenabled = false", "canary_off"),
}


@pytest.mark.parametrize(("text", "warning"), WARNED.values(), ids=WARNED.keys())
def test_what_may_not_be_meant_is_a_warning_with_advice(folder: Path, text: str, warning: str) -> None:
    said = checked(folder, QUIET + text)
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"WARNING  {warning}"))
    assert lines[at + 1].startswith("         ")
    assert len(lines[at + 1].split()) > 2


def test_a_http_exchange_of_others_without_a_key_is_a_fault(folder: Path) -> None:
    said = checked(folder, '[lists.l.exchange]\nurl = "http://lists.example.org/l"\norigin = "o"\n')
    assert said.returncode == 2
    assert "public_key" in said.stdout


def test_no_list_at_all_is_a_warning_and_nothing_is_made(tmp_path: Path) -> None:
    said = checked(tmp_path, QUIET)
    assert said.returncode == 1
    assert "WARNING  no_list: no list is active: every upload passes unchecked" in said.stdout
    assert not (tmp_path / "data").exists()


def test_looking_changes_nothing(folder: Path) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        files = (folder / "data").rglob("*")
        return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()}

    before = state()
    checked(folder, QUIET)
    assert state() == before


def test_a_missing_master_key_is_told_before_the_sidecar_does_not_start(folder: Path) -> None:
    open_keys(load_settings(folder / "config.toml")).new("blog", SITE_SCOPES, "tester")
    (folder / "data" / "secret.key").unlink()
    said = checked(folder, QUIET)
    assert said.returncode == 1
    assert "master_key_missing" in said.stdout
    assert not (folder / "data" / "secret.key").exists()


def test_a_data_folder_that_others_may_read_is_a_warning(folder: Path) -> None:
    (folder / "data").chmod(0o755)
    said = checked(folder, QUIET)
    assert "readable_by_others" in said.stdout
    assert f"chmod 700 {folder / 'data'}" in said.stdout


def test_a_disk_that_cannot_take_one_body_is_a_warning(folder: Path) -> None:
    said = checked(folder, '[intake]\nmax_body = "900000 GiB"\n')
    assert "little_space: intake.spool_dir" in said.stdout


def test_files_of_the_future_are_a_warning_about_the_clock(folder: Path) -> None:
    later = time.time() + 86400
    os.utime(folder / "data" / "upload_guard.sqlite3", (later, later))
    assert "WARNING  clock: " in checked(folder, QUIET).stdout


@pytest.mark.skipif(not SHM.is_mount(), reason="no file system in memory here")
def test_a_spool_in_memory_is_a_warning(folder: Path) -> None:
    said = checked(folder, f'{QUIET}spool_dir = "{SHM}/not-made-by-check-config"\n')
    assert "spool_in_memory" in said.stdout
    assert not (SHM / "not-made-by-check-config").exists()


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    escaped = str(tmp_path / "a b").replace(" ", "\\040")
    mounts = f"/dev/sda / ext4 rw 0 0\ntmpfs {escaped} tmpfs rw 0 0\n"
    assert file_system_of(tmp_path / "a b" / "spool", mounts) == "tmpfs"
    assert file_system_of(tmp_path, mounts) == "ext4"
    assert file_system_of(tmp_path, "") == ""


def test_a_database_of_another_release_is_told_and_left_alone(folder: Path) -> None:
    import sqlite3

    file = folder / "data" / "upload_guard.sqlite3"
    with sqlite3.connect(file) as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    rows.close()
    said = checked(folder, QUIET)
    assert said.returncode == 1
    assert "its schema is 9999, that of this release" in said.stdout
