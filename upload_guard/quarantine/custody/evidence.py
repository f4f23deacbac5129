"""One case as an archive for an authority: the bytes, a manifest of their digests, and the audit trail."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import SignalType
from upload_guard.storage.vault_tables import AuditRow

_NAMED = frozenset({SignalType.MD5, SignalType.SHA1, SignalType.SHA256})
UPLOAD, MANIFEST, TRAIL = "upload.bin", "manifest.json", "audit.json"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is handed over, by whom, and who had asked for it."""

    case: CaseInfo
    trail: Sequence[AuditRow]
    requested_by: str
    given_by: str
    given_at: datetime
    because: str

    def write(self, out: BinaryIO) -> None:
        """As a tar archive (POSIX.1-2001). Raises `VaultDamaged`; without bytes where none are kept."""
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            self._add(archive, MANIFEST, self._manifest())
            self._add(archive, TRAIL, [_row(row) for row in self.trail])
            if self.case.kept.there:
                with self.case.content.open() as stream:
                    entry = self._entry(UPLOAD, os.fstat(stream.fileno()).st_size)
                    archive.addfile(entry, stream)

    def _manifest(self) -> dict[str, Any]:
        case = self.case
        digests = {
            signal.type.value: signal.value.hex()
            for signal in case.signals
            if signal.type in _NAMED and not signal.view
        }
        return {
            "case": case.number,
            "held_at": case.created_at.isoformat(),
            "site": case.site,
            "route": case.route,
            "state": case.state.value,
            "result": case.result,
            "why": case.why,
            "upload": {
                "file": UPLOAD if case.kept.there else None,
                "bytes": case.kept.words,
                "size": case.size,
                "media_type": case.media_type,
                **digests,
            },
            "requested_by": self.requested_by,
            "given_by": self.given_by,
            "given_at": self.given_at.isoformat(),
            "because": self.because,
        }

    def _add(self, archive: tarfile.TarFile, name: str, said: object) -> None:
        data = json.dumps(said, indent=2, ensure_ascii=False).encode()
        archive.addfile(self._entry(name, len(data)), io.BytesIO(data))

    def _entry(self, name: str, size: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(f"{self.case.number}/{name}")
        entry.size, entry.mode, entry.mtime = size, 0o600, int(self.given_at.timestamp())
        return entry


def _row(row: AuditRow) -> dict[str, Any]:
    return {
        "sequence": row.sequence,
        "at": row.at.isoformat(),
        "person": row.person,
        "act": row.act,
        "details": row.details,
        "previous": row.previous.hex(),
        "mac": row.mac.hex(),
    }
