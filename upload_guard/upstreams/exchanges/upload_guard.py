"""A list of another upload_guard: `GET {base}/v1/lists/{name}/export`, signed with a machine key of it.

JSON Lines of all that acts there, in one answer, whose ETag names their state: the same is not sent twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from upload_guard.errors import UpstreamGarbled
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.signing import EMPTY_DIGEST, Credentials, Request, sign
from upload_guard.upstreams.client import Client, shown
from upload_guard.upstreams.delivered import Delivery, fresh_folder
from upload_guard.upstreams.exchanges.paging import LONGEST_SOURCE, fetch_page

_RECORD = "list"


@dataclass(frozen=True, slots=True)
class GuardExchange:
    """The list that is called `name` there. A checkpoint is its ETag."""

    base: str
    name: str
    client: Client
    credentials: Credentials
    delivery: Delivery
    scratch: Path

    @property
    def source(self) -> str:
        return shown(self._url)[:LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        return hashlib.sha256(f"upload_guard {self._url}".encode()).hexdigest()

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`."""
        with fresh_folder(self.scratch) as scratch:
            file = scratch / "list"
            answer = fetch_page(self.client, self._url, file, self._headers(checkpoint))
            if answer.unchanged:
                return
            etag = answer.headers.get("ETag", "")
            if not etag:
                raise UpstreamGarbled(f"{self.source} does not say which state of the list it gives")
            hashes = self.delivery.hashes(file, file.with_name("unpacked"), self.source)
            yield Page((Record(_RECORD, hashes),), (), etag, anew=True)

    @property
    def _url(self) -> str:
        return f"{self.base}/v1/lists/{quote(self.name, safe='')}/export"

    def _headers(self, checkpoint: str) -> dict[str, str]:
        asked = Request("GET", urlsplit(self._url).path)
        headers = {"Authorization": sign(self.credentials, asked, EMPTY_DIGEST).header()}
        return headers | ({"If-None-Match": checkpoint} if checkpoint else {})
