"""Hasher-Matcher-Actioner: looks up a hash, or a file in a form, in banks; faults are `{"message"}`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email import message_from_bytes
from urllib.parse import parse_qs, urlsplit

from tests.upstreams.stand_in import Asked, Reply


def told(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"}, keep=True)


@dataclass(slots=True)
class Hma:
    """`banks` hold hashes in hex; `hashed` says what a file hashes to, an empty word where to nothing.

    `elided` leaves the signal type out of the answer about a hash, as HMA itself does.
    """

    banks: dict[str, set[str]] = field(default_factory=dict)
    hashed: dict[bytes, dict[str, str]] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=lambda: {"pdq", "video_md5"})
    elided: bool = True
    ready: bool = True
    key: str = ""
    threshold: int = 31

    def __call__(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if self.key and asked.headers.get("Authorization") != f"Bearer {self.key}":
            return told({"message": "role missing"}, 403)
        if parts.path != "/m/lookup":
            return told({"message": "not found"}, 404)
        if asked.method == "GET":
            name = query["signal_type"]
            reply = self._lookup(name, query["signal"], query.get("banks"))
            return reply if isinstance(reply, Reply) else told(reply if self.elided else {name: reply})
        return self._by_file(asked, query.get("banks"))

    def _by_file(self, asked: Asked, banks: str | None) -> Reply:
        form = message_from_bytes(
            b"Content-Type: " + asked.headers["Content-Type"].encode() + b"\r\n\r\n" + asked.body
        )
        (part,) = form.get_payload()  # type: ignore[misc]
        if part.get_param("name", header="content-disposition") != "photo":  # type: ignore[union-attr]
            return told({"message": "unknown content type"}, 400)
        found = {}
        for name, value in self.hashed.get(part.get_payload(decode=True), {}).items():  # type: ignore[union-attr, arg-type]
            found[name] = self._lookup(name, value, banks)
            if isinstance(found[name], Reply):
                return found[name]
        return told(found)

    def _lookup(self, name: str, value: str, banks: str | None) -> Reply | dict[str, list[dict[str, object]]]:
        if name not in self.enabled:
            return told({"message": f"SignalType '{name}' is not enabled"}, 400)
        if not value:
            return told({"message": "invalid signal type: invalid PDQ hash"}, 400)
        if not self.ready:
            return told({"message": "index not yet ready"}, 503)
        found: dict[str, list[dict[str, object]]] = {}
        for bank, entries in self.banks.items():
            for number, entry in enumerate(sorted(entries)):
                if banks is not None and bank not in banks.split(","):
                    continue
                if len(entry) == len(value) and (bits := _distance(entry, value)) <= self.threshold:
                    said = str(bits) if name == "pdq" else "-"
                    found.setdefault(bank, []).append({"bank_content_id": number, "distance": said})
        return found


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
