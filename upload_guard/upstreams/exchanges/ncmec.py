"""NCMEC's Hash Sharing API v2: entries that changed between two times, page by page, with tombstones.

`GET {base}/v2/entries?from=&to=` with Basic authentication; `paging/next` is the path of the next page below
the base. Entries of a span come in no order of time, so only its last page moves the time on.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from upload_guard.errors import CheckpointLost, UpstreamGarbled, UpstreamRefused
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.formats.base import hash_of
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.moments import utc_now
from upload_guard.records import SignalType
from upload_guard.upstreams.client import Client, host, same_host, shown
from upload_guard.upstreams.exchanges.dissent import Votes
from upload_guard.upstreams.exchanges.ncmec_entries import NcmecAnswer, NcmecEntry, read_answer
from upload_guard.upstreams.exchanges.paging import (
    LONGEST_PLACE,
    LONGEST_SOURCE,
    At,
    Taken,
    fetch_page,
    whole_round,
)

# By their names in `fingerprints` and, in capitals, in the address of a vote.
TYPES = {"md5": SignalType.MD5, "sha1": SignalType.SHA1, "pdq": SignalType.PDQ}
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Their clock is not ours, and what is written while it is asked for may be told later; twice does no harm.
_OVERLAP = timedelta(hours=1)


def _by_their_clock(at: At, date: str) -> At:
    """Asked up to no later than it is there (header Date): ours may be ahead by more than the overlap."""
    try:
        there = parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return at
    return at.model_copy(update={"until": min(at.until, there.strftime(_TIME))})


@dataclass(frozen=True, slots=True)
class NcmecExchange:
    """Images at `base`, of `members` alone if any are named. `dissent` as in `Votes.outvoted`."""

    base: str
    client: Client
    scratch: Path
    members: frozenset[str] = frozenset()
    dissent: int = 0
    now: Callable[[], datetime] = utc_now

    @property
    def source(self) -> str:
        return shown(self.base)[:LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        said = f"ncmec {self.base} {sorted(self.members)} {self.dissent}"
        return hashlib.sha256(said.encode()).hexdigest()

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`."""
        at = At.read(checkpoint)
        if not at.next:
            at = At(since=at.since, until=self.now().strftime(_TIME))
        # A clock was wrong, then or now: what came in between would never be asked for.
        if at.since > at.until:
            raise CheckpointLost(f"{self.source} was asked up to {at.since}, which is yet to come")
        yield from whole_round(at, self._taken, self.scratch, self.source)

    def _taken(self, file: Path, left_out: Counter[str], at: At) -> Taken:
        url = at.next or self._span(at)
        answer = fetch_page(self.client, url, file)
        page = read_answer(file, shown(answer.url))
        entries = self._newest(page, left_out)
        records = [Record(one.key, hashes) for one in entries if (hashes := self._hashes(one, left_out))]
        held = {record.key for record in records}
        withdrawn = [one.key for one in entries if one.key not in held]
        reached = _by_their_clock(at, answer.headers.get("Date", ""))
        return Taken(records, withdrawn, self._after(reached, self._next(page.next, answer.url)))

    def _span(self, at: At) -> str:
        asked = {"from": at.since or _BEGINNING.strftime(_TIME), "to": at.until}
        return f"{self.base}/v2/entries?{urlencode(asked)}"

    def _next(self, following: str, here: str) -> str:
        """Where the next page is; of this host, since the password goes there."""
        if not following:
            return ""
        if len(following) > LONGEST_PLACE:
            raise UpstreamGarbled(f"{self.source} names a next page by {len(following)} characters")
        # A path is meant below the base, unless it has that in it.
        path, is_path = urlsplit(self.base).path, following.startswith("/") and following[1:2] != "/"
        below = is_path and not (path and following.startswith(f"{path}/"))
        url = f"{self.base}{following}" if below else urljoin(here, following)
        if not same_host(self.base, url):
            raise UpstreamRefused(f"{self.source}: its next page is of another host, {host(url)}")
        return url

    def _after(self, at: At, following: str) -> At:
        if following:
            return at.model_copy(update={"next": following, "number": at.number + 1})
        try:
            until = datetime.strptime(at.until, _TIME).replace(tzinfo=UTC)
        except ValueError:
            raise CheckpointLost("the checkpoint names no time up to which was asked") from None
        return At(since=(until - _OVERLAP).strftime(_TIME))

    def _newest(self, page: NcmecAnswer, left_out: Counter[str]) -> Iterable[NcmecEntry]:
        """The images of the page that are wanted, each as it was last."""
        newest: dict[str, NcmecEntry] = {}
        for one in page.entries:
            if not one.is_image:
                left_out["videos"] += 1
            elif self.members and one.member not in self.members:
                left_out["entries of other members"] += 1
            elif one.key not in newest or one.follows(newest[one.key]):
                newest[one.key] = one
        return newest.values()

    def _hashes(self, entry: NcmecEntry, left_out: Counter[str]) -> tuple[ListedHash, ...]:
        """Those that can match here; none of a tombstone. Raises `ListError` for what is no hash."""
        if entry.deleted:
            return ()
        hashes = []
        for name, digits in entry.fingerprints.items():
            if name not in TYPES:
                left_out[f"{name[:20]} fingerprints"] += 1
            elif entry.votes.get(name, Votes()).outvoted(self.dissent):
                left_out["hashes that members say are wrong"] += 1
            elif digits:
                place = f"{name} of entry {entry.id[:60]!r} of member {entry.member}"
                kind, value = hash_of(digits, TYPES[name], place)
                hashes.append(ListedHash(kind, value, entry.classification))
        return tuple(hashes)
