"""Where the case's file lies on its site: how it stands there, taking it away, putting it back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import (
    ChangedInPlace,
    GoneFromPlace,
    HoldingsUnreachable,
    NoSuchCase,
    StorageFailed,
)
from upload_guard.people.roles import Permission
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.case.words import gettext
from upload_guard.sidecar.review.house import Review
from upload_guard.storage.placement_tables import PlaceState

_STATES = {
    PlaceState.NOTED: lazy_gettext("in its place"),
    PlaceState.REMOVING: lazy_gettext("being removed"),
    PlaceState.REMOVED: lazy_gettext("removed"),
    PlaceState.RESTORING: lazy_gettext("being put back"),
    PlaceState.RESTORED: lazy_gettext("put back"),
    PlaceState.GONE: lazy_gettext("gone when it was to be removed"),
    PlaceState.CHANGED: lazy_gettext("another file lies there, which is left alone"),
}


def place_words(state: PlaceState) -> str:
    return str(_STATES[state])


def add_files(pages: Blueprint, review: Review) -> None:
    @pages.post("/<number>/remove-file")
    @may(Permission.DECIDE)
    def remove_file(number: str) -> AnyResponse:
        done = gettext("The file is taken away from its site. It can be put back.")
        return _acted(review, number, review.placements.remove, done)

    @pages.post("/<number>/restore-file")
    @may(Permission.DECIDE)
    def restore_file(number: str) -> AnyResponse:
        done = gettext("The file is back in its place.")
        return _acted(review, number, review.placements.restore, done)


def _acted(review: Review, number: str, act: Callable[[int, str], None], done: str) -> AnyResponse:
    place = request.form.get("place", 0, type=int)
    if place not in {one.id for one in review.placements.of_case(number)}:
        raise NoSuchCase(f"case {number[:32]!r} has no place {place}")
    try:
        act(place, person().name)
    except (HoldingsUnreachable, GoneFromPlace, ChangedInPlace, StorageFailed) as fault:
        flash(gettext("That could not be done: %(fault)s", fault=str(fault)), "error")
    else:
        flash(done, "done")
    return redirect(url_for(".show", number=number, _anchor="files"), 303)
