"""Hasher-Matcher-Actioner of Meta (github.com/facebook/ThreatExchange, hasher-matcher-actioner): which banks
hold something like this?

`GET /m/lookup?signal_type=&signal=` asks by hash and leaves the signal type out of its answer, as some forks
do not; `POST /m/lookup` asks by file. Distances are strings, `-` where the type has none. A picture with too
little in it hashes to nothing, of which a lookup answers 400 "invalid signal": neither a fault nor a no.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Self
from urllib.parse import urlencode

from pydantic import Field, RootModel, StringConstraints, model_validator

from upload_guard.errors import UpstreamGarbled, UpstreamRefused
from upload_guard.records import EXACT_TYPES, Content, Signal, SignalType
from upload_guard.upstreams.asking import Ask, Asker, Reply
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.services.said import Said, Word, read
from upload_guard.upstreams.services.service import Hit, Question, Told, one_by_one
from upload_guard.upstreams.streamed import Streamed

# As python-threatexchange calls them; its MD5 is there for videos and takes any file's.
_NAMES = {SignalType.PDQ: "pdq", SignalType.MD5: "video_md5"}
# Another upload_guard answers by its own names.
_EXACT = {_NAMES[SignalType.MD5], *(kind.value for kind in EXACT_TYPES)}
_MOST_BITS = 256
_KNOWN = {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
_NO_PICTURE = "HMA is sent pictures only"
_UNHASHABLE = "HMA makes no hash of it, or none that it looks up: too little is in the picture"


class _Entry(Said):
    bank_content_id: int
    distance: Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}|-)$")] | int = "-"

    @property
    def bits(self) -> int:
        return 0 if self.distance == "-" else int(self.distance)

    @model_validator(mode="after")
    def _is_a_distance(self) -> Self:
        if not 0 <= self.bits <= _MOST_BITS:
            raise ValueError("no distance of two hashes")
        return self


# Those with entries and no others: "nothing found" names none, and {"errors": []} does not mean it.
_Banks = dict[Word, Annotated[list[_Entry], Field(min_length=1)]]


class _ByType(RootModel[dict[Word, _Banks]]):
    """Of each signal type that was looked up."""


class _Either(RootModel[_Banks | dict[Word, _Banks]]):
    """With the signal type or without. An empty object is both, and says the same."""

    def of(self, name: str) -> _Banks | None:
        """What it says of this type; None where it says something of another."""
        by_type = {key: value for key, value in self.root.items() if isinstance(value, dict)}
        if not by_type:
            return {key: value for key, value in self.root.items() if isinstance(value, list)}
        return by_type.get(name) if len(by_type) == 1 else None


class _Fault(Said):
    """`code` is what another upload_guard adds, which answers as HMA does."""

    message: str
    code: str = ""

    @property
    def is_of_the_picture(self) -> bool:
        return self.message.startswith("invalid signal") or self.code == "unhashable"


@dataclass(frozen=True, slots=True)
class Hma:
    """`types` are those that its configuration has enabled; all banks count unless `banks` names some.

    What is further away than `max_distance` bits is no hit, whatever its own threshold. Of files, only
    pictures leave.
    """

    client: Asker
    url: str
    types: frozenset[SignalType] = frozenset({SignalType.PDQ})
    banks: tuple[str, ...] = ()
    max_distance: int = 31

    @property
    def signal_types(self) -> frozenset[SignalType]:
        return self.types & _NAMES.keys()

    @property
    def takes_files(self) -> bool:
        return True

    def ask(self, question: Question, seconds: float) -> Told:
        """See `CheckService`. One request for each hash, or one for the file."""
        with Deadline(seconds) as deadline:
            if question.content is not None:
                return self._by_file(question.content, question.media_type, deadline)
            return one_by_one(question.of(self.signal_types), lambda one: self._by_signal(one, deadline))

    def _by_signal(self, signal: Signal, deadline: Deadline) -> Told:
        name = _NAMES[signal.type]
        asked = {"signal_type": name, "signal": signal.value.hex(), **self._limits}
        reply = self.client.ask(Ask("GET", f"{self._lookup}?{urlencode(asked)}"), deadline, _KNOWN)
        if _is_unhashable(reply):
            return Told(unhashable=_UNHASHABLE)
        banks = read(reply, _Either).of(name)
        if banks is None:
            raise UpstreamGarbled(f"{reply.where} answered about another type than {name}")
        return Told(tuple(self._hits(banks, name, signal)))

    def _by_file(self, content: Content, media_type: str, deadline: Deadline) -> Told:
        if not media_type.startswith("image/"):
            return Told(unhashable=_NO_PICTURE)
        query = f"?{urlencode(self._limits)}" if self._limits else ""
        ask = _form(f"{self._lookup}{query}", content, media_type)
        reply = self.client.ask(ask, deadline, _KNOWN)
        if _is_unhashable(reply):
            return Told(unhashable=_UNHASHABLE)
        by_type = read(reply, _ByType).root
        if not by_type:
            return Told(unhashable=_UNHASHABLE)
        return Told(tuple(hit for name, banks in by_type.items() for hit in self._hits(banks, name, None)))

    def _hits(self, banks: Mapping[str, list[_Entry]], name: str, signal: Signal | None) -> Iterator[Hit]:
        """One a bank, its nearest entry."""
        for bank, entries in banks.items():
            if self.banks and bank not in self.banks:
                continue
            if (nearest := min(entry.bits for entry in entries)) <= self.max_distance:
                yield Hit(signal, category=bank, bank=bank, distance=nearest, near=name not in _EXACT)

    @property
    def _lookup(self) -> str:
        return f"{self.url.rstrip('/')}/m/lookup"

    @property
    def _limits(self) -> dict[str, str]:
        return {"banks": ",".join(self.banks)} if self.banks else {}


def _is_unhashable(reply: Reply) -> bool:
    """Raises `UpstreamRefused` for another fault of the question, such as a type that is not enabled."""
    if reply.status != HTTPStatus.BAD_REQUEST:
        return False
    if read(reply, _Fault).is_of_the_picture:
        return True
    raise UpstreamRefused(f"{reply.where} does not take this question: look at the signal types and banks")


def _form(url: str, content: Content, media_type: str) -> Ask:
    """The file as `multipart/form-data` (RFC 7578), in the field that is named for what it is."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="photo"; filename="upload"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = Streamed(content, head.encode(), f"\r\n--{boundary}--\r\n".encode())
    return Ask("POST", url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
