"""Building what is in force in a process of its own, beside a server that goes on answering.

The process gets the places it needs on its standard input, for a database's address may hold a password. It
ends with a line of JSON that says what went wrong, if anything did.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from upload_guard.errors import ListError, StorageFailed, UploadGuardError
from upload_guard.interpreter import interpreter, search_path

_LOW_PRIORITY = 10


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows, versions and snapshots are."""

    database_url: str
    lists: str
    snapshots: str


def build_elsewhere(places: Places) -> None:
    """Start the process and wait for it. Raises `ListError` and `StorageFailed` as building here would."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter and module
        [interpreter(), "-P", "-m", "upload_guard.lists.elsewhere"],
        input=json.dumps(asdict(places)),
        env=os.environ | {"PYTHONPATH": search_path()},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        # A Ctrl-C at the server's terminal is the server's; what is being built is finished.
        start_new_session=True,
    )
    if ended.returncode == 0:
        return
    try:
        fault = json.loads(ended.stdout)
    except ValueError:
        raise StorageFailed(
            f"building the snapshot of the lists ended with code {ended.returncode}"
        ) from None
    raise (ListError if fault["code"] == ListError.code else StorageFailed)(fault["message"])


def main() -> int:
    from upload_guard.lists.snapshots import SnapshotFolder
    from upload_guard.lists.store import ListStore
    from upload_guard.storage.database import open_database

    places = Places(**json.load(sys.stdin))
    os.nice(_LOW_PRIORITY)
    try:
        database = open_database(places.database_url)
        ListStore(database, Path(places.lists), SnapshotFolder(Path(places.snapshots))).build()
    except UploadGuardError as fault:
        sys.stdout.write(json.dumps({"code": fault.code, "message": str(fault)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
