"""Logging in by another service: there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import LogInFailed, UsageError
from upload_guard.people.opening import open_provider
from upload_guard.people.vouched import Departure, Vouched
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.review.access import anyone, keep_token, local_path, token, wanted_page
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.words import gettext

if TYPE_CHECKING:
    from upload_guard.people.oidc import Provider

# What the browser keeps meanwhile, signed: nobody else can come back in its place.
_LEFT = "left for"


def vouching_pages(review: Review) -> Blueprint:
    """No pages, where no service is set up. Raises `ConfigError` where the extra is missing."""
    pages = Blueprint("vouching", __name__, url_prefix="/log-in/oidc")
    if provider := open_provider(review.settings):
        ways = _Ways(review, provider)
        pages.get("")(ways.depart)
        pages.get("/back")(ways.back)
    return pages


@dataclass(frozen=True, slots=True)
class _Ways:
    review: Review
    provider: Provider

    @anyone
    def depart(self) -> AnyResponse:
        """A link and no form: a form could only lead to our own pages, by our policy."""
        with self.review.strangers.one():
            left = self.provider.depart()
        session[_LEFT] = [left.state, left.nonce, left.verifier, wanted_page()]
        return redirect(left.url)

    @anyone
    def back(self) -> AnyResponse:
        """Comes from another site, so that the door has led on, for the strict cookie to come along."""
        gate, address = self.review.gate, came_from(request.environ, self.review.settings)
        wanted = session.get(_LEFT, [""])[-1]
        try:
            with self.review.strangers.one():
                vouched = self._vouched()
            name = gate.people.vouched(vouched.subject, vouched.name, vouched.role)
            admitted = gate.log_in.by_word_of(name, address)
        except (LogInFailed, UsageError) as fault:
            gate.log_in.note_stranger(str(fault)[:200], address)
            return _turned_away()
        if token():
            gate.sessions.end(token())
        keep_token(admitted.token)
        return redirect(local_path(wanted) or url_for("review.home.start"))

    def _vouched(self) -> Vouched:
        """Who came back, by what they left with; that is used once. Raises `LogInFailed`."""
        kept = session.pop(_LEFT, None)
        if kept is None:
            raise LogInFailed("oidc: somebody came back who had not left from here")
        state, nonce, verifier, _ = kept
        left = Departure("", state, nonce, verifier)
        return self.provider.arrive(left, request.args.get("state", ""), request.args.get("code", ""))


def _turned_away() -> Response:
    said = gettext("Your organisation's log-in did not lead in here. Try again, or ask an administrator.")
    page = render_template("review/log_in.html", said=said, name="", wanted="", is_new=False, vouches=True)
    return Response(page, 403)
