"""Showing people something of a held file. Where viewing is off there is none of all this, not even a route.

Asked for by POST with a reason. The answer names a ticket, by which the browser fetches the picture once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request

from upload_guard.glimpses.looking import Hindrance
from upload_guard.glimpses.reveals import Refusal, Revealed, RevealRefused, Reveals, Shown, Viewer
from upload_guard.people.roles import Permission
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.reveal_settings import RevealSettings
from upload_guard.sidecar.review.access import may, opened, person
from upload_guard.sidecar.review.case.offers import Offer
from upload_guard.sidecar.review.case.reasons import given_reason
from upload_guard.sidecar.review.case.words import say

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
            say("Show step %(step)s of %(most)s", step=self.step, most=self.most),
            say(
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
        return self._with(viewing, self.reveals.thumbnail(case, viewer))

    def after_step(self, case: CaseInfo, step: int, because: str) -> tuple[Viewing, int]:
        """What there is to see after asking for `step`, and the status of the answer."""
        viewer = self._viewer()
        try:
            seen = self.reveals.reveal(case, step, viewer, because)
        except RevealRefused as refused:
            said = say(refused.refusal.words, number=refused.number)
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
        picture = seen if isinstance(seen, Revealed) else None
        said = say(seen.words) if isinstance(seen, Hindrance) else seen if isinstance(seen, str) else ""
        return Viewing(viewing.shown, viewing.step, viewing.most, picture, said)


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
