"""One row of the audit log bound to the one before by HMAC-SHA256 (RFC 2104), and to its own content.

Whoever can write to the database and has no master key can alter or remove rows, but not unnoticed. Rows cut
off at the end leave a chain that is sound, so the head is written down elsewhere, too: see `audit.heads`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass

from upload_guard.storage.vault_tables import AuditRow

NOTHING = bytes(32)
"""What the first row has for the mac of the row before."""
ACCEPTED = "audit.accepted"
"""The act by which a person goes on after a fault: what is before it counts no more."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row's number and mac; 0 and zeros where there is none."""

    sequence: int = 0
    mac: bytes = NOTHING


def mac_of(row: AuditRow, key: bytes) -> bytes:
    """Over everything in the row but its mac."""
    said = [
        row.sequence,
        row.at.isoformat(),
        row.person,
        row.act,
        row.case_number,
        row.details,
        row.previous.hex(),
    ]
    return hmac.digest(key, json.dumps(said, sort_keys=True, separators=(",", ":")).encode(), "sha256")


def is_genuine(row: AuditRow, key: bytes) -> bool:
    return hmac.compare_digest(row.mac, mac_of(row, key))


def fault_of(rows: Iterable[AuditRow], key: bytes, start: Head, end: Head) -> str:
    """What is wrong with `rows`, which should lead from just after `start` to `end`; empty if nothing is."""
    at = start
    for row in rows:
        if row.sequence != at.sequence + 1:
            return f"row {at.sequence + 1} is missing"
        if row.previous != at.mac or not is_genuine(row, key):
            return f"row {row.sequence} is not as it was written"
        at = Head(row.sequence, row.mac)
    if at != end:
        return f"rows after {at.sequence} are missing, up to {end.sequence}"
    return ""
