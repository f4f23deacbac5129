"""A snapshot's folder, opened: verified, mapped, read ahead."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import SnapshotDamaged
from upload_guard.matching.layout import Manifest, file_names, read_manifest
from upload_guard.matching.table import Table, open_table
from upload_guard.records import SignalType


@dataclass(frozen=True, slots=True)
class SnapshotFiles:
    """What is mapped stays readable for as long as anybody holds it, even if the folder is removed."""

    folder: Path
    manifest: Manifest
    tables: Mapping[SignalType, Table]

    def verify(self) -> None:
        """Compare every byte with the digests of the manifest, which also brings all of it into memory.

        Other threads run meanwhile. Raises `SnapshotDamaged`.
        """
        noted = {file.name: file.sha256 for file in self.manifest.files}
        for info in self.manifest.tables:
            for name, pages in zip(file_names(info), self.tables[info.signal_type].files(), strict=True):
                digest = hashlib.sha256()
                for page in pages:
                    digest.update(page)
                if digest.hexdigest() != noted[name]:
                    raise SnapshotDamaged(f"{self.folder / name}: is damaged: its SHA-256 is another")


def open_files(folder: Path) -> SnapshotFiles:
    """Map a snapshot whose files are all there and of their size. Raises `SnapshotDamaged`."""
    manifest = read_manifest(folder)
    try:
        tables = {info.signal_type: open_table(folder, info) for info in manifest.tables}
    except (OSError, ValueError) as error:
        raise SnapshotDamaged(f"{folder}: cannot be mapped: {error}") from None
    return SnapshotFiles(folder, manifest, tables)
