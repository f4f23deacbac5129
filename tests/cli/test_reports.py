"""upload-guard reports: from a draft to a file in a folder and back, as an administrator types it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.cli.test_cli import run
from tests.reports.house import WHO, ReportHouse, report_house
from upload_guard.cli.main import main
from upload_guard.compose import open_report_desk
from upload_guard.loading import load_settings
from upload_guard.reports.facts import Uploader


@pytest.fixture
def config(tmp_path: Path) -> Path:
    who = "\n".join(f'{name} = "{value}"' for name, value in WHO.items())
    told = '[reports.recipients.hotline]\nformat = "text"\nsender = "folder"\nfolder = "out"\n'
    (tmp_path / "config.toml").write_text(f'data_dir = "data"\n[reports]\n{who}\n{told}')
    return tmp_path / "config.toml"


@pytest.fixture
def house(tmp_path: Path) -> ReportHouse:
    return report_house(tmp_path)


def said(config: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["--config", str(config), "reports", *arguments])
    return capsys.readouterr().out


def test_a_report_goes_from_draft_to_folder_and_is_withdrawn(
    config: Path, house: ReportHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    case = house.confirmed()
    assert "hotline" in said(config, capsys, "recipients")
    assert "There is no report." in said(config, capsys, "list")
    said(config, capsys, "classify", case, "A1", "--summary", "in short")
    number = said(config, capsys, "draft", case, "hotline").split()[-1]
    shown = said(config, capsys, "show", number)
    assert "A1" in shown
    mark = shown.partition("mark: ")[2].split()[0]
    assert "0 sent" in said(config, capsys, "send")
    said(config, capsys, "approve", number, "--mark", mark)
    assert "1 sent" in said(config, capsys, "send")
    (file,) = (config.parent / "out").iterdir()
    assert case in file.read_text()
    assert "Nothing has to be seen to." in said(config, capsys, "list", "--open")
    said(config, capsys, "acknowledge", number, "--reference", "NL-1")
    said(config, capsys, "withdraw", number, "--done", "--because", "written by mail")
    assert "withdrawn" in said(config, capsys, "list")


def test_what_a_list_says_alone_ends_in_one_line(config: Path, house: ReportHouse) -> None:
    refused = run(config.parent, "--config", "config.toml", "reports", "draft", house.case(), "hotline")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "only what a person has confirmed is reported" in refused.stderr


def test_who_uploaded_it_comes_in_by_standard_input(
    config: Path, house: ReportHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = house.confirmed()
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"account": "u7", "ip": "192.0.2.1"})))
    assert "sealed" in said(config, capsys, "uploader", case)
    desk = open_report_desk(load_settings(config))
    with desk.database.session() as session:
        assert desk.uploaders.of(session, case) == Uploader("u7", ip="192.0.2.1")


@pytest.mark.parametrize("given", ["", "{}", '{"ip": "x"}', '{"name": "u"}', "[]"])
def test_an_uploader_that_cannot_be_read_is_told_where(
    config: Path,
    house: ReportHouse,
    given: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    with pytest.raises(SystemExit) as ended:
        said(config, capsys, "uploader", house.confirmed())
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_uploader_is_erased_by_what_stands_on_standard_input(
    config: Path, house: ReportHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = house.confirmed()
    house.desk.uploaders.tell(case, Uploader("u7"), "site")

    def erased(*options: str) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"account": "u7"})))
        main(["--config", str(config), "uploaders", "erase", "--site", "blog", *options])
        return capsys.readouterr().out

    assert "would be erased" in erased("--dry-run")
    assert case in erased("--because", "request 7")
    assert "Nothing is kept" in erased("--because", "request 7")
