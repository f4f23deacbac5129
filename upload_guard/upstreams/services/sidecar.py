"""Another upload_guard as a check service; docs/api.md of its release has the shapes.

`POST /v1/check/batch` takes hashes, each as an item of its own so that it is plain which of them is listed,
and needs a key with the scope `check-service`; `POST /v1/check?dry_run=1` takes the file and keeps nothing of
it, with the scope `check`. Its answers are read as strictly as anybody's, since its release is its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from upload_guard.digests import digest_of
from upload_guard.errors import StorageFailed, UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.records import Content, Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.said import Said, Word, read
from upload_guard.upstreams.services.service import NOTHING_ASKED, Hit, Question, Told
from upload_guard.upstreams.signing import Signing
from upload_guard.upstreams.streamed import Streamed

_MOST_ITEMS = 1000
_NOT_COVERED = "not_covered"
# Not "cannot tell": its lists are gone for now.
_LISTS_MISSING = "lists_missing"
# All that is asked at once is of one upload, so that it is one hit there.
_UPLOAD = "a"
# They never act alone, there or here, and their distances are no PDQ's.
_COARSE = {kind.value for kind in SignalType if kind.coarse}
_TYPES = frozenset({SignalType.MD5, SignalType.SHA1, SignalType.SHA256, SignalType.PDQ})
_ACCEPT = {"Accept": "application/json"}


class _Match(Said):
    list: Word
    category: Word
    signal_type: Word
    distance: int = Field(ge=0, le=256)
    excused: bool = False


class _Fault(Said):
    code: Word


class _Item(Said):
    """Of one hash: a result, or why nothing is known of it."""

    id: str
    result: Literal["clean", "match", "near", "disputed"] | None = None
    category: Word = ""
    compared: list[Word] | None = None
    fault: _Fault | None = None
    matches: tuple[_Match, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.result is None) == (self.fault is None):
            raise ValueError("a result or a fault, and not both")
        if self.result == "clean" and self.matches:
            raise ValueError("what is clean matches nothing")
        return self

    def is_of(self, signal: Signal) -> bool:
        return self.fault is not None or signal.type.value in (self.compared or ())

    def hits(self, signal: Signal) -> tuple[Hit, ...]:
        if self.result not in {"match", "near"}:
            return ()
        distance = min((match.distance for match in self.matches if not match.excused), default=0)
        return (Hit(signal, self.category, distance=distance, near=not signal.type.exact),)


class _Items(Said):
    answers: list[_Item]


class _Verdict(Said):
    """Of a file."""

    result: Literal["clean", "match", "near", "disputed", "unscannable", "unchecked"]
    action: Literal["allow", "monitor", "quarantine", "block"]
    matches: tuple[_Match, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _clean_passes(self) -> Self:
        if self.result == "clean" and self.action in {"quarantine", "block"}:
            raise ValueError("what is clean is not refused")
        if self.result == "clean" and self.matches:
            raise ValueError("what is clean matches nothing")
        return self

    def told(self) -> Told:
        if self.result == "unscannable":
            # What is read of it may be listed all the same, if less gravely.
            return Told(self._named(), "the other upload_guard could not read it")
        if self.result not in {"match", "near"}:
            return Told()
        if self.matches:
            return Told(self._named())
        # As in a batch: what is merely noted there is as good as unlisted where no category comes with it.
        held = self.action in {"quarantine", "block"}
        return Told((Hit(near=self.result == "near"),) if held else ())

    def _named(self) -> tuple[Hit, ...]:
        near = self.result == "near"
        return tuple(
            Hit(None, one.category, one.list, one.distance, near or not _is_exact(one.signal_type))
            for one in self.matches
            if not one.excused and one.signal_type not in _COARSE
        )


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`credentials` are a machine key of the other installation."""

    client: Asker
    url: str
    credentials: Credentials

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return _TYPES

    @property
    def takes_files(self) -> bool:
        return True

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`."""
        signals = question.of(_TYPES)
        with Deadline(seconds) as deadline:
            if question.content is not None:
                return self._by_file(question.content, deadline)
            return self._by_signals(signals, deadline) if signals else NOTHING_ASKED

    def _by_signals(self, signals: tuple[Signal, ...], deadline: Deadline) -> Told:
        answers = [
            answer
            for first in range(0, len(signals), _MOST_ITEMS)
            for answer in self._answers(signals[first : first + _MOST_ITEMS], deadline)
        ]
        hits = tuple(hit for signal, one in zip(signals, answers, strict=True) for hit in one.hits(signal))
        if not hits and any(one.fault and one.fault.code == _LISTS_MISSING for one in answers):
            raise UpstreamUnreachable(f"{self.url} has no list in force that should answer")
        return Told(hits, _why_not_all(answers))

    def _answers(self, signals: tuple[Signal, ...], deadline: Deadline) -> list[_Item]:
        items = [
            {"id": str(at), signal.type.value: signal.value.hex(), "upload": _UPLOAD}
            for at, signal in enumerate(signals)
        ]
        body = json.dumps({"items": items}).encode()
        headers = {"Content-Type": "application/json", **_ACCEPT}
        ask = self._ask("/v1/check/batch", body, headers, hashlib.sha256(body).hexdigest())
        reply = self.client.ask(ask, deadline)
        answers = read(reply, _Items).answers
        if [one.id for one in answers] != [item["id"] for item in items]:
            raise UpstreamGarbled(f"{reply.where} did not answer about each hash, in order")
        if not all(one.is_of(signal) for one, signal in zip(answers, signals, strict=True)):
            raise UpstreamGarbled(f"{reply.where} compared another type of hash")
        return answers

    def _by_file(self, content: Content, deadline: Deadline) -> Told:
        headers = {"Content-Type": "application/octet-stream", **_ACCEPT}
        ask = self._ask("/v1/check?dry_run=1", Streamed(content), headers, _sha256(content))
        reply = self.client.ask(ask, deadline)
        verdict = read(reply, _Verdict)
        if verdict.result == "unchecked":
            raise UpstreamRefused(f"{reply.where} has no list to check against")
        return verdict.told()

    def _ask(self, target: str, body: bytes | Streamed, headers: Mapping[str, Any], digest: str) -> Ask:
        return Ask("POST", self.url.rstrip("/") + target, body, headers, Signing(self.credentials, digest))


def _why_not_all(answers: list[_Item]) -> str:
    """Where no list has such hashes, none is listed; but not all may be of that kind."""
    for one in answers:
        if one.fault is not None and one.fault.code != _NOT_COVERED:
            return f"it does not take a hash ({one.fault.code})"
    return "" if any(one.fault is None for one in answers) else "it has no list of such hashes"


def _is_exact(name: str) -> bool:
    return name in {kind.value for kind in SignalType if kind.exact}


def _sha256(content: Content) -> str:
    try:
        with content.open() as file:
            return digest_of(file).sha256.hex()
    except OSError as error:
        raise StorageFailed(f"the upload cannot be read: {error.strerror}") from error
