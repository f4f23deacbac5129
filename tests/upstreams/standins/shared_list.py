"""Another upload_guard's GET /v1/lists/NAME/export; exchanges/test_upload_guard.py has a real one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import Supply, digits
from upload_guard.records import SignalType
from upload_guard.signing import Request, parse

PATH = "/v1/lists/icse/export"
_LINES = {"Content-Type": "application/x-ndjson"}


@dataclass(slots=True)
class Guard(Supply):
    kind = "upload_guard"
    type = SignalType.MD5
    options: ClassVar[Mapping[str, Any]] = {"remote_name": "icse", "key_id": "key", "secret": "a secret"}
    paged = False
    names_withdrawn = False

    def withdraw(self, number: int) -> None:
        self.held.remove(number)

    def let_in(self, asked: Asked) -> Reply | None:
        signed = parse(asked.headers.get("Authorization", ""))
        good = signed is not None and signed.is_right("a secret", Request("GET", asked.path))
        return None if good else Reply(status=401)

    def page_of(self, asked: Asked) -> int:
        return 1 if asked.path == PATH else 0

    def page(self, asked: Asked, number: int) -> Reply:
        if not number:
            return Reply(status=404)
        line = '{{"type": "md5", "value": "{}", "category": "baseline"}}\n'
        body = "".join(line.format(digits(SignalType.MD5, one)) for one in self.held).encode()
        tag = f'"1-{hashlib.sha256(body).hexdigest()[:32]}"'
        if asked.headers.get("If-None-Match") == tag:
            return Reply(status=304, headers={"ETag": tag})
        return Reply(body, headers={**_LINES, "ETag": tag})

    def circle(self, asked: Asked) -> Reply:
        raise AssertionError("it comes whole")
