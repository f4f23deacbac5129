"""StopNCII's hash bank as public clients read it; see docs/exchanges.md for what of it is sure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import PAGE, Supply, digits
from upload_guard.records import SignalType

_JSON = {"Content-Type": "application/json; charset=utf-8"}
TIME = 1_700_000_000


def record(number: int, status: str = "Active", **more: object) -> Mapping[str, Any]:
    return {
        "lastModtimestamp": TIME,
        "signalType": "ImagePDQ",
        "hashValue": digits(SignalType.PDQ, number),
        "hashStatus": status,
        "caseNumbers": {"1": status},
        "CSPFeedbacks": [],
        **more,
    }


def answer(records: Iterable[Mapping[str, Any]], token: str = "", following: int = TIME) -> Reply:
    held = list(records)
    said = {
        "count": len(held),
        "nextPageToken": token,
        "nextSetTimestamp": following,
        "hasMoreRecords": bool(token),
        "hashRecords": held,
    }
    return Reply(json.dumps(said).encode(), headers=_JSON)


@dataclass(slots=True)
class StopNcii(Supply):
    """Every record is told in every set."""

    gone: dict[int, str] = field(default_factory=dict)
    posted: list[Asked] = field(default_factory=list)

    kind = "stopncii"
    type = SignalType.PDQ
    base = "/v1"
    options: ClassVar[Mapping[str, Any]] = {
        "subscription_key": "sub",
        "function_key": "fetch",
        "category": "baseline",
    }

    def withdraw(self, number: int, status: str = "Withdrawn") -> None:
        self.held.remove(number)
        self.gone[number] = status

    def return_all(self, numbers: Iterable[int]) -> None:
        self.gone = {one: said for one, said in self.gone.items() if one not in numbers}
        self.held[:] = [*numbers, *self.held]

    def let_in(self, asked: Asked) -> Reply | None:
        function = "submit" if asked.path == "/v1/SubmitFeedback" else "fetch"
        keys = asked.headers.get("Ocp-Apim-Subscription-Key"), asked.headers.get("x-functions-key")
        return None if keys == ("sub", function) else Reply(status=401)

    def page_of(self, asked: Asked) -> int:
        parts = urlsplit(asked.path)
        if parts.path != "/v1/FetchHashes":
            return 0
        return int(parse_qs(parts.query).get("nextPageToken", ["page-1"])[0].removeprefix("page-"))

    def page(self, asked: Asked, number: int) -> Reply:
        if not number:
            self.posted.append(asked)
            return Reply(b"{}", headers=_JSON)
        records = [record(*one) for one in self.gone.items()] + [record(one) for one in self.held]
        more = number * PAGE < len(records)
        return answer(records[(number - 1) * PAGE : number * PAGE], f"page-{number + 1}" if more else "")

    def circle(self, asked: Asked) -> Reply:
        return answer([], parse_qs(urlsplit(asked.path).query)["nextPageToken"][0])
