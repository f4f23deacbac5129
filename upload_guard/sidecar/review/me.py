"""What a person may see and change of their own: password, phone, codes to recover with, open sessions."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import LogInFailed
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.review.access import keep_token, logged_in, opened, person, token
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.new_password import fault_of
from upload_guard.sidecar.review.square import square_of
from upload_guard.sidecar.review.words import gettext

# When the password was shown to take another phone, signed in the cookie, and for how long it counts.
_SHOWN_AT = "password shown at"
_COUNTS_FOR = 600.0


def my_pages(review: Review) -> Blueprint:
    pages, me = Blueprint("me", __name__, url_prefix="/me"), _Me(review)
    pages.get("")(me.overview)
    pages.post("/password")(me.change_password)
    pages.post("/sessions")(me.end_others)
    pages.post("/recovery")(me.renew_recovery)
    pages.post("/phone")(me.offer_phone)
    pages.get("/phone.svg")(me.square)
    pages.post("/phone/code")(me.enrol)
    return pages


@dataclass(frozen=True, slots=True)
class _Me:
    review: Review

    @logged_in
    def overview(self) -> Response:
        return self._shown("")

    @logged_in
    def change_password(self) -> AnyResponse:
        form = request.form
        current, wanted = form.get("current", ""), form.get("password", "")
        if said := fault_of(wanted, form.get("again", ""), person().name):
            return self._shown(said, 400)
        try:
            admitted = self.review.gate.log_in.change_password(person(), current, wanted, self._address)
        except LogInFailed:
            return self._shown(_wrong_password(), 400)
        keep_token(admitted.token)
        flash(gettext("Your password was changed, and you are logged in nowhere else."), "done")
        return _back()

    @logged_in
    def end_others(self) -> AnyResponse:
        self.review.gate.sessions.end_others(person(), token())
        flash(gettext("You are logged in nowhere else now."), "done")
        return _back()

    @logged_in
    def renew_recovery(self) -> Response:
        if said := self._unconfirmed():
            return self._shown(said, 400)
        return _recovery(self.review.gate.phones.renew_recovery(person().id))

    @logged_in
    def offer_phone(self) -> Response:
        if said := self._unconfirmed():
            return self._shown(said, 400)
        session[_SHOWN_AT] = int(time.time())
        return self._offered("")

    @logged_in
    def square(self) -> Response:
        if not _has_just_shown_it():
            raise NotFound
        return square_of(self.review.gate.phones.offered(person().id))

    @logged_in
    def enrol(self) -> AnyResponse:
        if not _has_just_shown_it():
            return _back()
        try:
            codes = self.review.gate.phones.enrol(person().id, request.form.get("code", ""))
        except LogInFailed:
            return self._offered(gettext("That code is not of this phone. Look at it once more."), 400)
        session.pop(_SHOWN_AT)
        return _recovery(codes)

    def _unconfirmed(self) -> str:
        """Why this does not show that it is still they; empty where it does."""
        current = request.form.get("current", "")
        try:
            self.review.gate.log_in.confirm(person(), current, self._address)
        except LogInFailed:
            return _wrong_password()
        return ""

    def _shown(self, said: str, status: int = 200) -> Response:
        gate = self.review.gate
        page = render_template(
            "review/me.html",
            said=said,
            account=gate.people.find(person().name),
            left=gate.phones.recovery_left(person().id),
            here=opened().key,
            sessions=gate.sessions.of(person().id),
        )
        return Response(page, status)

    def _offered(self, said: str, status: int = 200) -> Response:
        secret = self.review.gate.phones.offered(person().id).secret
        page = render_template("review/enrolment.html", said=said, secret=secret, act="review.me", wanted="")
        return Response(page, status)

    @property
    def _address(self) -> str:
        return came_from(request.environ, self.review.settings)


def _has_just_shown_it() -> bool:
    """Whether the password was shown in this browser: an open page alone takes no other phone."""
    return 0 <= time.time() - int(session.get(_SHOWN_AT, 0)) < _COUNTS_FOR


def _recovery(codes: tuple[str, ...]) -> Response:
    onwards = url_for("review.me.overview")
    return Response(render_template("review/recovery.html", codes=codes, onwards=onwards))


def _back() -> AnyResponse:
    return redirect(url_for("review.me.overview"))


def _wrong_password() -> str:
    return gettext("That is not your password.")
