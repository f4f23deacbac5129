"""Tech Against Terrorism's hash list: a token for user and password, then pages after a checkpoint of theirs.

`POST {base}/token-auth/tcap/` gives `{"token"}`; `GET {base}/api/hash-list/v2/all?order=asc&after=` a page:
`{"results": [{"hash_digest", "algorithm", "ideology", "file_type", "deleted", "id"}], "next", "checkpoint"}`.
`checkpoint` names the last record of the page, `next` says whether there are more.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from pydantic import BaseModel, Field, ValidationError

from upload_guard.errors import CheckpointLost, UpstreamGarbled, UpstreamMissing, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.formats.base import hash_of
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.records import SignalType
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.client import Client, Login, shown
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.exchanges.paging import (
    LONGEST_PLACE,
    LONGEST_SOURCE,
    At,
    Taken,
    fetch_page,
    read_json,
    whole_round,
)

# By their names in small letters, without what stands between letters and digits.
_TYPES = {
    "md5": SignalType.MD5,
    "sha1": SignalType.SHA1,
    "sha256": SignalType.SHA256,
    "pdq": SignalType.PDQ,
}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_GIVEN = (HTTPStatus.OK, HTTPStatus.CREATED)


class _Token(BaseModel):
    token: str


class _Entry(BaseModel):
    hash_digest: str
    algorithm: str
    ideology: str | None = None
    deleted: bool
    id: int | str | None = None

    @property
    def key(self) -> str:
        """One digest may stand in several entries, of which one is deleted."""
        if self.id is not None:
            return str(self.id)
        return f"{self.type or self.algorithm}/{self.hash_digest.strip().lower()}"

    @property
    def type(self) -> SignalType | None:
        return _TYPES.get(self.algorithm.lower().replace("-", "").replace("_", ""))


class _Answer(BaseModel):
    results: list[_Entry]
    next: str | None = None
    checkpoint: str | None = Field(default=None, max_length=LONGEST_PLACE)


@dataclass(frozen=True, slots=True)
class TatExchange:
    """The list at `base`; `asker` asks there for the token."""

    base: str
    login: Login
    client: Client
    asker: Asker
    scratch: Path

    @property
    def source(self) -> str:
        return shown(self.base)[:LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        return hashlib.sha256(f"tat {self.base}".encode()).hexdigest()

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`."""
        yield from whole_round(At.read(checkpoint), _Reading(self).taken, self.scratch, self.source)

    def token(self) -> str:
        """A new one. Raises `UpstreamError`."""
        said = {"username": self.login.user, "password": self.login.password, "resend": "False"}
        ask = Ask("POST", f"{self.base}/token-auth/tcap/", urlencode(said).encode(), _FORM)
        with Deadline(self.client.seconds) as deadline:
            reply = self.asker.ask(ask, deadline, _GIVEN)
        try:
            token = _Token.model_validate_json(reply.body).token
        except ValidationError:
            token = ""
        # It goes into a header, where a line's end would begin another.
        if not token.isascii() or not token.isprintable() or not token:
            raise UpstreamGarbled(f"{reply.where} gives no token")
        return token


class _Reading:
    """One run, with its token."""

    def __init__(self, exchange: TatExchange) -> None:
        self._exchange = exchange
        self._token = ""

    def taken(self, file: Path, left_out: Counter[str], at: At) -> Taken:
        url = f"{self._exchange.base}/api/hash-list/v2/all?{urlencode({'order': 'asc', 'after': at.since})}"
        try:
            self._fetch(url, file)
        except UpstreamMissing as fault:
            if not at.since:
                raise
            raise CheckpointLost(f"{fault}: the list begins from the start with the next run") from None
        except UpstreamRefused:
            # Tokens run out in the middle of a long list.
            self._token = ""
            self._fetch(url, file)
        said = read_json(_Answer, file, shown(url))
        # The last word on an entry counts.
        records = {one.key: self._hashes(one, left_out) for one in said.results}
        return Taken(
            [Record(key, hashes) for key, hashes in records.items() if hashes],
            [key for key, hashes in records.items() if not hashes],
            self._after(at, said),
        )

    def _fetch(self, url: str, file: Path) -> None:
        self._token = self._token or self._exchange.token()
        fetch_page(self._exchange.client, url, file, {"Authorization": f"Bearer {self._token}"})

    def _after(self, at: At, said: _Answer) -> At:
        if not said.next:
            # Of a page without entries they may name none.
            return At(since=said.checkpoint or at.since)
        if not said.checkpoint or said.checkpoint == at.since:
            raise UpstreamGarbled(f"{self._exchange.source} has more entries and does not say where")
        return At(since=said.checkpoint, next=said.checkpoint, number=at.number + 1)

    def _hashes(self, one: _Entry, left_out: Counter[str]) -> tuple[ListedHash, ...]:
        """Raises `ListError` for what is no hash."""
        if one.deleted:
            return ()
        if one.type is None:
            left_out[f"{one.algorithm[:20]} hashes"] += 1
            return ()
        place = f"{self._exchange.source}: hash_digest of entry {str(one.id)[:40]}"
        kind, value = hash_of(one.hash_digest.strip(), one.type, place)
        return (ListedHash(kind, value, (one.ideology or "").strip()),)
