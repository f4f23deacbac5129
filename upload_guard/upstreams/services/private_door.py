"""The addresses at which another upload_guard takes private checks, and what it offered there last.

docs/private-checks.md has the shapes, which are read to the letter: half a bucket looks like "not listed".
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from upload_guard.errors import EpochOver, UpstreamGarbled, UpstreamUnreachable
from upload_guard.private.wire import OFFER_PATH, Label, Offer
from upload_guard.records import EXACT_TYPES, Signal
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.service import NOTHING_ASKED, Hit, Question, Told
from upload_guard.upstreams.signing import Signing

_REMEMBERED_SECONDS = 60.0
_KNOWN = frozenset({int(HTTPStatus.OK), int(HTTPStatus.CONFLICT)})
NOT_OFFERED = Told(unhashable="it has no list of such hashes that may be asked about privately")

_Ask = Callable[[tuple[Signal, ...], Offer, Deadline], Told]
Said = TypeVar("Said", bound=BaseModel)


class PrivateDoor:
    """Of one service, for a machine key with the scope `private-check`. Threads share it."""

    def __init__(self, client: Asker, url: str, key: Credentials) -> None:
        self._client, self._url, self._key = client, url.rstrip("/"), key
        self._offered: tuple[float, Offer] | None = None

    def asked(self, question: Question, ask: _Ask, seconds: float) -> Told:
        """What `ask` makes of the digests in it and the offer; once more if that was over meanwhile.

        Raises `UpstreamError`.
        """
        digests = question.of(EXACT_TYPES)
        if not digests:
            return NOTHING_ASKED
        with Deadline(seconds) as deadline:
            try:
                return ask(digests, self._offer(deadline), deadline)
            except EpochOver:
                self._offered = None
            try:
                return ask(digests, self._offer(deadline), deadline)
            except EpochOver as error:
                raise UpstreamUnreachable(f"{self._url}: what it offers changes again and again") from error

    def get(self, target: str, kind: type[Said], deadline: Deadline) -> Said:
        return self._said("GET", target, b"", kind, deadline)

    def post(self, target: str, question: BaseModel, kind: type[Said], deadline: Deadline) -> Said:
        return self._said("POST", target, question.model_dump_json().encode(), kind, deadline)

    def garbled(self, why: str) -> UpstreamGarbled:
        return UpstreamGarbled(f"{self._url} answered with {why}")

    def hits(self, signal: Signal, labels: tuple[Label, ...], number: int) -> tuple[Hit, ...]:
        """One for each category that the number of a record stands for."""
        if number >= len(labels):
            raise self.garbled("a category that it does not name")
        return tuple(Hit(signal, category) for category in labels[number])

    def _offer(self, deadline: Deadline) -> Offer:
        if self._offered is not None and time.monotonic() - self._offered[0] < _REMEMBERED_SECONDS:
            return self._offered[1]
        offer = self.get(OFFER_PATH, Offer, deadline)
        self._offered = time.monotonic(), offer
        return offer

    def _said(self, method: str, target: str, body: bytes, kind: type[Said], deadline: Deadline) -> Said:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        signing = Signing(self._key, hashlib.sha256(body).hexdigest())
        reply = self._client.ask(Ask(method, self._url + target, body, headers, signing), deadline, _KNOWN)
        if reply.status == HTTPStatus.CONFLICT:
            raise EpochOver(f"{reply.where} offers something else by now")
        try:
            return kind.model_validate_json(reply.body, strict=True)
        except ValidationError:
            raise self.garbled("something that is no answer of a private check") from None
