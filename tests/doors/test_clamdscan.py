"""ClamAV's own client from Debian, and MediaWiki's $wgAntivirus, which goes by its exit codes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.debian import Unpacked, programs_of
from tests.doors.running import Doors
from tests.serving import MAX_BODY
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

pytestmark = pytest.mark.live

CLEAN, FOUND, ERROR = 0, 1, 2


@pytest.fixture(scope="module")
def clamav() -> Unpacked:
    return programs_of("clamdscan")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    other = picture_bytes(OTHER_SEED)
    (folder / "listed.jpg").write_bytes(picture_bytes(LISTED_SEED))
    (folder / "other.jpg").write_bytes(other)
    (folder / "broken.jpg").write_bytes(other[: len(other) // 2])
    (folder / "large.bin").write_bytes(bytes(MAX_BODY + 1))
    return folder


def clamd_conf(doors: Doors, folder: Path) -> Path:
    file = folder / "clamd.conf"
    file.write_text(f"LocalSocket {doors.clamd}\nStreamMaxLength 1G\n")
    return file


def clamdscan(clamav: Unpacked, doors: Doors, folder: Path, *arguments: object) -> tuple[int, str]:
    command = [clamav.program("usr/bin/clamdscan"), f"--config-file={clamd_conf(doors, folder)}"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env=clamav.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("listed.jpg", FOUND, "UploadGuard.Refused."),
        ("other.jpg", CLEAN, "other.jpg: OK"),
        ("broken.jpg", ERROR, "could not be read, kept as case"),
        ("large.bin", ERROR, ""),
    ],
)
def test_its_exit_code_says_what_was_found(
    clamav: Unpacked, doors: Doors, files: Path, tmp_path: Path, name: str, code: int, said: str
) -> None:
    got, output = clamdscan(clamav, doors, tmp_path, "--stream", "--no-summary", files / name)
    assert got == code, output
    assert said in output
    assert code == CLEAN or ": OK" not in output


def test_many_files_go_in_one_session(clamav: Unpacked, doors: Doors, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(5):
        (folder / f"other{number}.jpg").write_bytes((files / "other.jpg").read_bytes())
    arguments = ("--stream", "--multiscan", "--no-summary")
    assert clamdscan(clamav, doors, tmp_path, *arguments, folder)[0] == CLEAN
    (folder / "listed.jpg").write_bytes((files / "listed.jpg").read_bytes())
    code, output = clamdscan(clamav, doors, tmp_path, *arguments, folder)
    assert code == FOUND
    assert f"{folder / 'listed.jpg'}: UploadGuard.Refused." in output
    assert output.count("FOUND") == 1
    (folder / "listed.jpg").write_bytes((files / "broken.jpg").read_bytes())
    code, output = clamdscan(clamav, doors, tmp_path, *arguments, folder)
    assert code == ERROR
    assert output.count("ERROR") == 1, "the session goes on behind what could not be read"


def test_it_can_ask_whether_the_daemon_is_there_and_which(
    clamav: Unpacked, doors: Doors, tmp_path: Path
) -> None:
    assert clamdscan(clamav, doors, tmp_path, "--ping", "1")[0] == 0
    assert "upload_guard" in clamdscan(clamav, doors, tmp_path, "--version")[1]


@pytest.mark.parametrize(
    "way", [["--no-summary"], ["--fdpass", "--no-summary"]], ids=["by path", "by descriptor"]
)
def test_ways_that_are_not_offered_are_errors_and_never_ok(
    clamav: Unpacked, doors: Doors, files: Path, tmp_path: Path, way: list[str]
) -> None:
    for name in ("listed.jpg", "other.jpg"):
        code, output = clamdscan(clamav, doors, tmp_path, "--no-summary", *way, files / name)
        assert code == ERROR, output
        assert ": OK" not in output
