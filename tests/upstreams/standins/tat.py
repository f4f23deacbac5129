"""Tech Against Terrorism's hash list, v2."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import PAGE, Supply, digits
from upload_guard.records import SignalType

_JSON = {"Content-Type": "application/json"}


def entry(id_: int, number: int, deleted: bool = False, **more: object) -> Mapping[str, Any]:
    return {
        "hash_digest": digits(SignalType.MD5, number),
        "algorithm": "MD5",
        "ideology": "far-right",
        "file_type": "jpg",
        "deleted": deleted,
        "updated_on": 1_700_000_000.0 + id_,
        "id": number,
        **more,
    }


def answer(entries: Iterable[Mapping[str, Any]], checkpoint: str | None, more: bool) -> Reply:
    following = "https://beta.example.org/api/hash-list/v2/all?limit=5&offset=5" if more else None
    said = {
        "count": 1,
        "next": following,
        "previous": None,
        "checkpoint": checkpoint,
        "results": list(entries),
    }
    return Reply(json.dumps(said).encode(), headers=_JSON)


@dataclass(slots=True)
class Tat(Supply):
    """`changes` in their order, each a number and whether it is deleted; a checkpoint names the last one."""

    changes: list[tuple[int, bool]] = field(default_factory=list)
    tokens: int = 0
    good_token: str = ""

    kind = "tat"
    type = SignalType.MD5
    options: ClassVar[Mapping[str, Any]] = {"user": "site", "password": "a secret"}
    actions: ClassVar[Mapping[str, Any]] = {"far-right": "block", "islamist": "block"}

    def hold(self, *numbers: int) -> None:
        self.held += numbers
        self.changes += [(number, False) for number in numbers]

    def withdraw(self, number: int) -> None:
        self.held.remove(number)
        self.changes.append((number, True))

    def return_all(self, numbers: Iterable[int]) -> None:
        self.changes += [(number, False) for number in numbers]
        self.held[:] = [*numbers, *self.held]

    def let_in(self, asked: Asked) -> Reply | None:
        if asked.path == "/token-auth/tcap/":
            said = parse_qs(asked.body.decode())
            good = asked.method == "POST" and (said["username"], said["password"]) == (["site"], ["a secret"])
            return None if good else Reply(status=400)
        good = asked.headers.get("Authorization") == f"Bearer {self.good_token}"
        return None if good else Reply(status=401)

    def page_of(self, asked: Asked) -> int:
        if urlsplit(asked.path).path != "/api/hash-list/v2/all":
            return 0
        return self._after(asked) // PAGE + 1

    def page(self, asked: Asked, number: int) -> Reply:
        if not number:
            self.tokens += 1
            self.good_token = f"token-{self.tokens}"
            return Reply(json.dumps({"token": self.good_token, "user": {}}).encode(), headers=_JSON)
        after = self._after(asked)
        page = [entry(at, *one) for at, one in enumerate(self.changes[after : after + PAGE], after + 1)]
        last = after + len(page)
        return answer(page, f"1700000000,{last}" if page else None, last < len(self.changes))

    def circle(self, asked: Asked) -> Reply:
        return answer([], parse_qs(urlsplit(asked.path).query)["after"][0], more=True)

    def _after(self, asked: Asked) -> int:
        said = parse_qs(urlsplit(asked.path).query).get("after", ["0,0"])[0]
        return int(said.partition(",")[2])
