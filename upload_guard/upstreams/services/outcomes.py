"""Tells another upload_guard that is asked as a check service what became of its hits: `POST /v1/outcomes`.

Whichever of its doors is asked, the key that asks may tell: signed, or as user and password.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from upload_guard.customers.wire import OUTCOMES_PATH, OutcomesQuestion, OutcomeTold
from upload_guard.errors import UpstreamGarbled
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.said import Said, read
from upload_guard.upstreams.signing import Signing


class _Known(Said):
    """As `customers.wire.OutcomesAnswer`."""

    known: list[bool]


@dataclass(frozen=True, slots=True)
class OutcomeTaker:
    """`credentials` are a machine key of the other installation that signs; None where `client` logs in."""

    client: Asker
    url: str
    credentials: Credentials | None = None

    def tell(self, told: OutcomeTold, seconds: float) -> bool:
        """Whether the service knows such a hit of ours. Raises `UpstreamError`."""
        body = OutcomesQuestion(outcomes=(told,)).model_dump_json(exclude_none=True).encode()
        auth = Signing(self.credentials, hashlib.sha256(body).hexdigest()) if self.credentials else None
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        ask = Ask("POST", f"{self.url.rstrip('/')}{OUTCOMES_PATH}", body, headers, auth)
        with Deadline(seconds) as deadline:
            reply = self.client.ask(ask, deadline)
        known = read(reply, _Known).known
        if len(known) != 1:
            raise UpstreamGarbled(f"{reply.where} did not answer about the one outcome that it was told")
        return known[0]
