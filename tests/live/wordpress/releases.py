"""WordPress itself: 7.1.1 with wp-cli, SQLite drop-in and importer from npm, 6.1.9 from Debian."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path

from tests.debian import CACHE, give_up, unpacked

# A tool for WordPress developers, GPL, whose package holds a whole WordPress. Node is needed to fetch it only.
PACKAGE = "wp-studio@1.22.0"
SHA512 = "boMtahkhgWDKKyNTBA1uTK5ghnAmxXhDY6KeQCO9FmcI3/o+YOSq8JwYW5ZYnxHCxH14Jf/mD6CJTBvTWl2Ytw=="
INSIDE = "package/dist/cli/wp-files/"
WANTED = ("latest/wordpress/", "wp-cli/", "sqlite-database-integration/", "wordpress-importer/")


@cache
def studio() -> Path:
    """The folder with `latest/wordpress`, `wp-cli`, `sqlite-database-integration` and `wordpress-importer`."""
    folder = CACHE / PACKAGE
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        give_up(f"{PACKAGE}: an npm package, and there is no npm")
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    done = subprocess.run(
        ["npm", "pack", "--silent", PACKAGE],
        cwd=part,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        give_up(f"{PACKAGE} could not be fetched: {done.stderr.strip()[-200:]}")
    (archive,) = part.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == SHA512, f"{PACKAGE} is not what it was"
    _unpack(archive, part)
    archive.unlink()
    part.rename(folder)
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.removeprefix(INSIDE)
            if name != member.name and name.startswith(WANTED) and member.isfile():
                member.name = name
                tar.extract(member, folder, filter="data")


def latest() -> Path:
    """WordPress 7.1.1."""
    return studio() / "latest" / "wordpress"


def oldest() -> Path:
    """WordPress 6.1.9."""
    return unpacked("wordpress") / "usr" / "share" / "wordpress"


def wp_cli() -> Path:
    return studio() / "wp-cli" / "wp-cli.phar"
