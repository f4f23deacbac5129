"""Benign pictures and real programs out of Debian's packages, fetched once into a cache of the user's.

Where they cannot be had (no apt, no network) the tests that need them are skipped; in CI they fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from upload_guard.storage.locks import exclusive_lock

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "upload_guard_tests"
# Registries and mirrors stumble now and then, which CI outlasts; elsewhere a test is soon skipped.
_PAUSES = (2, 10, 30) if os.environ.get("CI") else ()
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".ico"}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Packages under `root`, unpacked and not installed, so nothing of them runs by itself."""

    root: Path

    def program(self, path: str) -> str:
        return str(self.root / path)

    @property
    def environment(self) -> dict[str, str]:
        """For running its programs: they find the libraries that were unpacked beside them."""
        folders = [self.root / "usr/lib", self.root / "lib"]
        libraries = {library.parent for folder in folders for library in folder.rglob("*.so.*")}
        return os.environ | {"LD_LIBRARY_PATH": ":".join(sorted(map(str, libraries)))}


def pictures_of(package: str) -> list[Path]:
    """All picture files of a package, sorted by path; links and what links hide are left out."""
    files = (file for file in unpacked(package).rglob("*") if file.suffix.lower() in PICTURES)
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def unpacked(package: str) -> Path:
    """The folder that holds the files of a package."""
    folder = CACHE / package
    with _alone():
        if not folder.is_dir():
            _fetch([package], folder)
    return folder


def programs_of(*packages: str) -> Unpacked:
    """The packages with all that they need and this machine lacks."""
    folder = CACHE / "programs" / "+".join(packages)
    with _alone():
        if not folder.is_dir():
            _fetch([*packages, *_missing(packages)], folder)
    return Unpacked(folder)


def _alone() -> AbstractContextManager[None]:
    """Tests run in several processes, and two must not fetch the same."""
    return exclusive_lock(CACHE / ".lock")


def _missing(packages: tuple[str, ...]) -> list[str]:
    if shutil.which("apt-get") is None:
        return []
    done = _simulated(packages)
    # A fresh machine knows no packages yet, and would fetch the programs without what they need.
    if done.returncode and patiently(lambda: _updated(CACHE)):
        done = _simulated(packages)
    if done.returncode:
        give_up(f"{', '.join(packages)}: apt-get does not know what they need")
    return [name for name in re.findall(r"^Inst (\S+)", done.stdout, re.MULTILINE) if name not in packages]


def _simulated(packages: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = ["apt-get", "install", "--simulate", "--no-install-recommends", "-o", "Debug::NoLocking=1"]
    return subprocess.run([*command, *packages], capture_output=True, text=True, timeout=60, check=False)


def _fetch(packages: list[str], folder: Path) -> None:
    names = ", ".join(packages)
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        give_up(f"{names}: Debian packages, and this is no Debian")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if not patiently(lambda: _download(packages, part) or (_updated(part) and _download(packages, part))):
        give_up(f"{names}: could not be downloaded")
    for archive in part.glob("*.deb"):
        if not run_in(["dpkg-deb", "-x", archive.name, "."], part):
            give_up(f"{archive.name} could not be unpacked")
        archive.unlink()
    part.rename(folder)


def _updated(folder: Path) -> bool:
    return run_in(["apt-get", "update", "-qq"], folder)


def _download(packages: list[str], folder: Path) -> bool:
    return run_in(["apt-get", "download", "-qq", *packages], folder)


def patiently(fetch: Callable[[], bool]) -> bool:
    """Whether `fetch` succeeds, if not at once."""
    for pause in _PAUSES:
        if fetch():
            return True
        time.sleep(pause)
    return fetch()


def run_in(command: list[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False).returncode == 0


def give_up(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
