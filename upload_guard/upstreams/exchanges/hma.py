"""A bank of Hasher-Matcher-Actioner, entry by entry: HMA exports no bank, but tells of one at a time.

`GET {base}/c/bank/{bank}`, then `GET {base}/c/bank/{bank}/content/{id}` for 1, 2, 3, ... until `gap` in a row
are missing (HMA counts the contents of all banks together). Both shapes of its releases are read:
`{"id", "bank": "NAME", "enabled", "signals"}` and `{"id", "bank": {"name"}, "disable_until_ts", "signals"}`.
Source: its OpenMediaMatch/blueprints/curation.py and storage/interface.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, model_validator

from upload_guard.errors import UpstreamGarbled, UpstreamMissing, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.formats.base import hash_of
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.moments import utc_now
from upload_guard.records import SignalType
from upload_guard.upstreams.client import Client, shown
from upload_guard.upstreams.exchanges.paging import (
    LONGEST_SOURCE,
    At,
    Taken,
    fetch_page,
    read_json,
    whole_round,
)

_TYPES = {
    "pdq": SignalType.PDQ,
    "md5": SignalType.MD5,
    "sha1": SignalType.SHA1,
    "sha256": SignalType.SHA256,
}
# Contents that are one page: what a killed run has to ask for again.
_PAGE = 100
_DISABLED, _ENABLED = 0, 1


class _Bank(BaseModel):
    name: str
    matching_enabled_ratio: float = 1.0


class _Content(BaseModel):
    id: int
    bank: str | _Bank
    enabled: bool | None = None
    disable_until_ts: int | None = None
    signals: dict[str, str] | None = None

    @model_validator(mode="after")
    def _says_whether_it_acts(self) -> Self:
        if self.enabled is None and self.disable_until_ts is None:
            raise ValueError("neither enabled nor disable_until_ts")
        return self

    @property
    def bank_name(self) -> str:
        return self.bank if isinstance(self.bank, str) else self.bank.name

    def acts(self, now: datetime) -> bool:
        """Whether HMA would match it now."""
        until = _ENABLED if self.disable_until_ts is None else self.disable_until_ts
        return self.enabled is not False and until != _DISABLED and until <= now.timestamp()


@dataclass(frozen=True, slots=True)
class HmaExchange:
    """The bank called `bank` at `base`. `bearer` is for those forks that want one, empty otherwise."""

    base: str
    bank: str
    client: Client
    scratch: Path
    gap: int
    bearer: str = field(default="", repr=False)
    now: Callable[[], datetime] = utc_now

    @property
    def source(self) -> str:
        return shown(self._address)[:LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        return hashlib.sha256(f"hma {self._address}".encode()).hexdigest()

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`. Each round begins anew, since any content may have changed."""
        yield from whole_round(At.read(checkpoint), self._taken, self.scratch, self.source)

    @property
    def _address(self) -> str:
        return f"{self.base}/c/bank/{quote(self.bank, safe='')}"

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}

    def _taken(self, file: Path, left_out: Counter[str], at: At) -> Taken:
        """`since` of a place is the last content that was there."""
        first, last = int(at.next or 1), int(at.since or 0)
        if first == 1:
            self._look_at_bank(file)
        records: list[Record] = []
        for number in range(first, first + _PAGE):
            if number - last > self.gap:
                # Contents of a bank that went meanwhile are missing, too.
                self._look_at_bank(file)
                return Taken(records, (), At(number=at.number + 1), anew=first == 1)
            content = self._content(file, number)
            if content is None:
                continue
            last = number
            if hashes := self._hashes(content, left_out):
                records.append(Record(str(number), hashes))
        there = At(since=str(last), next=str(first + _PAGE), number=at.number + 1)
        return Taken(records, (), there, anew=first == 1)

    def _look_at_bank(self, file: Path) -> None:
        fetch_page(self.client, self._address, file, self._headers)
        bank = read_json(_Bank, file, self.source)
        if bank.name != self.bank:
            raise UpstreamGarbled(f"{self.source} is another bank, {bank.name[:40]!r}")
        if bank.matching_enabled_ratio == 0:
            raise UpstreamRefused(f"{self.source} is switched off there")

    def _content(self, file: Path, number: int) -> _Content | None:
        # One release gives the signals of the type that is named, another all.
        url = f"{self._address}/content/{number}?signal_type=pdq&include_signals=true"
        try:
            fetch_page(self.client, url, file, self._headers)
        except UpstreamMissing as fault:
            if not fault.gone:
                raise
            return None
        content = read_json(_Content, file, shown(url))
        if content.id != number:
            raise UpstreamGarbled(f"{shown(url)} is content {content.id}")
        return content

    def _hashes(self, content: _Content, left_out: Counter[str]) -> tuple[ListedHash, ...]:
        """Raises `ListError` for what is no hash."""
        if content.bank_name != self.bank:
            left_out["contents of other banks"] += 1
            return ()
        if not content.acts(self.now()):
            left_out["contents that are disabled"] += 1
            return ()
        # A picture of too low a quality hashes to nothing there.
        signals = {name: digits.strip() for name, digits in (content.signals or {}).items() if digits.strip()}
        if not signals:
            left_out["contents without a hash"] += 1
            return ()
        hashes = []
        for name, digits in signals.items():
            if name not in _TYPES:
                left_out[f"{name[:20]} signals"] += 1
                continue
            kind, value = hash_of(digits, _TYPES[name], f"{self.source}: {name} of content {content.id}")
            hashes.append(ListedHash(kind, value))
        return tuple(hashes)
