"""Hasher-Matcher-Actioner's curation API, as far as a bank can be read by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import Supply, digits
from upload_guard.records import SignalType

_JSON = {"Content-Type": "application/json"}
# What the exchange asks for as one page.
CONTENTS = 100


def said(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status, _JSON)


@dataclass(slots=True)
class Hma(Supply):
    """`others` are contents told as they are given, by id."""

    others: dict[int, Any] = field(default_factory=dict)
    ratio: float = 1.0

    kind = "hma"
    type = SignalType.PDQ
    options: ClassVar[Mapping[str, Any]] = {
        "remote_name": "TEST_BANK",
        "bearer": "a key",
        "category": "baseline",
        "gap": 20,
    }
    names_withdrawn = False

    def withdraw(self, number: int) -> None:
        self.held.remove(number)

    def let_in(self, asked: Asked) -> Reply | None:
        good = asked.headers.get("Authorization") == "Bearer a key"
        return None if good else said({"message": "no role"}, 403)

    def page_of(self, asked: Asked) -> int:
        content = self._content(asked)
        return 1 if content is None else (content - 1) // CONTENTS + 1

    def page(self, asked: Asked, number: int) -> Reply:
        content = self._content(asked)
        if content is None:
            return said({"name": "TEST_BANK", "matching_enabled_ratio": self.ratio})
        if content in self.others:
            return said(self.others[content])
        if content in self.held:
            signals = {"pdq": digits(SignalType.PDQ, content)}
            return said(
                {
                    "id": content,
                    "bank": "TEST_BANK",
                    "enabled": True,
                    "original_media_uri": None,
                    "signals": signals,
                }
            )
        return said({"message": f"content '{content}' not found"}, 404)

    def circle(self, asked: Asked) -> Reply:
        raise AssertionError("ids only go up")

    def _content(self, asked: Asked) -> int | None:
        parts = urlsplit(asked.path).path.split("/")
        return int(parts[5]) if len(parts) > 5 else None
