"""A list at an http or https address: one file in any form that can be imported, or pages of them.

`Link: <...>; rel="next"` (RFC 8288) names the next page. The answers are the whole list, so what is no longer
in them is withdrawn. ETag and Last-Modified spare fetching one file again (RFC 9110, section 13).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from upload_guard.errors import CheckpointLost, ListError, UpstreamGarbled, UpstreamMissing, UpstreamRefused
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.upstreams.client import Answer, Client, host, same_host, shown
from upload_guard.upstreams.delivered import Delivery, fresh_folder

_LONGEST_SOURCE = 255
_MOST_PAGES = 1_000_000


class _At(BaseModel):
    """A checkpoint: the page to go on with, empty where all came; and what tells if the first is the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    next: str = ""
    number: int = 0
    etag: str = ""
    modified: str = ""

    @classmethod
    def read(cls, checkpoint: str) -> _At:
        try:
            return cls.model_validate_json(checkpoint or "{}")
        except ValidationError:
            raise CheckpointLost("the checkpoint is not of this release") from None

    @property
    def condition(self) -> dict[str, str]:
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified else {}


@dataclass(frozen=True, slots=True)
class UrlExchange:
    """The list at `url`. Answers wait in `scratch` while they are read."""

    url: str
    client: Client
    delivery: Delivery
    scratch: Path

    @property
    def source(self) -> str:
        return shown(self.url)[:_LONGEST_SOURCE]

    @property
    def identity(self) -> str:
        return self.delivery.identity(self.url)

    def pages(self, checkpoint: str) -> Iterator[Page]:
        """See `Exchange`. A page is a file, kept until the next is asked for."""
        with fresh_folder(self.scratch) as scratch:
            file, at = scratch / "page", _At.read(checkpoint)
            first = self._first(file, at)
            if first is not None:
                yield (page := self._page(first, file, _At()))
                at = _At.read(page.checkpoint)
            while at.next:
                yield (page := self._page(self._following(at, file), file, at))
                at = _At.read(page.checkpoint)

    def _first(self, file: Path, at: _At) -> Answer | None:
        """The first page, unless it is known and the same: then those after it can be gone on with."""
        if at.next and not at.condition:
            return None
        answer = self.client.fetch(self.url, file, at.condition)
        return None if answer.unchanged else answer

    def _following(self, at: _At, file: Path) -> Answer:
        if at.number >= _MOST_PAGES:
            raise UpstreamGarbled(f"{self.source} has more than {_MOST_PAGES} pages")
        try:
            return self.client.fetch(at.next, file)
        except UpstreamMissing as fault:
            raise CheckpointLost(f"{fault}: the list begins from the start with the next run") from None

    def _page(self, answer: Answer, file: Path, at: _At) -> Page:
        """`at` is where this page was found."""
        if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html":
            raise UpstreamGarbled(f"{shown(answer.url)} gives a page for people (text/html), no list")
        there = _At(
            next=self._next(answer, at),
            number=at.number + 1,
            etag=answer.headers.get("ETag", "") if at.number == 0 else at.etag,
            modified=answer.headers.get("Last-Modified", "") if at.number == 0 else at.modified,
        )
        # Of several pages the first one's tag says nothing about the others.
        if not there.next and there.number > 1:
            there = _At(number=there.number)
        self._check(answer, file, there)
        hashes = self.delivery.hashes(file, file.with_name("unpacked"), shown(answer.url))
        record = Record(f"page {there.number}", hashes)
        return Page((record,), (), there.model_dump_json(), anew=at.number == 0)

    def _next(self, answer: Answer, at: _At) -> str:
        link = answer.link("next")
        if link and not same_host(self.url, link):
            raise UpstreamRefused(f"{self.source}: its next page is of another host, {host(link)}")
        if link and link in {self.url, at.next}:
            raise UpstreamGarbled(f"{self.source}: a page names itself, or the first one, as the next")
        return link

    def _check(self, answer: Answer, file: Path, there: _At) -> None:
        """Raises `ListError` where the list is signed and this is not."""
        if not self.delivery.public_key:
            return
        # A signature a page would not tell of pages left out, put in or of another day.
        if there.next or there.number > 1:
            raise ListError(f"{self.source}: a list with a public_key must come in one piece, not in pages")
        signature = file.with_name("page.sig")
        self.client.fetch(signature_of(answer.url), signature)
        self.delivery.check(file, signature)


def signature_of(url: str) -> str:
    """Where the detached signature of `url` is: `.sig` after its path."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path}.sig").geturl()
