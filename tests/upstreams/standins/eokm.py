"""EOKM's HashCheckService: one bare hash in, `true` or `false` out; Basic authentication."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

from tests.upstreams.stand_in import Asked, Reply

LENGTHS = {"md5": 32, "sha1": 40}


@dataclass(slots=True)
class Eokm:
    """`known` and `known_for_tests` are bare hashes in hex; each path has its own."""

    known: set[str] = field(default_factory=set)
    known_for_tests: set[str] = field(default_factory=set)
    user: str = "site"
    password: str = "a secret"  # noqa: S105

    def __call__(self, asked: Asked) -> Reply:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {login}":
            return Reply(b"Unauthorized", 401, keep=True)
        path = re.fullmatch(r"/v1/(test/)?check/(md5|sha1)", asked.path)
        if path is None:
            return Reply(b"Not Found", 404, keep=True)
        if asked.method != "POST" or not re.fullmatch(rb"[0-9a-f]{%d}" % LENGTHS[path[2]], asked.body):
            return Reply(b"Bad Request", 400, keep=True)
        known = self.known_for_tests if path[1] else self.known
        return Reply(b"true" if asked.body.decode() in known else b"false", keep=True)
