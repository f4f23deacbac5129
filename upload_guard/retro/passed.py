"""An upload that passed, as it is remembered: recognized by its exact digests, and readable to nobody.

Exact digests are keyed before they are sealed, as those of the signal log are (`lists.log.logged`), under a
key of their own: the two cannot be laid beside each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from upload_guard.keyring import Keyring
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.lists.log.logged import lacking_in, packed, unpacked
from upload_guard.records import Findings, Signal, Upload
from upload_guard.storage.retro_tables import PassedUpload

_DIGESTS = "retro digests"
_SIGNALS = "retro signals"
_HEAD_ENDS = b"\n"


@dataclass(frozen=True, slots=True)
class Passed:
    """In `signals` exact digests are keyed, those of the upload itself first. `size` in bytes.

    `lacking` says why the signals are not all that the file has, or nothing.
    """

    id: int
    at: datetime
    site: str
    upload_id: str
    route: str
    file_name: str
    media_type: str
    size: int
    signals: tuple[Signal, ...]
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class PassedSeal:
    """Rows from uploads, and back."""

    keyring: Keyring

    @property
    def digest_key(self) -> DigestKey:
        return DigestKey(self.keyring.subkey(_DIGESTS))

    def row(self, at: datetime, upload: Upload, findings: Findings) -> PassedUpload:
        row = PassedUpload(at=at, site=upload.source.site[:64], upload_id=upload.upload_id[:32])
        source = upload.source.route, upload.file_name[:1024], upload.media_type[:255], upload.digest.size
        head = json.dumps(source).encode()
        signals = packed(map(self.digest_key.hidden, findings.signals), lacking_in(findings))
        row.sealed = self.keyring.seal(_SIGNALS, head + _HEAD_ENDS + signals, _context(row))
        return row

    def passed(self, row: PassedUpload) -> Passed:
        """Raises `SealBroken`."""
        plain = self.keyring.open_sealed(_SIGNALS, row.sealed, _context(row))
        head, _, rest = plain.partition(_HEAD_ENDS)
        route, file_name, media_type, size = json.loads(head)
        signals, lacking = unpacked(rest)
        return Passed(
            row.id, row.at, row.site, row.upload_id, route, file_name, media_type, size, signals, lacking
        )


def _context(row: PassedUpload) -> bytes:
    """The columns that are not sealed: none can be changed without the seal breaking."""
    return json.dumps([row.at.isoformat(), row.site, row.upload_id]).encode()
