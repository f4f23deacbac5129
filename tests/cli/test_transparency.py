"""The transparency report as somebody asks for it on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.statistics.places import add_notice
from upload_guard.cli.context import App
from upload_guard.cli.main import cli
from upload_guard.cli.transparency import transparency
from upload_guard.compose import open_database_of
from upload_guard.notices.states import AddressState

CAME = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an installation that got one notice."""
    folder = tmp_path_factory.mktemp("transparency")
    (folder / "config.toml").write_text(f'data_dir = "{folder / "data"}"\n')
    add_notice(open_database_of(App(folder / "config.toml").settings), CAME, AddressState.WAITING)
    return folder


def asked(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(transparency, arguments, obj=App(folder / "config.toml"))


def test_a_year_as_a_paper(folder: Path) -> None:
    said = asked(folder, "--year", "2026")
    assert said.exit_code == 0
    assert "Period: 2026-01-01 to 2026-12-31" in said.output
    assert "| notices received | 1 |" in said.output
    assert "| notices received | 0 |" in asked(folder, "--year", "2025").output


def test_in_dutch(folder: Path) -> None:
    assert "| ontvangen meldingen | 1 |" in asked(folder, "--year", "2026", "--language", "nl").output


def test_days_as_a_table_in_a_file(folder: Path) -> None:
    file = folder / "report.csv"
    days = ("--from", "2026-03-09", "--to", "2026-03-09")
    said = asked(folder, *days, "--format", "csv", "--out", str(file))
    assert (said.exit_code, said.output) == (0, "")
    assert "notices,received,,1,count\r\n" in file.read_bytes().decode()
    assert "notices,received,,0,count" in asked(folder, "--from", "2026-03-10", "--format", "csv").output


def test_a_site_is_chosen(folder: Path) -> None:
    assert "| notices received | 0 |" in asked(folder, "--year", "2026", "--site", "shop").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--year", "2026", "--from", "2026-01-01"),
        ("--to", "2026-01-01"),
        ("--from", "2026-02-01", "--to", "2026-01-01"),
        ("--year", "2026", "--out", "/nowhere/report.md"),
    ],
    ids=["both", "no_begin", "backwards", "no_folder"],
)
def test_what_makes_no_sense_is_said(folder: Path, arguments: tuple[str, ...]) -> None:
    said = asked(folder, *arguments)
    assert said.exit_code == 1
    assert type(said.exception).__name__ == "UsageError"


def test_it_is_a_command() -> None:
    assert "transparency-report" in CliRunner().invoke(cli, ["--help"]).output
