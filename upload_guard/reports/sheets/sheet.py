"""What is known of a case as a person reads it: the one order of things for text, HTML and PDF.

Only what `Facts` hold: where nothing is known no line is written, and of who saw the file it is said where it
was nobody. Never a word about what a picture shows, beyond the classification that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from upload_guard.records import Match, Signal
from upload_guard.reports.facts import Facts, Place
from upload_guard.reports.sheets.wording import Wording


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is known."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def sections(facts: Facts, say: Wording) -> tuple[Section, ...]:
    """Those that have rows, in the order of reading."""
    parts = (
        (say("Case"), _case(facts, say)),
        (say("Reporter"), _reporter(facts, say)),
        (say("File"), _file(facts, say)),
        (say("Matches"), _matches(facts, say)),
        (say("Places"), _places(facts, say)),
        (say("Uploader, as the site told"), _uploader(facts, say)),
        (say("Who saw it"), _viewed(facts, say)),
        (say("What was done"), _done(facts, say)),
    )
    made = (Section(title, tuple(rows)) for title, rows in parts)
    return tuple(one for one in made if one.rows)


def closing(say: Wording, sentences: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What is stated last: the sentences of a jurisdiction, or good faith; and that there is no picture."""
    return (
        *(sentences or (say("This report is made in good faith."),)),
        say("This report holds no picture, and none may be asked for by answering it."),
    )


def moment(at: datetime) -> str:
    """In UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def confidence(facts: Facts, say: Wording) -> str:
    """How sure the machine was, empty where no match is told. A person has decided in either case."""
    telling = [match for match in facts.matches if not match.excused]
    if not telling:
        return ""
    exact = any(match.exact for match in telling)
    return say("the same bytes as an entry") if exact else say("a likeness to an entry")


def origins(facts: Facts) -> tuple[str, ...]:
    """Who vouches for the lists that matched: more than one bear each other out."""
    return tuple(sorted({match.origin for match in facts.matches if not match.excused and match.origin}))


def _by(person: str, at: datetime) -> str:
    return f"{person}, {moment(at)}" if person else moment(at)


def _known(*pairs: tuple[str, str]) -> Iterator[Row]:
    return (Row(label, value) for label, value in pairs if value)


def _case(facts: Facts, say: Wording) -> Iterator[Row]:
    blocked = say("The upload was refused and never was on the site.")
    return _known(
        (say("Case number"), facts.case),
        (say("Report number"), facts.report),
        (say("Site"), facts.site),
        (say("Came in by"), facts.route),
        (say("Time of the event"), moment(facts.happened_at)),
        (say("First seen"), moment(facts.first_seen) if facts.first_seen else ""),
        (say("Last seen"), moment(facts.last_seen) if facts.last_seen else ""),
        (say("Upload"), blocked if facts.blocked else ""),
        # What the door does with such. Of a file that was on the site it would say that it was refused.
        (say("Action"), say.act(facts.action) if facts.blocked else ""),
        (say("Confirmed by a person"), _by(facts.confirmed_by, facts.confirmed_at)),
        (say("Classification"), facts.classification),
        (say("Confidence"), confidence(facts, say)),
        (say("Summary"), facts.summary),
    )


def _reporter(facts: Facts, say: Wording) -> Iterator[Row]:
    by = facts.reporter
    return _known(
        (say("Organisation"), by.organisation),
        (say("Domain"), by.domain),
        (say("Contact"), by.contact_name),
        (say("E-mail"), by.email),
        (say("Telephone"), by.telephone),
        (say("Country"), by.country),
    )


def _file(facts: Facts, say: Wording) -> Iterator[Row]:
    yield from _known(
        (say("File name"), facts.file_name),
        (say("Media type"), facts.media_type),
        (say("Size"), say("{size} bytes", size=facts.size)),
        ("MD5", facts.digests.md5.hex()),
        ("SHA-1", facts.digests.sha1.hex()),
        ("SHA-256", facts.digests.sha256.hex()),
    )
    for signal in facts.signals:
        # Turned and trimmed ones are our own way to compare; nobody reads a hundred lines of them.
        if not signal.variant:
            yield Row(signal.type.value.upper(), _signal(signal, say))


def _signal(signal: Signal, say: Wording) -> str:
    quality = "" if signal.quality is None else say("quality {quality}", quality=signal.quality)
    more = ", ".join(part for part in (signal.view, quality) if part)
    return f"{signal.value.hex()} ({more})" if more else signal.value.hex()


def _matches(facts: Facts, say: Wording) -> Iterator[Row]:
    for match in facts.matches:
        yield Row(match.signal_type.value.upper(), match_words(match, say))
    if len(found := origins(facts)) > 1:
        yield Row(say("Borne out by lists of"), ", ".join(found))


def match_words(match: Match, say: Wording) -> str:
    """List, version, category and distance. Never the entry's own hash: that is not ours to hand on."""
    known = (
        say("check service {name}, category {category}", name=match.list_name, category=match.category)
        if match.told
        else say(
            "list {name}, version {version}, category {category}",
            name=match.list_name,
            version=match.version,
            category=match.category,
        )
    )
    away = (
        say("exact")
        if match.exact
        else say("distance {distance} of {limit} bits", distance=match.distance, limit=match.limit)
    )
    parts = (known, away, match.view, match.variant)
    return ", ".join(part for part in parts if part)


def _places(facts: Facts, say: Wording) -> Iterator[Row]:
    for place in facts.places:
        yield from _place(place, say)


def _place(place: Place, say: Wording) -> Iterator[Row]:
    public = {True: say("yes"), False: say("no"), None: ""}[place.publicly_available]
    return _known(
        (say("Address"), place.url),
        (say("Storage"), place.locator),
        (say("Publicly available"), public),
        (say("Removed"), moment(place.removed_at) if place.removed_at else ""),
    )


def _uploader(facts: Facts, say: Wording) -> Iterator[Row]:
    by = facts.uploader
    return _known(
        (say("Account"), by.account),
        (say("Screen name"), by.screen_name),
        (say("E-mail"), by.email),
        (say("IP address"), by.ip),
        (say("Port"), str(by.port) if by.port else ""),
        (say("Time of upload"), moment(by.at) if by.at else ""),
    )


def _viewed(facts: Facts, say: Wording) -> Iterator[Row]:
    if not facts.viewed:
        yield Row(say("Whole unblurred file"), say("by nobody, as far as the audit log shows"))
    for one in facts.viewed:
        yield Row(say("Whole unblurred file"), _by(one.person, one.at))


def _done(facts: Facts, say: Wording) -> Iterator[Row]:
    for at, act in facts.actions:
        yield Row(moment(at), say.act(act))
    if facts.preserved_until:
        yield Row(say("Kept sealed until"), moment(facts.preserved_until))
