"""Write the bank that upload_guard ships, from folders of releases.

    python scripts/shipped_bank.py wordpress-7.1.1=FOLDER wordpress-6.1.9=FOLDER ...

Any release folder will do; of equal files, the release named first gives the name. Shipped are, in order:

- 7.1.1: npm's wp-studio 1.22.0 (dist/cli/wp-files/latest/wordpress);
- 6.1.9: Debian's wordpress and wordpress-theme-* packages (usr/share/wordpress of all, in one folder);
- 6.5.5, 6.4.5, 6.3.5, 6.2.6: npm's @wp-playground/wordpress-builds 0.9.19, src/wordpress/wp-6.5.zip unpacked
  and public/wp-6.5 laid over it (and so on), without plugins/sqlite-database-integration, which is not
  WordPress's. It moves images and changes none: of 207 that 6.2.6 and 6.1.9 both have, 203 are the same
  bytes, and the others are drawings for the "About" page. 6.5.5 is without Akismet there.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from upload_guard.compose import build_station
from upload_guard.digests import digest_stream
from upload_guard.lists.bank.bank import BankFile
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.bank.shipped import SHIPPED, shipped_bytes
from upload_guard.lists.folders import images_in
from upload_guard.records import SignalType
from upload_guard.sandbox.pool import Sandbox
from upload_guard.settings import BenignSettings, Settings
from upload_guard.spans import FileContent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), benign=BenignSettings(shipped=False))
        station = build_station(settings)
        files = {
            dict(file.digests)[SignalType.SHA256]: file
            # The last of two equal files counts: that of the release named first.
            for argument in reversed(sys.argv[1:])
            for file in files_of(*argument.split("=", 1), station.sandbox)
        }
        station.sandbox.close()
    ordered = sorted(files.values(), key=lambda file: file.name)
    data = shipped_bytes(ordered)
    SHIPPED.write_bytes(data)
    looks = sum(len(file.looks) for file in ordered)
    click.echo(f"{len(ordered)} files, {looks} perceptual hashes, {len(data)} bytes")


def files_of(release: str, folder: str, sandbox: Sandbox) -> Iterator[BankFile]:
    """What the bank keeps of each image below `folder`; one that cannot be read whole is left out."""
    for name, path in images_in([Path(folder)]):
        with path.open("rb") as stream:
            digests = digest_stream(stream)
        analysis = sandbox.analyse(FileContent(path))
        if analysis.unscannable:
            click.echo(f"left out: {name}: {analysis.unscannable}", err=True)
            continue
        yield vouched_file(f"{release}/{path.relative_to(folder)}", digests, analysis.signals)


if __name__ == "__main__":
    main()
