"""Project Arachnid Shield: classifies media and PDQ hashes; Basic authentication, faults as `{"detail"}`."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.hma import told

NO_MATCH = ("no-known-match", None)


@dataclass(slots=True)
class Arachnid:
    """Classification and match type, by file or by PDQ hash; media of other types are not taken."""

    files: dict[bytes, tuple[str, str | None]] = field(default_factory=dict)
    hashes: dict[bytes, tuple[str, str | None]] = field(default_factory=dict)
    takes: tuple[str, ...] = ("image/", "video/")
    user: str = "site"
    password: str = "a secret"  # noqa: S105

    def __call__(self, asked: Asked) -> Reply:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {login}":
            return told({"detail": "Could not validate credentials"}, 401)
        if asked.method != "POST":
            return told({"detail": "Method Not Allowed"}, 405)
        if asked.path == "/v1/media/":
            return self._media(asked)
        if asked.path == "/v1/pdq/":
            hashes = json.loads(asked.body)["hashes"]
            return told({"scanned_hashes": {one: self._scanned(one) for one in hashes}})
        return told({"detail": "Not Found"}, 404)

    def _media(self, asked: Asked) -> Reply:
        if not asked.headers["Content-Type"].startswith(self.takes):
            return told({"detail": "Unsupported media type"}, 415)
        said = _classified(self.files.get(asked.body, NO_MATCH))
        digest = hashlib.sha1(asked.body).digest()
        return told(
            {
                "size_bytes": len(asked.body),
                "sha1_base32": base64.b32encode(digest).decode(),
                "sha256_hex": hashlib.sha256(asked.body).hexdigest(),
                **said,
            }
        )

    def _scanned(self, one: str) -> dict[str, object]:
        return _classified(self.hashes.get(base64.b64decode(one), NO_MATCH))


def _classified(known: tuple[str, str | None]) -> dict[str, object]:
    classification, match_type = known
    near = {"timestamp": 0, "sha1_base32": "A" * 32, "sha256_hex": "0" * 64, "classification": classification}
    return {
        "classification": classification,
        "match_type": match_type,
        "near_match_details": [near] if match_type == "near" else [],
    }
