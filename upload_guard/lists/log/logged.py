"""What the signal log keeps of one upload, and how it is sealed.

Exact digests are keyed before they are sealed: not even who holds the key can read which files were uploaded,
only recognize one that he has. Perceptual hashes must stay what they are, to be compared by distance; rough
images can be made of them, and names of views come from uploaders, so all of it is sealed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from upload_guard.keyring import Keyring
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.records import PARTIAL, Action, Findings, Result, Signal, SignalType, Verdict
from upload_guard.storage.signal_tables import LoggedUpload

_DIGESTS = "signal log digests"
_SIGNALS = "signal log signals"
_FAST = 1
# As many as some thousand pictures have.
_MOST_BYTES = 4 << 20
TOO_MANY = "more signals than the log takes"


@dataclass(frozen=True, slots=True)
class Logged:
    """An upload of the log. In `signals` exact digests are keyed, those of the upload itself first.

    `lacking` says why they are not all that the file has, or nothing.
    """

    at: datetime
    site: str
    result: Result
    action: Action
    signals: tuple[Signal, ...]
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class LogSeal:
    """Rows of the log from uploads, and back."""

    keyring: Keyring

    @property
    def digest_key(self) -> DigestKey:
        return DigestKey(self.keyring.subkey(_DIGESTS))

    def row(self, at: datetime, site: str, verdict: Verdict, findings: Findings) -> LoggedUpload:
        key = self.digest_key
        plain = packed(map(key.hidden, findings.signals), lacking_in(findings))
        row = LoggedUpload(at=at, site=site, result=verdict.result.value, action=verdict.action.label)
        row.sealed = self.keyring.seal(_SIGNALS, plain, _context(row))
        return row

    def logged(self, row: LoggedUpload) -> Logged:
        """Raises `SealBroken`."""
        signals, lacking = unpacked(self.keyring.open_sealed(_SIGNALS, row.sealed, _context(row)))
        return Logged(row.at, row.site, Result(row.result), Action.from_label(row.action), signals, lacking)


def sha256_of(signals: Iterable[Signal]) -> bytes:
    """The upload's own, which comes first; empty where none was taken."""
    return next((one.value for one in signals if one.type is SignalType.SHA256), b"")


def lacking_in(findings: Findings) -> str:
    """Why the signals are not all that the file has, or nothing."""
    partial = [word for word in findings.degraded if word in PARTIAL]
    return findings.unscannable or findings.unreadable or next(iter(partial), "")


def _context(row: LoggedUpload) -> bytes:
    """The columns that are not sealed: none can be changed without the seal breaking."""
    return json.dumps([row.at.isoformat(), row.site, row.result, row.action]).encode()


def packed(signals: Iterable[Signal], lacking: str) -> bytes:
    """To be sealed: the signals and why they are not all; none of them where there are too many."""
    plain = _compressed(signals, lacking)
    return plain if len(plain) <= _MOST_BYTES else _compressed((), TOO_MANY)


def _compressed(signals: Iterable[Signal], lacking: str) -> bytes:
    rows = [[one.type.value, one.value.hex(), one.view, one.variant, one.quality] for one in signals]
    return zlib.compress(json.dumps([lacking, rows], separators=(",", ":")).encode(), _FAST)


def unpacked(plain: bytes) -> tuple[tuple[Signal, ...], str]:
    """What was packed."""
    lacking, rows = json.loads(zlib.decompress(plain))
    signals = (
        Signal(SignalType(kind), bytes.fromhex(value), view, quality, variant)
        for kind, value, view, variant, quality in rows
    )
    return tuple(signals), lacking
