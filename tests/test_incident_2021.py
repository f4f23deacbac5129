"""The incident of 2021, again: a supplier's list holds WordPress's images, and nothing happens to any file.

Then, category "other" had been switched on by mistake, and customers' files were deleted. The files are those
of Debian's WordPress 6.1.9, core and default themes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.debian import pictures_of
from tests.support import digest_of, digests_of, picture_bytes, settings_in
from upload_guard.cli.gate import print_report
from upload_guard.compose import Station, build_station
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.gate import GateReport
from upload_guard.lists.importing import ImportOrder
from upload_guard.records import Action, Result, SignalType, Upload
from upload_guard.settings import Settings
from upload_guard.spans import FileContent

PACKAGES = (
    "wordpress",
    "wordpress-theme-twentytwentyone",
    "wordpress-theme-twentytwentytwo",
    "wordpress-theme-twentytwentythree",
)


@dataclass(frozen=True)
class Replay:
    """What was on the list besides a picture that belongs there, and what became of it."""

    files: dict[Path, Upload]
    station: Station
    report: GateReport


def settings_for(folder: Path) -> Settings:
    # The mistake: everything that the supplier sends may block.
    return settings_in(folder, trust={"probation_hours": 0, "other": "block", "baseline": "block"})


@pytest.fixture(scope="module", params=["other", "baseline"])
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    settings = settings_for(tmp_path_factory.mktemp("incident"))
    station = build_station(settings)
    files = {}
    hashes = [ListedHash(SignalType.SHA256, digests_of(picture_bytes(1)).sha256)]
    for path in (file for package in PACKAGES for file in pictures_of(package)):
        digests = digests_of(path.read_bytes())
        files[path] = Upload(FileContent(path), digest_of(path.read_bytes()), path.name)
        looks = station.sandbox.analyse(files[path].content).signals
        hashes += [ListedHash(signal.type, signal.value) for signal in (*digests.signals(), *looks)]
    order = ImportOrder("supplier", "supplier.txt", request.param, "supplier", "ann")
    station.lists.import_version(order, hashes)
    heard: list[GateReport] = []
    station.lists.activate("supplier", 1, "ann", tell=heard.append)
    yield Replay(files, station, heard[0])
    station.sandbox.close()


def test_the_files_are_real_and_many(replay: Replay) -> None:
    assert len(replay.files) >= 150
    assert {"spinner.gif", "wpicons.png", "screenshot.png"} <= {path.name for path in replay.files}


def test_the_gate_names_every_one_of_them(replay: Replay) -> None:
    named = {Path(one.name).name for one in replay.report.benign}
    identical = [one for one in replay.report.benign if one.signal_type is SignalType.SHA256]
    assert len(identical) == len({upload.digest.sha256 for upload in replay.files.values()})
    assert {"spinner.gif", "wpicons.png", "screenshot.png"} <= named


def test_a_person_reads_the_names(replay: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replay.report, len(replay.report.aside))
    said = capsys.readouterr().out
    assert "wp-includes/images/spinner.gif (shipped)" in said
    assert "names a known-good image" in said


def test_no_upload_of_them_is_refused(replay: Replay) -> None:
    verdicts = {path: replay.station.guard.inspect(upload) for path, upload in replay.files.items()}
    assert {path: one for path, one in verdicts.items() if one.action.refuses} == {}


def test_every_file_stays_as_it_was(replay: Replay) -> None:
    for path, upload in replay.files.items():
        replay.station.guard.check([upload])
        assert digest_of(path.read_bytes()) == upload.digest
    assert open_cases_of(replay) == 0


def open_cases_of(replay: Replay) -> int:
    from upload_guard.quarantine.cases import Cases

    keeper = replay.station.keeper
    return len(Cases(keeper.database, keeper.vault).newest(1000))


def test_what_belongs_on_the_list_still_blocks(replay: Replay, tmp_path: Path) -> None:
    file = tmp_path / "listed.jpg"
    file.write_bytes(picture_bytes(1))
    upload = Upload(FileContent(file), digest_of(picture_bytes(1)), "listed.jpg")
    verdict = replay.station.guard.inspect(upload)
    assert (verdict.result, verdict.action) == (Result.MATCH, Action.BLOCK)


def test_without_the_bank_they_would_have_been_refused(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path, trust={"probation_hours": 0, "other": "block"}, benign={"shipped": False}
    )
    station = build_station(settings)
    path = next(file for file in pictures_of("wordpress") if file.name == "wpicons.png")
    upload = Upload(FileContent(path), digest_of(path.read_bytes()), path.name)
    order = ImportOrder("supplier", "supplier.txt", "other", "supplier", "ann")
    station.lists.import_version(order, [ListedHash(SignalType.SHA256, upload.digest.sha256)])
    station.lists.activate("supplier", 1, "ann")
    assert station.guard.inspect(upload).action is Action.BLOCK
    station.sandbox.close()
