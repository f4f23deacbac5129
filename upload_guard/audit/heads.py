"""The head of the audit log written down outside the database: a line each time it has moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from upload_guard.audit.chain import Head
from upload_guard.errors import StorageFailed

_LINE_BYTES = 256


@dataclass(frozen=True, slots=True)
class HeadFile:
    """A file of lines `time sequence mac`, only ever appended to. Raises `StorageFailed`.

    Keep a copy where whoever can write to the database cannot: the log has the same lines.
    """

    path: Path

    def last(self) -> Head:
        """The newest head in it; that of an empty log where there is none."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LINE_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return Head()
        except OSError as error:
            raise self._failed(error) from error
        # A line that a crash cut short was never relied upon.
        return next((head for line in reversed(lines) if (head := _head_in(line))), Head())

    def all(self) -> Iterator[Head]:
        try:
            with self.path.open("rb") as file:
                yield from (head for line in file if (head := _head_in(line.strip())))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed(error) from error

    def append(self, head: Head) -> None:
        line = f"{datetime.now(UTC).isoformat(timespec='seconds')} {head.sequence} {head.mac.hex()}\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"audit head {self.path}: {error.strerror}")


def _head_in(line: bytes) -> Head | None:
    try:
        _, sequence, mac = line.decode("ascii").split(" ")
        head = Head(int(sequence), bytes.fromhex(mac))
    except ValueError:
        return None
    return head if len(head.mac) == len(Head().mac) else None
