"""A snapshot's folder, opened: verified, mapped, read ahead."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from upload_guard.errors import SnapshotDamaged
from upload_guard.matching.layout import WORD, FileInfo, Manifest, file_names, read_manifest
from upload_guard.matching.table import Table, open_table
from upload_guard.records import SignalType


@dataclass(frozen=True, slots=True)
class SnapshotFiles:
    """What is mapped stays readable for as long as anybody holds it, even if the folder is removed."""

    folder: Path
    manifest: Manifest
    tables: Mapping[SignalType, Table]

    def read(self) -> None:
        """Bring all of it into memory and compare the sums, while other threads run.

        Raises `SnapshotDamaged`.
        """
        for file, pieces in self._files():
            total = sum(int(np.frombuffer(piece, WORD).sum(dtype=WORD)) for piece in pieces)
            if total % 2**32 != file.total:
                raise SnapshotDamaged(f"{self.folder / file.name}: is damaged: its sum is another")

    def verify(self) -> None:
        """Compare every file with its digest. Raises `SnapshotDamaged`."""
        for file, pieces in self._files():
            digest = hashlib.sha256()
            for piece in pieces:
                digest.update(piece)
            if digest.hexdigest() != file.sha256:
                raise SnapshotDamaged(f"{self.folder / file.name}: is damaged: its SHA-256 is another")

    def release(self) -> None:
        """Take it out of this process's memory, bit by bit; whoever still uses it gets it back unawares.

        Unmapping a gigabyte at once would hold up every other thread for a tenth of a second.
        """
        for table in self.tables.values():
            table.release()

    def _files(self) -> Iterator[tuple[FileInfo, Iterator[memoryview]]]:
        noted = {file.name: file for file in self.manifest.files}
        for info in self.manifest.tables:
            pieces_of_files = self.tables[info.signal_type].files()
            yield from zip((noted[name] for name in file_names(info)), pieces_of_files, strict=True)


def open_files(folder: Path) -> SnapshotFiles:
    """Map a snapshot whose files are all there and of their size. Raises `SnapshotDamaged`."""
    manifest = read_manifest(folder)
    try:
        tables = {info.signal_type: open_table(folder, info) for info in manifest.tables}
    except (OSError, ValueError) as error:
        raise SnapshotDamaged(f"{folder}: cannot be mapped: {error}") from None
    return SnapshotFiles(folder, manifest, tables)
