"""The systemd unit: what systemd itself says of it, and that files are decoded behind its walls."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import activate_listed_picture, recompressed, settings_in

pytestmark = pytest.mark.live

UNIT = Path(__file__).parents[2] / "packaging" / "upload-guard.service"
PROGRAM = "/opt/upload-guard/bin/upload-guard"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


def analysed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], check=False, capture_output=True, text=True
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is on this machine."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(PROGRAM, shutil.which("true") or "/bin/true"))
    return copy


@needs_systemd
def test_systemd_finds_no_fault_with_it(unit: Path) -> None:
    said = analysed("verify", str(unit))
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_systemd
def test_systemd_rates_its_exposure_as_low(unit: Path) -> None:
    # Of 0 to 10; what is left is the network, which is its job.
    said = analysed("security", "--offline=true", "--threshold=16", str(unit))
    assert said.returncode == 0, said.stdout[-300:]


def lines_of(option: str) -> list[str]:
    return re.findall(rf"^{option}=(.*)$", UNIT.read_text(), re.MULTILINE)


def system_calls(name: str) -> set[str]:
    """A call, or all in one of systemd's groups."""
    if not name.startswith("@"):
        return {name}
    words = (line.strip() for line in analysed("syscall-filter", name).stdout.splitlines()[1:])
    return {call for word in words if word and not word.startswith("#") for call in system_calls(word)}


@needs_systemd
def test_a_picture_is_decoded_and_held_under_its_filter_and_without_writable_code(tmp_path: Path) -> None:
    listed = activate_listed_picture(settings_in(tmp_path))
    (tmp_path / "upload.jpg").write_bytes(recompressed(listed))
    allowed: set[str] = set()
    for line in lines_of("SystemCallFilter"):
        named = {call for name in line.lstrip("~").split() for call in system_calls(name)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    assert lines_of("MemoryDenyWriteExecute") == ["yes"]
    asked = json.dumps({"data": str(tmp_path), "allowed": sorted(allowed)})
    said = subprocess.run(
        [sys.executable, "-m", "tests.packaging.walled"],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    assert json.loads(said.stdout) == {
        "action": "quarantine",
        "walls": {"rlimits": True, "seccomp": True, "landlock": True},
        "chown": "EPERM",
        "password": True,
    }
