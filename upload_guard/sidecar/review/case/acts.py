"""What the forms of the page do: the same as the commands, by the same functions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import NumberChanged
from upload_guard.people.roles import Permission
from upload_guard.quarantine.deciding.acts import Decided
from upload_guard.quarantine.deciding.rulings import Reach, Ruling, Word
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.case.reasons import given_reason
from upload_guard.sidecar.review.case.words import gettext, ngettext
from upload_guard.sidecar.review.house import Review

_SETTLING: Mapping[str, Ruling] = {
    "release": Ruling.RELEASED,
    "false-positive": Ruling.FALSE_POSITIVE,
    "confirm": Ruling.CONFIRMED,
    "escalate": Ruling.ESCALATED,
}
_ANY = ",".join(f"'{name}'" if "-" in name else name for name in _SETTLING)


def add_acts(pages: Blueprint, review: Review) -> None:
    _add_decisions(pages, review)
    _add_disputes(pages, review)
    _add_holds(pages, review)
    _add_exports(pages, review)


def _add_decisions(pages: Blueprint, review: Review) -> None:
    @pages.post(f"/<number>/<any({_ANY}):act>")
    @may(Permission.DECIDE)
    def decide(number: str, act: str) -> AnyResponse:
        """Then on to the next one that waits, which says what was done and how to take it back."""
        word = Word(person().name, given_reason(act))
        reach = Reach.PICTURE if request.form.get("reach") == Reach.PICTURE.value else Reach.FILE
        told = request.form.get(f"told_{reach.value}")
        try:
            done = review.decisions.decide(_SETTLING[act], number, word, reach, told)
        except NumberChanged:
            flash(
                gettext(
                    "What would be decided has changed since you saw it, so nothing was decided. Look again."
                ),
                "error",
            )
            return _back(number)
        if done.decided != (number,):
            flash(_told(done), "done")
        following = review.neighbours.next_after(number) or number
        return redirect(url_for(".show", number=following, decided=number), 303)

    @pages.post("/<number>/reopen")
    @may(Permission.DECIDE)
    def reopen(number: str) -> AnyResponse:
        opened = review.decisions.reopen(number, person().name, given_reason("reopen"))
        flash(
            ngettext("The case is open again.", "%(num)s cases are open again.", len(opened)),
            "done",
        )
        return _back(number)


def _told(done: Decided) -> str:
    if not done.decided:
        return gettext("Noted. The case is open until a second person says the same.")
    return ngettext("One case is decided.", "%(num)s cases are decided.", len(done.decided))


def _add_disputes(pages: Blueprint, review: Review) -> None:
    @pages.post("/<number>/dispute")
    @may(Permission.DECIDE)
    def dispute(number: str) -> AnyResponse:
        said = review.decisions.dispute(
            number, request.form.get("list", ""), person().name, given_reason("dispute")
        )
        flash(
            gettext("The entry acts no more, within a second.")
            if said.agreed
            else gettext("Noted. The entry acts until a second person agrees."),
            "done",
        )
        return _back(number)

    @pages.post("/<number>/lift-dispute")
    @may(Permission.DECIDE)
    def lift_dispute(number: str) -> AnyResponse:
        review.decisions.lift_dispute(number, request.form.get("list", ""), person().name)
        flash(gettext("The entry acts again, within a second."), "done")
        return _back(number)


def _add_holds(pages: Blueprint, review: Review) -> None:
    @pages.post("/<number>/hold")
    @may(Permission.DECIDE)
    def hold(number: str) -> AnyResponse:
        review.holds.place(number, person().name, given_reason("hold"))
        flash(gettext("The case is on hold: its bytes are kept until the hold is lifted."), "done")
        return _back(number)

    @pages.post("/<number>/lift-hold")
    @may(Permission.DECIDE)
    def lift_hold(number: str) -> AnyResponse:
        which = request.form.get("hold", type=int)
        review.holds.lift(number, which, person().name, given_reason("lift-hold"))
        flash(gettext("The hold is lifted."), "done")
        return _back(number)


def _add_exports(pages: Blueprint, review: Review) -> None:
    @pages.post("/<number>/request-export")
    @may(Permission.DECIDE)
    def request_export(number: str) -> AnyResponse:
        recipient = request.form.get("recipient", "").strip()
        review.exports.request(number, recipient, person().name, given_reason("request-export"))
        flash(gettext("Noted. A second person can give the export out on this page."), "done")
        return _back(number)

    @pages.post("/<number>/export")
    @may(Permission.DECIDE)
    def export(number: str) -> Response:
        """The archive as a download, sealed to its recipient. Nothing of it stays on this machine."""
        out = _new_name(review)
        try:
            review.exports.give(number, request.form.get("recipient", "").strip(), out, person().name)
            stream = out.open("rb")
        finally:
            out.unlink(missing_ok=True)
        name = f"{number}.tar.age"
        answer = send_file(stream, "application/octet-stream", as_attachment=True, download_name=name)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _new_name(review: Review) -> Path:
    review.exports.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    return review.exports.spool / f"export-{secrets.token_hex(16)}"


def _back(number: str) -> AnyResponse:
    return redirect(url_for(".show", number=number), 303)
