"""Another upload_guard: hashes by the batch, or a file; signed by a machine key, faults as `{"code"}`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.hma import told
from upload_guard.signing import Request, parse


@dataclass(slots=True)
class Sidecar:
    """`listed` has result and category by hash in hex, `files` a whole verdict by file.

    `covered` are the types of which some list has hashes, and `missing` is why those of others are not told;
    `details` says that the key has this scope.
    """

    listed: dict[str, tuple[str, str]] = field(default_factory=dict)
    files: dict[bytes, dict[str, object]] = field(default_factory=dict)
    covered: set[str] = field(default_factory=lambda: {"md5", "sha1", "sha256", "pdq"})
    missing: str = "not_covered"
    details: bool = False
    key_id: str = "KEYID"
    secret: str = "a secret"  # noqa: S105
    nonces: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Reply:
        if not self._is_signed(asked):
            return told({"code": "not_authenticated", "message": "", "retry_after": None}, 401)
        if (asked.method, asked.path) == ("POST", "/v1/check/batch"):
            return told({"answers": [self._item(item) for item in json.loads(asked.body)["items"]]})
        if (asked.method, asked.path) == ("POST", "/v1/check?dry_run=1"):
            clean = {"result": "clean", "action": "allow", "reason": "", "case": "", "degraded": []}
            return told(clean | self.files.get(asked.body, {}))
        return told({"code": "not_found", "message": "", "retry_after": None}, 404)

    def _is_signed(self, asked: Asked) -> bool:
        signed = parse(asked.headers.get("Authorization", ""))
        if signed is None or signed.key_id != self.key_id or signed.nonce in self.nonces:
            return False
        self.nonces.add(signed.nonce)
        digest = hashlib.sha256(asked.body).hexdigest()
        return signed.digest == digest and signed.is_right(self.secret, Request(asked.method, asked.path))

    def _item(self, item: dict[str, str]) -> dict[str, object]:
        ((name, value),) = (pair for pair in item.items() if pair[0] not in {"id", "upload"})
        blank = {"id": item["id"], "result": None, "action": None, "category": "", "reason": "", "hit": ""}
        if name not in self.covered:
            fault = {"code": self.missing, "message": "No list in force has such hashes."}
            return blank | {"compared": [], "fault": fault}
        result, category = self.listed.get(value, ("clean", ""))
        action = "block" if result in {"match", "near"} else "allow"
        said = blank | {"result": result, "action": action, "category": category, "compared": [name]}
        matches = [{"list": "police", "version": 1, "category": category, "signal_type": name, "distance": 9}]
        return said | {"fault": None} | ({"matches": matches if category else []} if self.details else {})
