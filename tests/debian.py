"""Benign pictures and programs out of Debian's packages, fetched once into a cache of the user's.

Where they cannot be had (no apt, no network) the tests that need them are skipped; in CI they fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "upload_guard_tests"
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".ico"}


def pictures_of(package: str) -> list[Path]:
    """All picture files of a package, sorted by path; links and what links hide are left out."""
    files = (file for file in unpacked(package).rglob("*") if file.suffix.lower() in PICTURES)
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def unpacked(package: str) -> Path:
    """The folder that holds the files of a package."""
    folder = CACHE / package
    if not folder.is_dir():
        _fetch(package, folder)
    return folder


def _fetch(package: str, folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        give_up(f"{package} is a Debian package, and this is no Debian")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if not _download(package, part) and not (
        run_in(["apt-get", "update", "-qq"], part) and _download(package, part)
    ):
        give_up(f"{package} could not be downloaded")
    (archive,) = part.glob("*.deb")
    if not run_in(["dpkg-deb", "-x", archive.name, "."], part):
        give_up(f"{package} could not be unpacked")
    archive.unlink()
    part.rename(folder)


def _download(package: str, folder: Path) -> bool:
    return run_in(["apt-get", "download", "-qq", package], folder)


def run_in(command: list[str], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False).returncode == 0


def give_up(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
