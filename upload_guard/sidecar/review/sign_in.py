"""Logging in by a password, and out. What else it takes is asked for in `steps`."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import LogInFailed
from upload_guard.people.log_in import Admitted
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.review.access import (
    anyone,
    forget_token,
    keep_token,
    person_or_none,
    token,
    wanted_page,
)
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.words import gettext


def sign_in_pages(review: Review) -> Blueprint:
    pages = Blueprint("sign_in", __name__)
    gate = review.gate

    @pages.get("/log-in")
    @anyone
    def log_in() -> AnyResponse:
        if person_or_none() is not None:
            return redirect(wanted_page())
        return asked("")

    @pages.post("/log-in")
    @anyone
    def try_log_in() -> AnyResponse:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        address = came_from(request.environ, review.settings)
        try:
            with review.strangers.one():
                admitted = gate.log_in.by_password(name.strip().lower()[:64], password, address)
        except LogInFailed:
            return asked(gettext("That name and password do not belong together."), 401)
        return take(review, admitted)

    @pages.post("/log-out")
    @anyone
    def log_out() -> AnyResponse:
        gate.sessions.end(token())
        forget_token()
        return redirect(url_for("review.sign_in.log_in"))

    def asked(said: str, status: int = 200) -> Response:
        page = render_template(
            "review/log_in.html",
            said=said,
            name=request.form.get("name", "")[:64],
            wanted=wanted_page(),
            is_new=gate.people.is_nobody_there(),
            vouches=bool(review.settings.review.oidc.issuer),
        )
        return Response(page, status)

    return pages


def take(review: Review, admitted: Admitted) -> AnyResponse:
    """Have the browser go on with this session; what it was logged in with before ends here."""
    if token():
        review.gate.sessions.end(token())
    keep_token(admitted.token)
    return redirect(wanted_page())
