"""Where rehearsals build what they try."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upload_guard.errors import StorageFailed
from upload_guard.storage.locks import exclusive_lock


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder for one rehearsal at a time, without what a killed one has left. Raises `StorageFailed`."""
    with exclusive_lock(folder.with_name(f".{folder.name}.lock")):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise StorageFailed(f"{folder}: cannot be made: {error.strerror}") from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
