"""The HashCheckService of EOKM (Offlimits), now also called Instant Image Identifier: is this hash known?

`POST /v1/check/{md5|sha1}` with the bare hash in hex and Basic authentication answers `true` or `false`, as
the public clients show: SCART (github.com/abuseio/scart, scartHASHcheck.php) and Shimmie
(github.com/shish/shimmie2, ext/eokm/main.php). They let pass whatever is not `true`, and SCART looks at no
certificate; here all but the two words is no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.errors import UpstreamGarbled
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.service import Hit, Question, Told, one_by_one

URL = "https://api.eokmhashdb.nl"
# Both public clients let curl say so of a body that is no form at all.
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_ANSWERS = {b"true": True, b"false": False}


@dataclass(frozen=True, slots=True)
class HashCheckService:
    """`test` asks at the path that knows test hashes only."""

    client: Asker
    url: str = URL
    test: bool = False

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return frozenset({SignalType.MD5, SignalType.SHA1})

    @property
    def takes_files(self) -> bool:
        return False

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`. One request for each hash, all of them, whatever the first ones are."""
        with Deadline(seconds) as deadline:
            return one_by_one(question.of(self.signal_types), lambda one: self._told(one, deadline))

    def _told(self, signal: Signal, deadline: Deadline) -> Told:
        path = "/v1/test/check" if self.test else "/v1/check"
        url = f"{self.url.rstrip('/')}{path}/{signal.type.value}"
        reply = self.client.ask(Ask("POST", url, signal.value.hex().encode(), _HEADERS), deadline)
        answer = _ANSWERS.get(reply.body.strip(b" \t\r\n"))
        if answer is None:
            raise UpstreamGarbled(f"{reply.where} answered neither true nor false")
        return Told((Hit(signal),)) if answer else Told()
