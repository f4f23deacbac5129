"""PhotoDNA Cloud Service of Microsoft: is this picture like one that is known?

`POST /photodna/v1.0/Match` with the bytes, their MIME type and a subscription key. Codes, shapes and limits
as github.com/wikimedia/mediawiki-extensions-MediaModeration has them: five types of picture, at least 160x160
pixels, at most 4 MB. What it does not take was not compared, and so is "unhashable". It is asked 5 to 10
times a second, by contract; beyond that it answers 429.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from pydantic import Field, model_validator

from upload_guard.errors import UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.records import Content, SignalType
from upload_guard.upstreams.asking import Ask, Asker, Reply
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.said import Said, Word, read
from upload_guard.upstreams.services.service import NOTHING_ASKED, Hit, Question, Told
from upload_guard.upstreams.streamed import Streamed

URL = "https://api.microsoftmoderator.com/photodna/v1.0"
KEY_HEADER = "Ocp-Apim-Subscription-Key"
MOST_BYTES = 4 << 20
MEDIA_TYPES = frozenset({"image/gif", "image/jpeg", "image/png", "image/bmp", "image/tiff"})

_OK = 3000
_BAD_REQUEST = 3002
_UNKNOWN_ERROR = 3004
_UNHASHABLE = {
    3206: "PhotoDNA does not read it as a picture",
    3208: "PhotoDNA takes no picture of this size in pixels, e.g. none below 160x160",
    3209: "PhotoDNA takes no file of this size",
}


class _Status(Said):
    code: int = Field(alias="Code")


class _Flag(Said):
    source: Word | None = Field(None, alias="Source")
    violations: list[Word] | None = Field(None, alias="Violations")

    def hits(self) -> tuple[Hit, ...]:
        """One for each violation, or one without a name."""
        names = self.violations or [""]
        return tuple(Hit(category=name, bank=self.source or "", near=True) for name in names)


class _Details(Said):
    flags: list[_Flag] | None = Field(None, alias="MatchFlags")


class _Answer(Said):
    status: _Status = Field(alias="Status")
    is_match: bool | None = Field(None, alias="IsMatch")
    details: _Details | None = Field(None, alias="MatchDetails")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.is_match is None and self.status.code == _OK:
            raise ValueError("neither a match nor none")
        if self.flags and not self.is_match:
            raise ValueError("flags of a match that is none")
        return self

    @property
    def flags(self) -> list[_Flag]:
        return (self.details.flags or []) if self.details else []


@dataclass(frozen=True, slots=True)
class PhotoDna:
    """`client` has the subscription key in `KEY_HEADER`."""

    client: Asker
    url: str = URL

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return frozenset()

    @property
    def takes_files(self) -> bool:
        return True

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`. What it would not take is not sent."""
        if question.content is None:
            return NOTHING_ASKED
        if question.media_type not in MEDIA_TYPES:
            return Told(unhashable=f"PhotoDNA takes no {question.media_type or 'file of unknown type'}")
        if question.size > MOST_BYTES:
            return Told(unhashable=_UNHASHABLE[3209])
        with Deadline(seconds) as deadline:
            return self._told(self._answer(question.content, question.media_type, deadline))

    def _answer(self, content: Content, media_type: str, deadline: Deadline) -> Reply:
        headers = {"Content-Type": media_type, "Accept": "application/json"}
        ask = Ask("POST", f"{self.url.rstrip('/')}/Match", Streamed(content), headers)
        return self.client.ask(ask, deadline, {HTTPStatus.OK, HTTPStatus.BAD_REQUEST})

    def _told(self, reply: Reply) -> Told:
        answer = read(reply, _Answer)
        code = answer.status.code
        if code in _UNHASHABLE and not answer.is_match:
            return Told(unhashable=_UNHASHABLE[code])
        if code == _BAD_REQUEST:
            raise UpstreamRefused(f"{reply.where} does not take this question (code {code})")
        if code == _UNKNOWN_ERROR:
            raise UpstreamUnreachable(f"{reply.where} has a fault of its own (code {code})")
        if code != _OK or reply.status != HTTPStatus.OK:
            raise UpstreamGarbled(f"{reply.where} answered with code {code} and status {reply.status}")
        if not answer.is_match:
            return Told()
        return Told(tuple(hit for flag in answer.flags for hit in flag.hits()) or (Hit(near=True),))
