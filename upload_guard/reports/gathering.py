"""All that is known of a confirmed case, out of rows. Nothing is guessed; what nobody knows stays empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from upload_guard.errors import NotReportable
from upload_guard.late.entries import LATE_ROUTE
from upload_guard.quarantine.cases import has_all_digests
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.rows import match_of, signal_of
from upload_guard.quarantine.states import SHOWN, CaseState
from upload_guard.records import Digests, Match
from upload_guard.reports.classifying import chosen, said_by_lists
from upload_guard.reports.facts import Facts, FoundBy, Place, Reporter, Viewed
from upload_guard.reports.uploaders import Uploaders
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.notice_tables import NoticeAddress
from upload_guard.storage.placement_tables import PlacedFile, PlaceState
from upload_guard.storage.tables import Case, Decision
from upload_guard.storage.vault_tables import AuditRow, Preservation

REVEALED = "case.revealed"
"""As `glimpses.reveals` notes that something of a file was shown."""
WHOLE = "whole, unblurred"
"""`details["sight"]` of such a row where it was the file itself. Our own pages show grey, blurred samples
only, and so write none."""
# Before the route of a case that was opened for a file the site had already.
_FOUND_THERE = (LATE_ROUTE, "scan:", "notice:", "retro:")
# What a person said of an address that led to nothing of ours, as `notices.states` has it.
_NOT_THERE = ("gone", "not_ours")


@dataclass(frozen=True, slots=True)
class Gathering:
    """Reads rows. `sites` are the public addresses of sites, where settings know them."""

    reporter: Reporter
    uploaders: Uploaders
    sites: Mapping[str, str]

    def facts(self, session: Session, number: str, report: str) -> Facts:
        """Of the case of that number, for the report of that number.

        Raises `NotReportable` unless a person confirmed it and nobody has taken that back; `SealBroken`.
        """
        case = session.scalar(select(Case).where(Case.number == number))
        if case is None:
            raise NotReportable(f"there is no case {number[:32]!r}")
        decided = confirmed_by_a_person(session, case)
        if decided is None:
            raise NotReportable(
                f"case {number} is {CaseState(case.state).words}: only what a person has confirmed is "
                "reported, never what a list says alone"
            )
        if not has_all_digests(case):
            raise NotReportable(
                f"case {number}: its file was never read here, and no list names all its digests, so nobody "
                "knows them"
            )
        matches = tuple(match_of(row) for row in case.matches)
        said = chosen(session, number)
        places = tuple(_places(session, number))
        first, last = _seen(session, case)
        return Facts(
            case=number,
            report=report,
            reporter=self.reporter,
            site=self.sites.get(case.site, case.site),
            route=case.route,
            happened_at=case.created_at,
            confirmed_at=decided.made_at,
            confirmed_by=decided.made_by,
            media_type=case.media_type,
            size=case.size,
            digests=Digests(case.md5, case.sha1, case.sha256, case.size),
            signals=tuple(map(signal_of, case.signals)),
            matches=matches,
            blocked=was_blocked(session, case),
            action=case.action,
            classification=said.classification or said_by_lists(matches),
            summary=said.summary,
            uploader=self.uploaders.of(session, number),
            places=places,
            viewed=tuple(_viewed(session, number)),
            actions=tuple(sorted(set(_actions(session, case, decided, places)))),
            preserved_until=_preserved_until(session, number),
            first_seen=first,
            last_seen=last,
            found_by=found_by(case.route, matches),
        )


def confirmed_by_a_person(session: Session, case: Case) -> Decision | None:
    """The decision by which the case is confirmed now, if it is."""
    if case.state != CaseState.CONFIRMED:
        return None
    newest = select(Decision).where(Decision.case_id == case.id).order_by(Decision.id.desc()).limit(1)
    decision = session.scalar(newest)
    said_so = decision is not None and decision.decision == Ruling.CONFIRMED and bool(decision.made_by)
    return decision if said_so else None


def found_by(route: str, matches: Sequence[Match]) -> FoundBy:
    """What led to the file of a case."""
    if matches:
        return "lists"
    return "notice" if route.startswith("notice:") else ""


def found_there() -> ColumnElement[bool]:
    """Of a row of `Case`: whether something says that its file was on the site."""
    routes = [Case.route.startswith(route, autoescape=True) for route in _FOUND_THERE]
    placed = exists().where(PlacedFile.case_number == Case.number)
    told = exists().where(LateOutcome.case_number == Case.number)
    noticed = exists().where(NoticeAddress.case_number == Case.number, NoticeAddress.state.not_in(_NOT_THERE))
    return or_(*routes, placed, told, noticed)


def was_blocked(session: Session, case: Case) -> bool:
    """Whether the upload was refused and nothing is known of the file having been on the site."""
    return session.scalar(select(Case.id).where(Case.id == case.id, found_there())) is None


def _noticed(number: str) -> Select[NoticeAddress]:
    """Addresses at which somebody saw the file, and where it was."""
    own = NoticeAddress.case_number == number
    return select(NoticeAddress).where(own, NoticeAddress.state.not_in(_NOT_THERE))


def _places(session: Session, number: str) -> Iterator[Place]:
    placed = session.scalars(
        select(PlacedFile).where(PlacedFile.case_number == number).order_by(PlacedFile.id)
    ).all()
    noticed = session.scalars(_noticed(number).order_by(NoticeAddress.id)).all()
    for row in placed:
        removed = row.removed_at if row.state == PlaceState.REMOVED else None
        # That it is reachable from outside, no row says; that it was taken away, one does.
        reachable = False if removed else None
        urls = [one.url for one in noticed if one.locator == row.locator] or [""]
        yield from (Place(url, row.locator, reachable, removed) for url in urls)
    known = {one.locator for one in placed}
    yield from (Place(one.url, one.locator) for one in noticed if one.locator not in known)


def _viewed(session: Session, number: str) -> Iterator[Viewed]:
    shown = select(AuditRow).where(AuditRow.case_number == number, AuditRow.act == REVEALED)
    for row in session.scalars(shown.order_by(AuditRow.sequence)):
        if row.details.get("sight") == WHOLE:
            yield Viewed(row.person, row.at)


def _actions(
    session: Session, case: Case, decided: Decision, places: tuple[Place, ...]
) -> Iterator[tuple[datetime, str]]:
    yield case.created_at, "refused and held" if was_blocked(session, case) else "found on the site, held"
    yield decided.made_at, "confirmed by a person"
    yield from ((place.removed_at, "removed from the site") for place in places if place.removed_at)
    told = select(LateOutcome).where(LateOutcome.case_number == case.number)
    yield from ((row.told_at, f"{row.outcome}, as the site says") for row in session.scalars(told))


def _preserved_until(session: Session, number: str) -> datetime | None:
    kept = select(Preservation.until).where(Preservation.case_number == number)
    return session.scalar(kept.order_by(Preservation.until.desc()).limit(1))


def _seen(session: Session, case: Case) -> tuple[datetime, datetime]:
    """When this very file came first and last to that site."""
    same = (Case.sha256 == case.sha256) & (Case.site == case.site) & Case.state.in_(SHOWN)
    first, last = session.execute(
        select(func.min(Case.created_at), func.max(Case.created_at)).where(same)
    ).one()
    return first, last
