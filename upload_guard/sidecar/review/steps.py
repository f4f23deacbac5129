"""What a log-in takes after the password: a code, another password, a phone. Each renews the session."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import LogInFailed
from upload_guard.people.log_in import Admitted
from upload_guard.people.sessions import Needs
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.review.access import half_way, keep_token, opened, token, wanted_page
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.new_password import fault_of
from upload_guard.sidecar.review.square import square_of
from upload_guard.sidecar.review.words import gettext


def step_pages(review: Review) -> Blueprint:
    pages, steps = Blueprint("steps", __name__, url_prefix="/log-in"), _Steps(review)
    pages.get("/code")(steps.code)
    pages.post("/code")(steps.try_code)
    pages.get("/password")(steps.password)
    pages.post("/password")(steps.try_password)
    pages.get("/phone")(steps.enrolment)
    pages.get("/phone.svg")(steps.square)
    pages.post("/phone")(steps.enrol)
    return pages


@dataclass(frozen=True, slots=True)
class _Steps:
    review: Review

    @half_way(Needs.CODE)
    def code(self) -> Response:
        return _shown("review/code.html")

    @half_way(Needs.CODE)
    def try_code(self) -> AnyResponse:
        code = request.form.get("code", "")
        try:
            return _gone_on(self.review.gate.log_in.by_code(opened(), token(), code, self._address))
        except LogInFailed:
            return _shown("review/code.html", gettext("That code is wrong, or was used before."), 401)

    @half_way(Needs.PASSWORD)
    def password(self) -> Response:
        return _shown("review/first_password.html")

    @half_way(Needs.PASSWORD)
    def try_password(self) -> AnyResponse:
        wanted = request.form.get("password", "")
        if said := fault_of(wanted, request.form.get("again", ""), opened().person.name):
            return _shown("review/first_password.html", said, 400)
        log_in = self.review.gate.log_in
        return _gone_on(log_in.replace_password(opened(), token(), wanted, self._address))

    @half_way(Needs.ENROLMENT)
    def enrolment(self) -> Response:
        return self._offered("", 200)

    @half_way(Needs.ENROLMENT)
    def square(self) -> Response:
        return square_of(self.review.gate.phones.offered(opened().person.id))

    @half_way(Needs.ENROLMENT)
    def enrol(self) -> Response:
        gate = self.review.gate
        try:
            codes = gate.phones.enrol(opened().person.id, request.form.get("code", ""))
        except LogInFailed:
            return self._offered(gettext("That code is not of this phone. Look at it once more."), 400)
        keep_token(gate.log_in.go_on(opened(), token(), self._address).token)
        return Response(render_template("review/recovery.html", codes=codes, onwards=wanted_page()))

    def _offered(self, said: str, status: int) -> Response:
        offered = self.review.gate.phones.offered(opened().person.id)
        return _shown("review/enrolment.html", said, status, secret=offered.secret, act="review.steps")

    @property
    def _address(self) -> str:
        return came_from(request.environ, self.review.settings)


def _shown(template: str, said: str = "", status: int = 200, **more: str) -> Response:
    return Response(render_template(template, said=said, wanted=wanted_page(), **more), status)


def _gone_on(admitted: Admitted) -> AnyResponse:
    keep_token(admitted.token)
    return redirect(wanted_page())
