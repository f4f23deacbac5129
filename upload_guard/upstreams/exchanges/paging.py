"""What all exchanges that give pages have in common: a place to go on from, an end, and no circle."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from upload_guard.errors import (
    CheckpointLost,
    StorageFailed,
    UpstreamGarbled,
    UpstreamMissing,
    UpstreamUnreachable,
)
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.upstreams.asking import Reply
from upload_guard.upstreams.client import Answer, Client, shown
from upload_guard.upstreams.delivered import fresh_folder

log = logging.getLogger(__name__)

# A page of the field is a thousand entries: some megabytes.
PAGE_BYTES = 64 << 20
LONGEST_SOURCE = 255
# Of what names the next page.
LONGEST_PLACE = 4096
_MOST_PAGES = 1_000_000
_NOTHING: Mapping[str, str] = MappingProxyType({})

Said = TypeVar("Said", bound=BaseModel)


class At(BaseModel):
    """A checkpoint. Up to `since` all is here; `next` is the page that a broken round goes on with.

    `until` is up to where that round asks, `number` how many pages of it are here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: str = ""
    until: str = ""
    next: str = ""
    number: int = 0

    @classmethod
    def read(cls, checkpoint: str) -> Self:
        """Raises `CheckpointLost` for what is none of ours."""
        try:
            return cls.model_validate_json(checkpoint or "{}")
        except ValidationError:
            raise CheckpointLost("the checkpoint is not of this release") from None

    def again(self) -> Self:
        """The same round from its first page."""
        return self.model_copy(update={"next": "", "number": 0})


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer, and where to go on after it: as in `Page`."""

    records: Iterable[Record]
    withdrawn: Iterable[str]
    at: At
    anew: bool = False


Ask = Callable[[Path, Counter[str], At], Taken]
"""Asks for the page at a place; the answer goes into a file, what is left out is counted."""


def whole_round(begin: At, ask: Ask, scratch: Path, name: str) -> Iterator[Page]:
    """Every page from a place on, as `walk` gives them; says in the log what of them was left out."""
    left_out = Counter[str]()
    with fresh_folder(scratch) as folder:
        yield from walk(begin, lambda at: ask(folder / "page", left_out, at), name)
    tell_left_out(name, left_out)


def walk(begin: At, ask: Callable[[At], Taken], name: str) -> Iterator[Page]:
    """Every page of a round. `ask` gives the one at a place; a place of long ago may be gone by now, which
    some say by a fault of their own.

    Raises `UpstreamGarbled` where pages go in a circle or never end.
    """
    at, resumed, seen = begin, bool(begin.next), {begin.next}
    while True:
        try:
            taken = ask(at)
        except (UpstreamMissing, UpstreamUnreachable):
            if not resumed:
                raise
            at, resumed, seen = at.again(), False, set()
            continue
        resumed = False
        if taken.at.next and taken.at.next in seen:
            raise UpstreamGarbled(f"{name}: a page names one as the next that came already")
        if taken.at.number > _MOST_PAGES:
            raise UpstreamGarbled(f"{name} has more than {_MOST_PAGES} pages")
        yield Page(taken.records, taken.withdrawn, taken.at.model_dump_json(), taken.anew)
        if not taken.at.next:
            return
        at = taken.at
        seen.add(at.next)


def fetch_page(client: Client, url: str, file: Path, headers: Mapping[str, str] = _NOTHING) -> Answer:
    """One answer in `file`. Raises `UpstreamError`, also for a page for people with status 200."""
    answer = client.fetch(url, file, headers)
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html":
        raise UpstreamGarbled(f"{shown(url)} gives a page for people (text/html)")
    return answer


def read_json(said: type[Said], file: Path, name: str) -> Said:
    """A page of JSON. Raises `UpstreamGarbled` where it is anything else than `said`; no value is shown."""
    try:
        return said.model_validate_json(file.read_bytes())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"])) or "all of it"
        raise UpstreamGarbled(f"{name}: {where[:100]}: {fault['msg'][:100]}") from None
    except OSError as error:
        raise StorageFailed(f"{file}: cannot be read: {error.strerror}") from error


def refuse_page_for_people(reply: Reply) -> None:
    """Raises `UpstreamGarbled` for a log-in page with status 200: whatever was told has not arrived."""
    if reply.body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise UpstreamGarbled(f"{reply.where} answers with a page for people")


def tell_left_out(name: str, left_out: Counter[str]) -> None:
    """Say what was understood and is nothing that could match here."""
    if left_out:
        parts = ", ".join(f"{count} {what}" for what, count in sorted(left_out.items()))
        log.info("%s: left out: %s", name, parts)
