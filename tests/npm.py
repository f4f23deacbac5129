"""Packages of the npm registry, fetched once by npm itself into the cache that tests/debian.py uses.

Where they cannot be had the tests that need them are skipped; in CI they fail.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.debian import CACHE, give_up, patiently, run_in


@dataclass(frozen=True, slots=True)
class Package:
    """One release, pinned by the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str


def unpacked(package: Package) -> Path:
    """The folder that holds the files of a package; none of its scripts is run."""
    folder = CACHE / "npm" / f"{package.name}-{package.version}-{package.sha256[:8]}"
    if not folder.is_dir():
        _fetch(package, folder)
    return folder / "package"


def _fetch(package: Package, folder: Path) -> None:
    release = f"{package.name}@{package.version}"
    if shutil.which("npm") is None:
        give_up(f"{release}: npm is not installed")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix="npm-", dir=CACHE))
    if not patiently(lambda: run_in(["npm", "pack", release, "--ignore-scripts", "--silent"], part)):
        give_up(f"{release}: could not be fetched")
    (archive,) = part.glob("*.tgz")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert found == package.sha256, f"{release} is not what was pinned, but {found}"
    with tarfile.open(archive) as tar:
        tar.extractall(part, filter="data")
    archive.unlink()
    _settle(part, folder)


def _settle(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError:
        # Another process of this run was first.
        shutil.rmtree(part)
