"""Project Arachnid Shield of the Canadian Centre for Child Protection: how is this picture classified?

`POST /v1/media/` takes the bytes, `POST /v1/pdq/` PDQ hashes in base64; Basic authentication. The answers are
those of its SDKs (pypi.org/project/arachnid-shield-sdk; github.com/CdnCentreForChildProtection/
arachnid-shield-sdk-rs, models.rs). `test` classifies what it keeps for trying things out.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, Self

from pydantic import model_validator

from upload_guard.errors import UpstreamGarbled
from upload_guard.records import Content, Signal, SignalType
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.said import Said, read
from upload_guard.upstreams.services.service import NOTHING_ASKED, Hit, Question, Told
from upload_guard.upstreams.streamed import Streamed

URL = "https://shield.projectarachnid.com"
_NO_MATCH = "no-known-match"
_TAKEN = ("image/", "video/")
_NOT_TAKEN = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}

_Classification = Literal["csam", "harmful-abusive-material", "test", "no-known-match"]


class _NearMatch(Said):
    classification: _Classification | None


class _Scanned(Said):
    classification: _Classification
    match_type: Literal["exact", "near"] | None
    near_match_details: list[_NearMatch] | _NearMatch | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        details = self.near_match_details
        matched = self.match_type is not None or bool(details)
        if self.classification == _NO_MATCH and matched:
            raise ValueError("a match that is none")
        return self

    def hits(self, signal: Signal | None) -> tuple[Hit, ...]:
        if self.classification == _NO_MATCH:
            return ()
        near = signal is not None or self.match_type != "exact"
        return (Hit(signal, self.classification, near=near),)


class _ScannedMedia(_Scanned):
    size_bytes: int


class _ScannedHashes(Said):
    scanned_hashes: dict[str, _Scanned]


class _Fault(Said):
    detail: str


@dataclass(frozen=True, slots=True)
class ArachnidShield:
    """A file is judged by its digest and by its look, if it is a picture or a film; others do not leave."""

    client: Asker
    url: str = URL

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return frozenset({SignalType.PDQ})

    @property
    def takes_files(self) -> bool:
        return True

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`."""
        signals = question.of(self.signal_types)
        with Deadline(seconds) as deadline:
            if question.content is not None:
                return self._by_file(question, question.content, deadline)
            return self._by_signals(signals, deadline) if signals else NOTHING_ASKED

    def _by_file(self, question: Question, content: Content, deadline: Deadline) -> Told:
        if not question.media_type.startswith(_TAKEN):
            return Told(unhashable="Arachnid Shield is sent pictures and films only")
        headers = {"Content-Type": question.media_type, **_JSON}
        ask = Ask("POST", self._url("media"), Streamed(content), headers)
        reply = self.client.ask(ask, deadline, {HTTPStatus.OK, *_NOT_TAKEN})
        if reply.status != HTTPStatus.OK:
            read(reply, _Fault)
            return Told(unhashable=f"Arachnid Shield does not take such a file (status {reply.status})")
        scanned = read(reply, _ScannedMedia)
        if question.size and scanned.size_bytes != question.size:
            raise UpstreamGarbled(f"{reply.where} answered about another file")
        return Told(scanned.hits(None))

    def _by_signals(self, signals: tuple[Signal, ...], deadline: Deadline) -> Told:
        asked = {base64.b64encode(signal.value).decode(): signal for signal in signals}
        body = json.dumps({"hashes": list(asked)}).encode()
        headers = {"Content-Type": "application/json", **_JSON}
        reply = self.client.ask(Ask("POST", self._url("pdq"), body, headers), deadline)
        scanned = read(reply, _ScannedHashes).scanned_hashes
        if scanned.keys() != asked.keys():
            raise UpstreamGarbled(f"{reply.where} did not answer about each hash, or about others")
        return Told(tuple(hit for name, one in scanned.items() for hit in one.hits(asked[name])))

    def _url(self, what: str) -> str:
        return f"{self.url.rstrip('/')}/v1/{what}/"


_JSON = {"Accept": "application/json"}
