"""Showing people something of a held file. Where viewing is off there is none of all this, not even a route.

Asked for by POST with a reason. The answer names a ticket, by which the browser fetches the picture once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import lazy_gettext

from upload_guard.errors import AuditBroken
from upload_guard.glimpses.looking import Hindrance
from upload_guard.glimpses.reveals import Refusal, Revealed, RevealRefused, Reveals, Shown, Viewer
from upload_guard.people.roles import Permission
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.reveal_settings import RevealSettings
from upload_guard.sidecar.review.access import may, opened, person
from upload_guard.sidecar.review.case.offers import Offer
from upload_guard.sidecar.review.case.reasons import given_reason
from upload_guard.sidecar.review.case.words import gettext
from upload_guard.sidecar.review.case.words import marked as _

_HINDRANCES = {
    Hindrance.NOT_KEPT: lazy_gettext(
        "Its bytes were never kept: the retention rule forbids it, or the file was never here."
    ),
    Hindrance.COMING: lazy_gettext("Its bytes are still being stored. Try again in a minute."),
    Hindrance.LET_GO: lazy_gettext("Its bytes are no longer held for this case: its time was up."),
    Hindrance.SHREDDED: lazy_gettext("Its bytes are shredded: nobody can see them again."),
    Hindrance.DAMAGED: lazy_gettext(
        "Its bytes are damaged or gone: what is in the vault is not what was put there."
    ),
    Hindrance.LOCKED: lazy_gettext(
        "Its bytes cannot be opened: the master key that they were sealed under is not here."
    ),
    Hindrance.OUT_OF_REACH: lazy_gettext("The vault cannot be read at the moment. Try again later."),
    Hindrance.NO_PICTURE: lazy_gettext("There is no picture in this file."),
    Hindrance.NOT_OPENED: lazy_gettext("This file cannot be opened, for example since it is encrypted."),
    Hindrance.UNKNOWN_FORMAT: lazy_gettext("This is a picture of a format that is not decoded here."),
    Hindrance.UNDECODABLE: lazy_gettext("This picture cannot be decoded: it is damaged, or is none."),
    Hindrance.OVER_LIMITS: lazy_gettext("This picture is too large, or takes too long, to be decoded here."),
    Hindrance.BUSY: lazy_gettext("The decoder is busy or does not start. Try again in a minute."),
}
_REFUSALS = {
    Refusal.BEYOND: _("Your role may see no more than step %(number)s."),
    Refusal.SKIPPING: _("One step at a time: the next one is step %(number)s."),
    Refusal.TOO_MANY: _(
        "You have been shown %(number)s pictures within an hour, and no more are allowed. It was noted."
    ),
}
_STATUS = {Refusal.BEYOND: 403, Refusal.SKIPPING: 409, Refusal.TOO_MANY: 429}


@dataclass(frozen=True, slots=True)
class Viewing:
    """What the page says of viewing: `step` of `most` may be taken now; `said` is why there is no picture."""

    shown: Shown
    step: int
    most: int
    picture: Revealed | None = None
    said: str = ""

    @property
    def offer(self) -> Offer:
        return Offer(
            "reveal",
            gettext("Show step %(step)s of %(most)s", step=self.step, most=self.most),
            gettext(
                "One grey, blurred picture of at most 96 pixels is shown, once. That you were shown it, and "
                "why, is noted before."
            ),
            fixed={"step": str(self.step)},
        )


Page = Callable[[CaseInfo, "Viewing | None"], str]


@dataclass(frozen=True, slots=True)
class Window:
    """`reveals` shows what `settings` allow."""

    cases: Cases
    reveals: Reveals
    settings: RevealSettings

    def of(self, case: CaseInfo) -> Viewing | None:
        """For whoever opens the page; None for those who may view nothing."""
        viewer = self._viewer()
        if not viewer.most:
            return None
        viewing = self._about(case, viewer)
        if not self.settings.thumbnail:
            return viewing
        try:
            return self._with(viewing, self.reveals.thumbnail(case, viewer))
        except AuditBroken:
            # The page goes on without: nobody has asked for a picture.
            said = gettext("The audit log takes nothing at the moment, so nothing is shown.")
            return self._with(viewing, said)

    def after_step(self, case: CaseInfo, step: int, because: str) -> tuple[Viewing, int]:
        """What there is to see after asking for `step`, and the status of the answer."""
        viewer = self._viewer()
        try:
            seen = self.reveals.reveal(case, step, viewer, because)
        except RevealRefused as refused:
            said = gettext(_REFUSALS[refused.refusal], number=refused.number)
            return self._with(self._about(case, viewer), said), _STATUS[refused.refusal]
        return self._with(self._about(case, viewer), seen), 200

    def fetched(self, ticket: str) -> bytes | None:
        return self.reveals.fetch(ticket, self._viewer().bearer)

    def _viewer(self) -> Viewer:
        who = person()
        return Viewer(who.name, opened().key, self.settings.most_of(who.role))

    def _about(self, case: CaseInfo, viewer: Viewer) -> Viewing:
        # Who has taken the last step may look again.
        step = self.reveals.next_step(case.number, viewer) or viewer.most
        return Viewing(self.reveals.shown(case.number), step, viewer.most)

    def _with(self, viewing: Viewing, seen: Revealed | Hindrance | str) -> Viewing:
        if isinstance(seen, Revealed):
            return replace(viewing, picture=seen)
        return replace(viewing, said=str(_HINDRANCES[seen]) if isinstance(seen, Hindrance) else seen)


def add_viewing(pages: Blueprint, window: Window, page: Page) -> None:
    """The two routes of viewing: one that is asked, and one that a ticket is spent at."""

    @pages.post("/<number>/reveal")
    @may(Permission.REVEAL)
    def reveal(number: str) -> Response:
        case = window.cases.find(number, None)
        step = request.form.get("step", 0, type=int)
        viewing, status = window.after_step(case, step, given_reason("reveal"))
        if "HX-Request" in request.headers:
            return Response(render_template("review/case_viewing.html", case=case, viewing=viewing), status)
        return Response(page(case, viewing), status)

    @pages.get("/glimpse/<ticket>")
    @may(Permission.REVEAL)
    def glimpse(ticket: str) -> Response:
        picture = window.fetched(ticket)
        if picture is None:
            abort(404)
        return Response(picture, mimetype="image/png")
