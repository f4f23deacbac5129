"""Pieces put together on disk, so that the whole can be checked when the last one has come.

One file an upload, named by a digest of who sends what to where; gone when the upload is complete, refused
or a day old. Pieces are written where they belong; a piece with a number but no size is appended in order.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import AmbiguousRequest, BodyTooLarge, StorageFailed
from upload_guard.records import Content
from upload_guard.spans import CHUNK

_KEPT_FOR = 24 * 3600


@dataclass(frozen=True, slots=True)
class Assembly:
    """Unfinished uploads in `folder`, each of at most `max_size` bytes."""

    folder: Path
    max_size: int

    def add(self, key: str, offset: int | None, content: Content) -> Path:
        """Write a piece at `offset`, or behind what is there; returns the file. Raises `StorageFailed`."""
        path = self.folder / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_old()
            self._write(path, offset, content)
        except OSError as error:
            raise StorageFailed(f"cannot assemble in {self.folder}: {error.strerror}") from error
        return path

    def _write(self, path: Path, offset: int | None, content: Content) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with open(handle, "r+b") as file, content.open() as piece:  # noqa: PTH123 - a descriptor
            end = file.seek(0, os.SEEK_END)
            if offset is not None and offset > end:
                raise AmbiguousRequest("a piece before this one is missing")
            at = file.seek(end if offset is None else offset)
            while chunk := piece.read(CHUNK):
                at += len(chunk)
                if at > self.max_size:
                    raise BodyTooLarge("the assembled upload is over intake.max_body")
                file.write(chunk)

    def _forget_old(self) -> None:
        limit = time.time() - _KEPT_FOR
        for path in self.folder.iterdir():
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
