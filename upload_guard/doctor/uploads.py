"""The two files that are sent through a chain: one that must be refused, and one that must pass."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

from upload_guard.digests import digest_of
from upload_guard.records import Source, Upload
from upload_guard.spans import Span


@dataclass(frozen=True, slots=True)
class InMemory:
    """A `Content` of a few kilobytes."""

    data: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    @contextmanager
    def lend(self) -> Iterator[Span]:
        with TemporaryFile() as file:
            file.write(self.data)
            file.flush()
            yield Span(file.fileno(), 0, len(self.data))


def upload_of(data: bytes, site: str) -> Upload:
    """As the doctor's own."""
    return Upload(InMemory(data), digest_of(io.BytesIO(data)), source=Source(site, "doctor"))
