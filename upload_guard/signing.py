"""How machines sign requests to the sidecar, for both sides; docs/machine-keys.md shows the bytes.

    Authorization: UploadGuard-HMAC-SHA256 KEYID:TIMESTAMP:NONCE:DIGEST:SIGNATURE

SIGNATURE is HMAC-SHA256 (RFC 2104), in hex, under the secret as it was shown, of seven lines joined by "\\n":
the scheme's name, KEYID, TIMESTAMP (Unix seconds), NONCE, the method, the path with its query as it stands in
the request line, and DIGEST (SHA-256 of the body as sent, in hex).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field

SCHEME = "UploadGuard-HMAC-SHA256"
# How far a timestamp may be from the sidecar's clock, in seconds, either way.
WINDOW = 300
EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()
_VALUE = re.compile(
    r"(?P<key_id>[A-Za-z0-9_-]{1,64}):(?P<timestamp>[0-9]{1,12}):(?P<nonce>[A-Za-z0-9_-]{16,64})"
    r":(?P<digest>[0-9a-f]{64}):(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A machine key as its holder has it."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed of a request; `target` is the path with its query, byte for byte as it is sent."""

    method: str
    target: str


@dataclass(frozen=True, slots=True)
class Signed:
    """The value of the header. `digest` and `signature` in lower-case hex, `timestamp` in Unix seconds."""

    key_id: str
    timestamp: int
    nonce: str
    digest: str
    signature: str = field(repr=False)

    def is_right(self, secret: str, request: Request) -> bool:
        """Whether whoever signed had this secret; takes the same time for any answer."""
        return hmac.compare_digest(self.signature, _signature(secret, self._lines(request)))

    def is_timely(self, now: float) -> bool:
        return abs(now - self.timestamp) <= WINDOW

    def header(self) -> str:
        return f"{SCHEME} {self.key_id}:{self.timestamp}:{self.nonce}:{self.digest}:{self.signature}"

    def _lines(self, request: Request) -> str:
        return _lines(self.key_id, self.timestamp, self.nonce, request, self.digest)


def sign(
    credentials: Credentials,
    request: Request,
    digest: str,
    timestamp: int | None = None,
    nonce: str | None = None,
) -> Signed:
    """Sign a request whose body has this SHA-256 (hex); now and under a new nonce unless both are given."""
    at = int(time.time()) if timestamp is None else timestamp
    once = secrets.token_hex(16) if nonce is None else nonce
    lines = _lines(credentials.key_id, at, once, request, digest)
    return Signed(credentials.key_id, at, once, digest, _signature(credentials.secret, lines))


def parse(header: str) -> Signed | None:
    """What an Authorization header of this scheme says; None for anything else."""
    scheme, _, value = header.partition(" ")
    found = _VALUE.fullmatch(value) if scheme.lower() == SCHEME.lower() else None
    if found is None:
        return None
    return Signed(
        found["key_id"], int(found["timestamp"]), found["nonce"], found["digest"], found["signature"]
    )


def _lines(key_id: str, timestamp: int, nonce: str, request: Request, digest: str) -> str:
    return "\n".join((SCHEME, key_id, str(timestamp), nonce, request.method, request.target, digest))


def _signature(secret: str, lines: str) -> str:
    return hmac.new(secret.encode(), lines.encode("latin-1", "backslashreplace"), hashlib.sha256).hexdigest()
