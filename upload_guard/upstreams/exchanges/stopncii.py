"""StopNCII's hash bank: `GET {base}/FetchHashes`, records since a time, page by page, each with its status.

A page: `{"hashRecords": [{"hashValue", "hashStatus", "signalType", "CSPFeedbacks"}], "hasMoreRecords",
"nextPageToken", "nextSetTimestamp"}`. A record replaces what was said of the same hash; any status but
Active withdraws it. Of this only `hashValue`, `hashStatus` and the two headers are sure: docs/exchanges.md.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from upload_guard.errors import CheckpointLost, UpstreamGarbled
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.formats.base import hash_of
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.moments import utc_now
from upload_guard.records import SignalType
from upload_guard.upstreams.client import Client, shown
from upload_guard.upstreams.exchanges.dissent import Votes
from upload_guard.upstreams.exchanges.paging import (
    LONGEST_PLACE,
    LONGEST_SOURCE,
    At,
    Taken,
    fetch_page,
    read_json,
    whole_round,
)

PDQ = "ImagePDQ"
_PAGE_SIZE = 800
# What public clients begin with.
_BEGINNING = "10"
_DAY = 86_400
_MILLISECONDS = 10**11
# What changes while pages come may have been on one that is here, and be before the time that the last names.
_OVERLAP = 3600


class _Feedback(BaseModel):
    feedback: str = Field(default="", alias="feedbackValue")


class _Record(BaseModel):
    value: str = Field(alias="hashValue", max_length=4096)
    status: Literal["Unknown", "Received", "Active", "Withdrawn", "Deleted"] = Field(alias="hashStatus")
    signal_type: str = Field(default=PDQ, alias="signalType", max_length=64)
    feedbacks: list[_Feedback] | None = Field(default=None, alias="CSPFeedbacks")

    @property
    def key(self) -> str:
        return f"{self.signal_type}/{self.value.strip().lower()}"

    @property
    def votes(self) -> Votes:
        said = Counter(one.feedback for one in self.feedbacks or ())
        return Votes(said["Blocked"], said["NotBlocked"])


class _Answer(BaseModel):
    records: list[_Record] = Field(alias="hashRecords")
    more: bool | None = Field(default=None, alias="hasMoreRecords")
    token: str | None = Field(default=None, alias="nextPageToken", max_length=LONGEST_PLACE)
    following: int = Field(alias="nextSetTimestamp", ge=0)


@dataclass(frozen=True, slots=True)
class StopNciiKeys:
    """Of one user: the subscription's, and one for each function."""

    subscription: str = field(repr=False)
    function: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"x-functions-key": self.function, "Ocp-Apim-Subscription-Key": self.subscription}


@dataclass(frozen=True, slots=True)
class StopNciiExchange:
    """PDQ hashes of images at `base`. `dissent` as in `Votes.outvoted`, of members who do not block it."""

    base: str
    client: Client
    keys: StopNciiKeys
    scratch: Path
    dissent: int = 0
    now: Callable[[], datetime] = utc_now

    @property
    def source(self) -> str:
        return shown(self.base)[:LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        return hashlib.sha256(f"stopncii {self.base} {self.dissent}".encode()).hexdigest()

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`."""
        at = At.read(checkpoint)
        if not at.next:
            at = At(since=at.since, until=str(int(self.now().timestamp())))
        yield from whole_round(at, self._taken, self.scratch, self.source)

    def _taken(self, file: Path, left_out: Counter[str], at: At) -> Taken:
        asked = {"startTimestamp": at.since or _BEGINNING, "pageSize": _PAGE_SIZE}
        token = {"nextPageToken": at.next} if at.next else {}
        url = f"{self.base}/FetchHashes?{urlencode(asked | token)}"
        answer = fetch_page(self.client, url, file, self.keys.headers)
        said = read_json(_Answer, file, shown(answer.url))
        # One hash may stand in a page more than once; the last word counts.
        records = {one.key: self._hashes(one, left_out) for one in said.records}
        return Taken(
            [Record(key, hashes) for key, hashes in records.items() if hashes],
            [key for key, hashes in records.items() if not hashes],
            self._after(at, said),
        )

    def _after(self, at: At, said: _Answer) -> At:
        more = bool(said.token) if said.more is None else said.more
        if more and not said.token:
            raise UpstreamGarbled(f"{self.source} has more records and does not say where")
        if more:
            return at.model_copy(update={"next": said.token, "number": at.number + 1})
        return At(since=self._moment(at, said.following))

    def _moment(self, at: At, following: int) -> str:
        """From when on the next round asks. A time to come would have us miss all that comes before it."""
        unit = 1000 if following > _MILLISECONDS else 1
        if following > (self.now().timestamp() + _DAY) * unit:
            raise UpstreamGarbled(f"{self.source} goes on at a time to come: {following}")
        if not at.until.isdecimal():
            raise CheckpointLost("the checkpoint does not say when its round began")
        begun = (int(at.until) - _OVERLAP) * unit
        return str(max(min(following, begun), int(at.since or _BEGINNING)))

    def _hashes(self, one: _Record, left_out: Counter[str]) -> tuple[ListedHash, ...]:
        """Raises `ListError` for what is no hash."""
        if one.signal_type != PDQ:
            left_out[f"{one.signal_type[:20]} records"] += 1
            return ()
        if one.status != "Active":
            left_out[f"records that are {one.status}"] += 1
            return ()
        if one.votes.outvoted(self.dissent):
            left_out["hashes that members say are wrong"] += 1
            return ()
        kind, value = hash_of(one.value.strip(), SignalType.PDQ, f"{self.source}: hashValue")
        return (ListedHash(kind, value),)
