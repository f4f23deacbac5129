"""NCMEC's Hash Sharing API v2 as reference/wire-formats.md and public clients have it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.supply import PAGE, Supply, digits
from upload_guard.records import SignalType

NAMESPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
_XML = {"Content-Type": "application/xml;charset=UTF-8"}
_LOGIN = "Basic " + b64encode(b"site:a secret").decode()


def image(number: int, member: int = 42, classification: str = "A1", more: str = "") -> str:
    md5 = digits(SignalType.MD5, number)
    return (
        f'<image><member id="{member}">Example Member</member><timestamp>2026-10-24T15:00:00Z</timestamp>'
        f"<id>image{number}</id><classification>{classification}</classification>"
        f"<fingerprints><md5>{md5}</md5><pdna>a1a1</pdna>{more}</fingerprints></image>"
    )


def deleted(number: int, kind: str = "deletedImage", member: int = 42) -> str:
    return (
        f'<{kind}><member id="{member}">Example Member</member><id>image{number}</id>'
        f"<timestamp>2026-10-24T15:10:00Z</timestamp></{kind}>"
    )


def answer(images: Iterable[str] = (), following: str = "", videos: Iterable[str] = ()) -> Reply:
    """A page of entries."""
    paging = f"<paging><next>{escape(following)}</next></paging>" if following else ""
    body = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><queryResult xmlns="{NAMESPACE}">'
        f'<images count="1" maxTimestamp="2026-10-24T15:10:00Z">{"".join(images)}</images>'
        f'<videos count="0" maxTimestamp="2026-10-24T15:10:00Z">{"".join(videos)}</videos>'
        f"{paging}</queryResult>"
    )
    return Reply(body.encode(), headers=_XML)


@dataclass(slots=True)
class Ncmec(Supply):
    """Every change is told in every span, as if all were of this hour."""

    gone: list[int] = field(default_factory=list)
    put: list[Asked] = field(default_factory=list)
    reasons: str = '<reason guid="01234567-abcd" name="Not what it is said to be" type="Md5"/>'

    kind = "ncmec"
    type = SignalType.MD5
    base = "/hashsharing"
    options: ClassVar[Mapping[str, Any]] = {"user": "site", "password": "a secret"}
    actions: ClassVar[Mapping[str, Any]] = {
        "A1": "block",
        "A2": "quarantine",
        "B1": "monitor",
        "B2": "ignore",
    }

    def withdraw(self, number: int) -> None:
        self.held.remove(number)
        self.gone.append(number)

    def return_all(self, numbers: Iterable[int]) -> None:
        self.gone = [one for one in self.gone if one not in numbers]
        self.held[:] = [*numbers, *self.held]

    def let_in(self, asked: Asked) -> Reply | None:
        return None if asked.headers.get("Authorization") == _LOGIN else Reply(status=401)

    def page_of(self, asked: Asked) -> int:
        parts = urlsplit(asked.path)
        if parts.path != "/hashsharing/v2/entries":
            return 0
        return int(parse_qs(parts.query).get("start", ["1"])[0]) // PAGE + 1

    def page(self, asked: Asked, number: int) -> Reply:
        if not number:
            return self._feedback(asked)
        entries = [deleted(one) for one in self.gone] + [image(one) for one in self.held]
        span = parse_qs(urlsplit(asked.path).query)
        following = (
            f"/v2/entries?from={quote(span['from'][0], safe='')}&to={quote(span['to'][0], safe='')}"
            f"&start={number * PAGE + 1}&size={PAGE}&max={len(entries)}"
        )
        more = number * PAGE < len(entries)
        return answer(entries[(number - 1) * PAGE : number * PAGE], following if more else "")

    def circle(self, asked: Asked) -> Reply:
        return answer([], asked.path.removeprefix("/hashsharing"))

    def _feedback(self, asked: Asked) -> Reply:
        if asked.path.endswith("/reasons"):
            body = f'<availableFeedbackReasons xmlns="{NAMESPACE}">{self.reasons}</availableFeedbackReasons>'
            return Reply(body.encode(), headers=_XML)
        if asked.method == "PUT" and asked.path.endswith("/feedback"):
            self.put.append(asked)
            return Reply(b"<submissionResult/>", headers=_XML)
        return Reply(status=404)
