"""The appeal on a case, and what keeps its uploader from being told: both beside the decision itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import UsageError
from upload_guard.people.roles import Permission
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.deciding.rulings import Word
from upload_guard.quarantine.states import CaseState
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.case.offers import Offer
from upload_guard.sidecar.review.case.reasons import given_reason
from upload_guard.sidecar.review.case.words import gettext
from upload_guard.sidecar.review.house import Review
from upload_guard.statements.appeals import Appealed, AppealState
from upload_guard.statements.delays import Delay

_NOT_TOLD_YET = frozenset(
    {CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED, CaseState.CONFIRMED}
)


def add_appeals(pages: Blueprint, review: Review) -> None:
    @pages.post("/<number>/uphold-appeal")
    @may(Permission.DECIDE)
    def uphold(number: str) -> AnyResponse:
        review.appeals.uphold(number, _word("uphold-appeal"), _answer())
        return _back(number, gettext("The decision stands, and the appellant is told so."))

    @pages.post("/<number>/grant-appeal")
    @may(Permission.DECIDE)
    def grant(number: str) -> AnyResponse:
        review.appeals.grant(number, review.decisions, _word("grant-appeal"), _answer())
        return _back(number, gettext("The decision is taken back, and the appellant is told so."))

    @pages.post("/<number>/delay-statement")
    @may(Permission.DECIDE)
    def delay(number: str) -> AnyResponse:
        review.delays.place(number, _until(), person().name, given_reason("delay-statement"))
        return _back(number, gettext("The uploader is told nothing until then."))

    @pages.post("/<number>/lift-delay")
    @may(Permission.DECIDE)
    def lift(number: str) -> AnyResponse:
        review.delays.lift(number, person().name)
        return _back(number, gettext("The delay is lifted."))


def appeal_offers(appealed: Appealed | None) -> tuple[Offer, ...]:
    """How this person may settle an appeal that waits."""
    if appealed is None or appealed.state is not AppealState.OPEN or person().name in appealed.closed_to:
        return ()
    return (
        Offer(
            "uphold-appeal",
            gettext("Let the decision stand"),
            gettext("The file stays held. The appellant is told that a person has looked, and your answer."),
            wants_answer=True,
        ),
        Offer(
            "grant-appeal",
            gettext("Take the decision back"),
            gettext(
                "All cases that were decided with it are open again, and this very file is released on its "
                "site. The appellant is told so, and your answer."
            ),
            wants_answer=True,
        ),
    )


def delay_offers(review: Review, case: CaseInfo, delay: Delay | None) -> Iterator[Offer]:
    """What delays that the uploader is told, where uploaders are told at all."""
    if review.settings.statements.enabled and case.state in _NOT_TOLD_YET:
        yield Offer(
            "delay-statement",
            gettext("Delay what the uploader is told"),
            gettext("An authority has asked for it: until that day there is no statement of reasons."),
            wants_until=True,
        )
    if delay:
        yield Offer(
            "lift-delay",
            gettext("Lift the delay"),
            gettext("The uploader is told as soon as the decision allows it."),
            wants_reason=False,
        )


def _word(act: str) -> Word:
    return Word(person().name, given_reason(act))


def _answer() -> str:
    return request.form.get("answer", "")


def _until() -> datetime:
    """The end of that day."""
    try:
        day = datetime.strptime(request.form.get("until", ""), "%Y-%m-%d")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise UsageError("the day until when is needed, as 2026-12-31") from None
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC)


def _back(number: str, said: str) -> AnyResponse:
    flash(said, "done")
    return redirect(url_for(".show", number=number), 303)
