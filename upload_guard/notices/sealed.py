"""What the sender of a notice wrote and who that is, sealed: rows and backups tell nobody's name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from upload_guard.keyring import Keyring
from upload_guard.notices.incoming import Incoming, Told, Wording

_PURPOSE = "notices"


@dataclass(frozen=True, slots=True)
class Written:
    """Of an `Incoming` what its row does not hold in columns; see there."""

    told: Told
    wording: Wording
    reference: str
    subject: str
    reasons: str
    good_faith: bool
    hashes: tuple[str, ...]
    remarks: tuple[str, ...]
    may_answer: bool
    language: str

    @classmethod
    def of(cls, incoming: Incoming) -> Written:
        return cls(
            told=incoming.told,
            wording=incoming.wording,
            reference=incoming.reference,
            subject=incoming.subject,
            reasons=incoming.reasons,
            good_faith=incoming.good_faith,
            hashes=incoming.hashes,
            remarks=incoming.remarks,
            may_answer=incoming.may_answer,
            language=incoming.language,
        )


def seal_written(keyring: Keyring, number: str, letter: Written) -> bytes:
    """Sealed for the notice of that number."""
    return keyring.seal(_PURPOSE, json.dumps(asdict(letter)).encode(), number.encode())


def open_written(keyring: Keyring, number: str, sealed: bytes) -> Written:
    """What was sealed for that notice. Raises `SealBroken`."""
    row = json.loads(keyring.open_sealed(_PURPOSE, sealed, number.encode()))
    row["told"] = Told(**row["told"])
    row["wording"] = Wording(row["wording"])
    for name in ("hashes", "remarks"):
        row[name] = tuple(row[name])
    return Written(**row)
