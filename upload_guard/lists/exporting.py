"""A version's entries as they act, written out in one of the forms that can be imported again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from upload_guard.errors import StorageFailed
from upload_guard.lists.formats import WRITERS
from upload_guard.matching.build import Progress
from upload_guard.records import Entry

_TOLD_EVERY = 1 << 14


def export_to_file(file: Path, form: str, entries: Iterable[Entry], progress: Progress) -> int:
    """Write `file`, readable for its owner alone, so that it is whole or not there; how many entries.

    `form` is one of `WRITERS`. Raises `StorageFailed`, and `ListError` if the entries cannot be read.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            count = export(out, form, entries, progress)
            os.fsync(out.fileno())
        part.rename(file)
    except OSError as error:
        raise StorageFailed(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def export(out: IO[str], form: str, entries: Iterable[Entry], progress: Progress) -> int:
    """Write to a stream; how many entries. Raises `StorageFailed`, and `ListError` if they cannot be read."""
    count = 0

    def counted() -> Iterable[Entry]:
        nonlocal count
        for entry in entries:
            if count % _TOLD_EVERY == 0:
                progress("writing", count, 0)
            count += 1
            yield entry

    try:
        out.writelines(WRITERS[form](counted()))
        out.flush()
    except OSError as error:
        raise StorageFailed(f"the list cannot be written: {error.strerror}") from error
    return count
