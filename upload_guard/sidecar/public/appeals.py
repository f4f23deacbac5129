"""/public/appeals/NUMBER/SECRET: an uploader says why a decision is wrong, and is told what came of that."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.compose.statements import appeals_in
from upload_guard.settings import Settings
from upload_guard.sidecar.public.house import Public
from upload_guard.sidecar.public.marks import stranger
from upload_guard.sidecar.review.words import gettext
from upload_guard.statements.appeals import LONGEST_REASON, Standing

_FORM = "appeal"


def are_appeals_on(settings: Settings) -> bool:
    return settings.statements.enabled and settings.statements.appeals


def appeal_pages(public: Public) -> Blueprint:
    pages = Blueprint("appeals", __name__, url_prefix="/appeals")
    appeals = appeals_in(public.settings, public.database)

    @pages.get("/<number>/<secret>")
    @stranger
    def show(number: str, secret: str) -> AnyResponse:
        return shown(number, secret, appeals.standing(number, secret))

    @pages.post("/<number>/<secret>")
    @stranger
    def appeal(number: str, secret: str) -> AnyResponse:
        reason = public.received(_FORM).get("reason", "")
        if said := _fault(reason):
            return shown(number, secret, appeals.standing(number, secret), said, reason)
        if appeals.make(number, secret, reason) is None:
            raise NotFound
        return redirect(url_for(".show", number=number, secret=secret), 303)

    def shown(
        number: str, secret: str, standing: Standing | None, said: str = "", reason: str = ""
    ) -> AnyResponse:
        if standing is None:
            raise NotFound
        page = render_template(
            "public/appeal.html",
            form=_FORM,
            number=number,
            secret=secret,
            standing=standing,
            longest=LONGEST_REASON,
            said=said,
            reason=reason,
        )
        return Response(page, 400 if said else 200)

    return pages


def _fault(reason: str) -> str:
    if not reason:
        return gettext("Please say why the decision is wrong.")
    if len(reason) > LONGEST_REASON:
        return gettext("Please write less: at most %(most)s characters.", most=LONGEST_REASON)
    return ""
