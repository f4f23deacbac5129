"""All that a report may say of a case. Never the file itself, nor anything that nobody knows.

`reports.gathering` fills it from rows; formats only write down what is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from upload_guard.records import Digests, Match, Signal


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: from the settings."""

    organisation: str
    domain: str
    contact_name: str
    email: str
    telephone: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Uploader:
    """What the site told of who uploaded it; empty where it told nothing. `port` 0 where not known."""

    account: str = ""
    screen_name: str = ""
    email: str = ""
    ip: str = ""
    port: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Viewed:
    """A person looked at the whole unblurred file, as the audit log has it."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file was found on the site: `url` empty where none is known, `locator` the site's own
    storage.
    """

    url: str = ""
    locator: str = ""
    publicly_available: bool | None = None
    removed_at: datetime | None = None


FoundBy = Literal["", "lists", "notice"]
"""What led to a file; empty where neither a match nor a notice did."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One confirmed case. Times in UTC.

    `blocked`: the upload was refused, so it never was on the site. `classification` is what a person chose,
    or what the list itself says in those words (`baseline`, A1, A2, B1, B2); empty otherwise. `confirmed_by`
    decided at `confirmed_at`. `viewed` only by whom the audit log shows to have seen the whole unblurred
    file. `found_by` holds also where matches and route are left out. `actions` are sentences-to-be in the
    words of the audit ("quarantined", "removed"), with their
    times.
    """

    case: str
    report: str
    reporter: Reporter
    site: str
    route: str
    happened_at: datetime
    confirmed_at: datetime
    confirmed_by: str
    media_type: str
    size: int
    digests: Digests
    signals: tuple[Signal, ...]
    matches: tuple[Match, ...]
    blocked: bool
    action: str
    classification: str = ""
    summary: str = ""
    uploader: Uploader = Uploader()
    places: tuple[Place, ...] = ()
    viewed: tuple[Viewed, ...] = ()
    actions: tuple[tuple[datetime, str], ...] = ()
    preserved_until: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    file_name: str = ""
    found_by: FoundBy = ""
