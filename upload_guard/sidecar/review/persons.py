"""The persons of this installation, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import UsageError
from upload_guard.people.people import NAME
from upload_guard.people.roles import Permission, Role
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.words import gettext

ROLES: dict[Role, LazyString] = {
    Role.VIEWER: lazy_gettext("viewer"),
    Role.REVIEWER: lazy_gettext("reviewer"),
    Role.LIST_MANAGER: lazy_gettext("list manager"),
    Role.ADMINISTRATOR: lazy_gettext("administrator"),
}


def person_pages(review: Review) -> Blueprint:
    pages, persons = Blueprint("persons", __name__, url_prefix="/persons"), _Persons(review)
    pages.get("")(persons.overview)
    pages.post("")(persons.add)
    pages.post("/<name>/password")(persons.give_password)
    pages.post("/<name>/role")(persons.set_role)
    pages.post("/<name>/disable")(persons.disable)
    pages.post("/<name>/enable")(persons.enable)
    pages.post("/<name>/phone")(persons.reset_phone)
    return pages


@dataclass(frozen=True, slots=True)
class _Persons:
    review: Review

    @may(Permission.ADMINISTER)
    def overview(self) -> Response:
        return self._shown("")

    @may(Permission.ADMINISTER)
    def add(self) -> Response:
        name = request.form.get("name", "").strip().lower()
        if not NAME.fullmatch(name):
            return self._shown(
                gettext("A name has small letters, digits and . _ @ - only, 2 to 64 of them."), 400
            )
        try:
            password = self.review.gate.people.invite(name, _role(), person().name)
        except UsageError:
            return self._shown(gettext("The name %(name)s is taken.", name=name), 400)
        return _given(name, password)

    @may(Permission.ADMINISTER)
    def give_password(self, name: str) -> Response:
        return _given(name, self.review.gate.people.give_password(name, person().name))

    @may(Permission.ADMINISTER)
    def set_role(self, name: str) -> AnyResponse:
        try:
            self.review.gate.people.set_role(name, _role(), person().name)
        except UsageError:
            return self._shown(_last(name), 400)
        return _done(gettext("%(name)s has another role, and has to log in again.", name=name))

    @may(Permission.ADMINISTER)
    def disable(self, name: str) -> AnyResponse:
        try:
            self.review.gate.people.disable(name, person().name)
        except UsageError:
            return self._shown(_last(name), 400)
        return _done(gettext("%(name)s is shut out.", name=name))

    @may(Permission.ADMINISTER)
    def enable(self, name: str) -> AnyResponse:
        self.review.gate.people.enable(name, person().name)
        return _done(gettext("%(name)s may log in.", name=name))

    @may(Permission.ADMINISTER)
    def reset_phone(self, name: str) -> AnyResponse:
        self.review.gate.phones.reset(name, person().name)
        return _done(gettext("%(name)s takes another phone at the next log-in.", name=name))

    def _shown(self, said: str, status: int = 200) -> Response:
        accounts = self.review.gate.people.show()
        return Response(
            render_template("review/persons.html", said=said, accounts=accounts, roles=ROLES), status
        )


def _given(name: str, password: str) -> Response:
    return Response(render_template("review/given_password.html", name=name, password=password))


def _done(said: str) -> AnyResponse:
    flash(said, "done")
    return redirect(url_for("review.persons.overview"))


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise BadRequest from None


def _last(name: str) -> str:
    return gettext("%(name)s is the only administrator. Make somebody else one first.", name=name)
