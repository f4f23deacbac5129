"""Entries of NCMEC's Hash Sharing API v2 as its XML has them: /v2/entries, element `queryResult`.

<images count="1" maxTimestamp="..."><image><member id="42">..</member><timestamp/><id>image1</id>
  <classification>A1</classification><fingerprints><md5/><sha1/><pdna/><pdq/></fingerprints>
  <feedback><affirmativeFeedback type="Md5"><members><member id=""/>..</affirmativeFeedback>
            <negativeFeedback type="Sha1"><reasons><reason/><members>..</negativeFeedback>
</image><deletedImage>..</deletedImage></images><videos>..</videos><paging><next>/v2/..</next></paging>
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from upload_guard.errors import UpstreamGarbled
from upload_guard.upstreams.exchanges.dissent import Votes
from upload_guard.upstreams.exchanges.xml import Element, entries_of

ROOT = "queryResult"
_KINDS = {
    "image": ("images", False),
    "deletedImage": ("images", True),
    "video": ("videos", False),
    "deletedVideo": ("videos", True),
}
_MEMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class NcmecEntry:
    """One entry. `fingerprints` and `votes` are by type in lower case; `deleted` is a tombstone."""

    member: str
    id: str
    is_image: bool
    deleted: bool
    timestamp: str = ""
    classification: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    votes: Mapping[str, Votes] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names it for good; `place_of` reads it. An image and a video may have the same id."""
        return f"{'' if self.is_image else 'video/'}{self.member}/{self.id}"

    def follows(self, other: NcmecEntry) -> bool:
        """Whether this is a later word than `other`, which came before; where one tells no time, it is."""
        return not (self.timestamp and other.timestamp) or other.timestamp <= self.timestamp


def place_of(key: str) -> tuple[str, str]:
    """Member and id of an image's key."""
    member, _, entry = key.partition("/")
    return member, entry


@dataclass(frozen=True, slots=True)
class NcmecAnswer:
    """One page; `next` is as `paging/next` says, empty on the last one."""

    entries: tuple[NcmecEntry, ...]
    next: str


def read_answer(file: Path, name: str) -> NcmecAnswer:
    """Raises `UpstreamGarbled` for anything but a whole page of entries, each with its member and id."""
    entries: list[NcmecEntry] = []
    following = ""
    with file.open("rb") as stream:
        for parent, element in entries_of(stream, ROOT, name):
            if parent in {"images", "videos"}:
                entries.append(_entry(parent, element, name))
            elif parent == "paging" and element.name == "next":
                following = element.text.strip()
    return NcmecAnswer(tuple(entries), following)


def _entry(parent: str, element: Element, name: str) -> NcmecEntry:
    # What nobody here knows could be a tombstone or an entry: passing it over would be a silent miss.
    kind = _KINDS.get(element.name)
    if kind is None or kind[0] != parent:
        raise UpstreamGarbled(f"{name}: {parent} holds an unknown {element.name[:40]!r}")
    member = element.child("member")
    number, entry = member.attributes.get("id", "") if member else "", element.said("id")
    if not _MEMBER.fullmatch(number) or not 0 < len(entry) <= _LONGEST_ID:
        raise UpstreamGarbled(f"{name}: an entry does not say which it is: member {number[:40]!r}")
    prints = element.child("fingerprints")
    return NcmecEntry(
        member=number,
        id=entry,
        is_image=parent == "images",
        deleted=kind[1],
        timestamp=element.said("timestamp"),
        classification=element.said("classification"),
        fingerprints={one.name.lower(): one.text.strip() for one in prints.children} if prints else {},
        votes=_votes(element.child("feedback")),
    )


def _votes(feedback: Element | None) -> Mapping[str, Votes]:
    if feedback is None:
        return {}
    found: dict[str, Votes] = {}
    for one in feedback.children:
        kind, members = one.attributes.get("type", "").lower(), len(set(_members(one)))
        before = found.get(kind, Votes())
        if one.name == "affirmativeFeedback":
            found[kind] = Votes(before.confirming + members, before.against)
        elif one.name == "negativeFeedback":
            found[kind] = Votes(before.confirming, before.against + members)
    return found


def _members(element: Element) -> Iterator[str]:
    """Who voted so, whichever reasons they gave."""
    for one in element.children:
        if one.name == "member":
            yield one.attributes.get("id", "")
        else:
            yield from _members(one)
