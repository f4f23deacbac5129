"""A list in a folder, or in one file: all files in it together, in the order of their names, are the list.

Somebody else brings them there, by rsync or by hand. Hidden files, those that end in `.part` or `.tmp`, and
signatures are passed over: a file should be brought under such a name, and then be renamed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import ListError, UpstreamUnreachable
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.upstreams.delivered import Delivery, fresh_folder

_PASSED_OVER = {".part", ".tmp", ".sig"}
_LONGEST_SOURCE = 255


@dataclass(frozen=True, slots=True)
class FolderExchange:
    """The files at `path`; a checkpoint names all of them as they were, and the last one that was read."""

    path: Path
    delivery: Delivery
    scratch: Path

    @property
    def source(self) -> str:
        return str(self.path)[-_LONGEST_SOURCE:]

    @property
    def identity(self) -> str:
        return self.delivery.identity(str(self.path))

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`. A page is a file."""
        files = self._files()
        state = _state_of(files)
        before, _, last = checkpoint.partition(" ")
        names = [file.name for file in files]
        done = names.index(last) + 1 if before == state and last in names else 0
        with fresh_folder(self.scratch) as scratch:
            for number, file in enumerate(files[done:], start=done):
                self.delivery.check(file, file.with_name(f"{file.name}.sig"))
                hashes = self.delivery.hashes(file, scratch / "file", str(file))
                yield Page((Record(file.name, hashes),), (), f"{state} {file.name}", anew=number == 0)

    def _files(self) -> list[Path]:
        try:
            if self.path.is_file():
                return [self.path]
            files = sorted(file for file in self.path.iterdir() if file.is_file() and _is_list(file))
        except OSError as error:
            raise UpstreamUnreachable(f"{self.path}: cannot be read: {error.strerror}") from None
        if not files:
            raise ListError(f"{self.path}: holds no list")
        return files


def _is_list(file: Path) -> bool:
    return not file.name.startswith(".") and file.suffix not in _PASSED_OVER


def _state_of(files: list[Path]) -> str:
    """Names the files by name, size and time."""
    try:
        stats = [file.stat() for file in files]
    except OSError as error:
        raise UpstreamUnreachable(f"{files[0].parent}: changes just now: {error.strerror}") from None
    said = [
        (file.name, stat.st_size, stat.st_mtime_ns, stat.st_ino)
        for file, stat in zip(files, stats, strict=True)
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()
