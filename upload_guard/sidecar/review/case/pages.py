"""The page of one case: GET /review/cases/NUMBER, and what hangs on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template, request

from upload_guard.errors import NoSuchCase
from upload_guard.people.roles import Permission
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.deciding.foresight import foresee
from upload_guard.quarantine.deciding.rulings import Ruling
from upload_guard.quarantine.showing.dossier import Dossier, dossier
from upload_guard.quarantine.showing.outcomes import LateOutcomes
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.case.acts import add_acts
from upload_guard.sidecar.review.case.appeal import add_appeals, appeal_offers, delay_offers
from upload_guard.sidecar.review.case.files import add_files, place_words
from upload_guard.sidecar.review.case.offers import Deciding, Offer, other_acts_on, shown_reason
from upload_guard.sidecar.review.case.story import bar_of, bytes_words, doubts, late_words, state_words, why
from upload_guard.sidecar.review.case.trail import line_of
from upload_guard.sidecar.review.case.viewing import Viewing, Window, add_viewing
from upload_guard.sidecar.review.case.what_if import told_now
from upload_guard.sidecar.review.house import Review
from upload_guard.statements.delays import Delay

_MATCHES = 8


def case_pages(review: Review) -> Blueprint:
    pages = Blueprint("case", __name__, url_prefix="/cases")
    window = _window(review)

    @pages.get("/<number>")
    @may(Permission.SEE)
    def show(number: str) -> str:
        case = review.cases.find(number, None)
        return _page(review, case, window.of(case) if window else None)

    @pages.get("/<number>/what-if")
    @may(Permission.SEE)
    def what_if(number: str) -> str:
        """Looked up when somebody asks: it is a search of its own."""
        case = review.cases.find(number, None)
        told = told_now(review.explainer, case)
        template = "case_what_if" if "HX-Request" in request.headers else "case_what_if_page"
        return render_template(f"review/{template}.html", case=case, told=told)

    add_acts(pages, review)
    add_appeals(pages, review)
    add_files(pages, review)
    if window:
        add_viewing(pages, window, lambda case, viewing: _page(review, case, viewing))
    return pages


def _window(review: Review) -> Window | None:
    if review.reveals is None:
        return None
    return Window(review.cases, review.reveals, review.settings.reveal)


def _page(review: Review, case: CaseInfo, viewing: Viewing | None) -> str:
    about = dossier(review.database, review.retention, case)
    group = review.groups.of(case.number)
    appealed, delay = review.appeals.of(case.number), review.delays.of(case.number)
    decides = person().may(Permission.DECIDE)
    return render_template(
        "review/case.html",
        case=case,
        state=state_words(case.state),
        held=bytes_words(case.kept),
        due=_due(review, case),
        told=[(told.at, late_words(told.action)) for told in LateOutcomes(review.database).on(case.number)],
        why=why(case),
        doubts=doubts(case, about.disputes, group.confirmed),
        matches=[(match, bar_of(match)) for match in case.matches[:_MATCHES]],
        about=about,
        group=group,
        days=review.groups.by_day(case.number),
        places=review.groups.places(case.number),
        decisions=_deciding(review, case).offers() if decides else (),
        others=_others(review, case, about, delay) if decides else (),
        appealed=appealed,
        settling=appeal_offers(appealed) if decides else (),
        delay=delay,
        decides=decides,
        files=review.placements.of_case(case.number),
        place_words=place_words,
        trail=[line_of(row) for row in about.trail],
        viewing=viewing,
        reports_here=person().may(Permission.REPORT),
        neighbours=review.neighbours.of(case.number),
        decided=_decided(review, request.args.get("decided", "")),
        state_words=state_words,
        shown_reason=shown_reason,
    )


def _others(review: Review, case: CaseInfo, about: Dossier, delay: Delay | None) -> tuple[Offer, ...]:
    return (*other_acts_on(case, about, person().name), *delay_offers(review, case, delay))


def _due(review: Review, case: CaseInfo) -> datetime | None:
    """When somebody should have decided, where nobody has."""
    within = timedelta(hours=review.settings.quarantine.decide_within_hours)
    return case.created_at + within if case.state in UNDECIDED else None


def _decided(review: Review, number: str) -> tuple[CaseInfo, Offer | None] | None:
    """The case that was decided just before this page, and how to take that back."""
    if not number:
        return None
    try:
        case = review.cases.find(number, None)
    except NoSuchCase:
        return None
    if case.state not in {CaseState.RELEASED, CaseState.CONFIRMED, CaseState.ESCALATED}:
        return None
    undo = next((offer for offer in _deciding(review, case).offers() if offer.act == "reopen"), None)
    return case, undo if person().may(Permission.DECIDE) else None


def _deciding(review: Review, case: CaseInfo) -> Deciding:
    return Deciding(
        case,
        foresee(review.database, case.number),
        person().name,
        Ruling.CONFIRMED in review.decisions.second_person,
    )
