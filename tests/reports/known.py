"""Facts of an invented case, for papers: nothing in them is of any real file."""

from __future__ import annotations

from datetime import UTC, datetime

from upload_guard.records import Digests, Match, Signal, SignalType
from upload_guard.reports.facts import Facts, Place, Reporter, Uploader, Viewed
from upload_guard.reports.gathering import found_by


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 26, hour, minute, tzinfo=UTC)


REPORTER = Reporter("Example Hosting", "example.org", "Robin de Vries", "abuse@example.org", "+31 20 0", "NL")
DIGESTS = Digests(b"\x01" * 16, b"\x02" * 20, b"\x03" * 32, 2048)
PDQ = Signal(SignalType.PDQ, b"\x04" * 32, view="frame 0", quality=87)


def match(kind: SignalType = SignalType.SHA256, origin: str = "EOKM", **more: object) -> Match:
    value = {SignalType.SHA256: b"\x03" * 32, SignalType.PDQ: b"\x05" * 32}[kind]
    known = {
        "signal_type": kind,
        "view": "",
        "distance": 0 if kind.exact else 12,
        "limit": 0 if kind.exact else 31,
        "list_name": origin.lower(),
        "version": 7,
        "origin": origin,
        "category": "baseline",
        "entry": 3,
        "since": at(1),
        "value": value,
    }
    return Match(**(known | more))  # type: ignore[arg-type]


def facts(**more: object) -> Facts:
    """A file that was found on the site, of which all is known."""
    known: dict[str, object] = {
        "case": "UG-AAAA-0001",
        "report": "RP-0001",
        "reporter": REPORTER,
        "site": "forum",
        "route": "/upload",
        "happened_at": at(9),
        "confirmed_at": at(10, 30),
        "confirmed_by": "robin",
        "media_type": "image/jpeg",
        "size": 2048,
        "digests": DIGESTS,
        "signals": (PDQ,),
        "matches": (match(), match(SignalType.PDQ, "NCMEC")),
        "blocked": False,
        "action": "quarantine",
        "classification": "A1",
        "summary": "Found when the library was scanned.",
        "uploader": Uploader("user-17", "rob", "rob@example.net", "192.0.2.7", 50123, at(8, 59)),
        "places": (Place("https://example.org/media/a.jpg", "file:///srv/media/a.jpg", True, at(11)),),
        "viewed": (Viewed("robin", at(10, 15)),),
        "actions": ((at(9), "found on the site, held"), (at(11), "removed from the site")),
        "preserved_until": datetime(2027, 11, 26, tzinfo=UTC),
        "first_seen": at(8, 59),
        "last_seen": at(11),
        "file_name": "holiday.jpg",
    }
    told = known | more
    led = {"found_by": found_by(told["route"], told["matches"])}  # type: ignore[arg-type]
    return Facts(**(led | told))  # type: ignore[arg-type]


def blocked(**more: object) -> Facts:
    """An upload that was refused, and nothing known of who sent it or what it shows."""
    nothing: dict[str, object] = {
        "blocked": True,
        "action": "block",
        "classification": "",
        "summary": "",
        "uploader": Uploader(),
        "places": (),
        "viewed": (),
        "actions": (),
        "preserved_until": None,
        "first_seen": None,
        "last_seen": None,
        "file_name": "",
    }
    return facts(**(nothing | more))
