"""The words of notices, in the languages that an installation can have: plain text for a tired person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upload_guard.storage.events import EventKind


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one kind of event: a title where it happened once, one for more often, and the text.

    Texts may name {cases}, {notices}, {sites}, {lists}, {recipients} and {hours}; titles {count} and {hours}.
    """

    one: str
    many: str
    text: str


@dataclass(frozen=True, slots=True)
class DigestWords:
    """Labels of the digest. `states`, `decisions` and `ways` by the words that rows have for them.

    `customers` names {hits}, {followed}, {open} and {late}.
    """

    title: str
    since: str
    opened: str
    by_state: str
    undecided: str
    oldest: str
    late: str
    decided: str
    lists: str
    imported: str
    acts: str
    lowered: str
    given_up: str
    customers: str
    none: str
    states: Mapping[str, str]
    decisions: Mapping[str, str]
    ways: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    said: Mapping[EventKind, Said]
    digest: DigestWords
    more: str
    review: str
    test_title: str
    test_text: str
