"""Notices that came in: which there are, what each says, and what a person says of its addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, lazy_gettext, lazy_pgettext
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.compose.incoming import notice_acts_in, notices_in
from upload_guard.errors import NoSuchNotice, UsageError
from upload_guard.notices.acts import NoticeActs
from upload_guard.notices.hashes import NamedHash
from upload_guard.notices.incoming import Channel, Wording
from upload_guard.notices.showing import NoticeFile, Notices
from upload_guard.notices.states import BY_A_PERSON, FOR_A_PERSON, AddressState, NoticeState
from upload_guard.people.roles import Permission
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.words import gettext

_AT_ONCE = 100
_MOST_SHOWN = 100
STATES: Mapping[NoticeState, LazyString] = {
    NoticeState.PERSON: lazy_gettext("waits for a person"),
    NoticeState.OPEN: lazy_gettext("under way"),
    NoticeState.CLOSED: lazy_gettext("dealt with"),
}
CHANNELS: Mapping[Channel, LazyString] = {
    Channel.MAIL: lazy_gettext("mail"),
    Channel.FORM: lazy_gettext("form"),
    Channel.API: lazy_gettext("API"),
}
WORDINGS: Mapping[Wording, LazyString] = {
    Wording.FREE: lazy_gettext("free text"),
    Wording.ARF: lazy_gettext("ARF"),
    Wording.XARF: lazy_gettext("XARF"),
    Wording.SCART: lazy_gettext("SCART"),
    Wording.FIELDS: lazy_gettext("fields"),
}
ADDRESSES: Mapping[AddressState, LazyString] = {
    AddressState.WAITING: lazy_gettext("is being looked for"),
    AddressState.UNMAPPED: lazy_gettext("no rule leads to a file"),
    AddressState.MISSING: lazy_gettext("nothing lies where the rule leads"),
    AddressState.TOO_LARGE: lazy_gettext("its file is too large to be read: nothing is known of it"),
    AddressState.CASE: lazy_gettext("in a case"),
    AddressState.REMOVED: lazy_pgettext("address", "removed"),
    AddressState.KEPT: lazy_gettext("stays, as a person decided"),
    AddressState.GONE: lazy_gettext("was gone"),
    AddressState.NOT_OURS: lazy_gettext("none of ours"),
}
HASHES: Mapping[NamedHash, LazyString] = {
    NamedHash.SAME: lazy_gettext("The file has a hash that the notice names."),
    NamedHash.OTHER: lazy_gettext("The file has another hash than the notice names."),
}
SAID: Mapping[AddressState, LazyString] = {
    AddressState.GONE: lazy_gettext("It is gone"),
    AddressState.NOT_OURS: lazy_gettext("It is none of ours"),
    AddressState.REMOVED: lazy_gettext("I had it removed by hand"),
    AddressState.KEPT: lazy_gettext("I looked at it by hand: it may stay"),
}


def notice_pages(review: Review) -> Blueprint:
    pages = Blueprint("incoming", __name__, url_prefix="/notices")
    own = _Notices(
        notices_in(review.settings, review.database), notice_acts_in(review.settings, review.database)
    )
    pages.get("")(own.overview)
    pages.get("/<number>")(own.show)
    pages.post("/<number>/read")(own.all_read)
    pages.post("/<number>/addresses")(own.add)
    pages.post("/<number>/say")(own.say_all)
    pages.post("/<number>/addresses/<int:address>/say")(own.say)
    pages.post("/<number>/addresses/<int:address>/map")(own.map_to)
    pages.post("/<number>/addresses/<int:address>/again")(own.look_again)
    pages.post("/<number>/addresses/<int:address>/fetch")(own.fetch)
    return pages


@dataclass(frozen=True, slots=True)
class _Notices:
    notices: Notices
    acts: NoticeActs

    @may(Permission.DECIDE)
    def overview(self) -> str:
        wanted = _state()
        shown = self.notices.page(
            (wanted,) if wanted else tuple(NoticeState), _AT_ONCE + 1, request.args.get("before", "")
        )
        return render_template(
            "review/notices.html",
            shown=shown[:_AT_ONCE],
            following=shown[_AT_ONCE - 1].number if len(shown) > _AT_ONCE else "",
            wanted=wanted,
            counts=self.notices.counts(),
            states=STATES,
            channels=CHANNELS,
            now=datetime.now(UTC),
        )

    @may(Permission.DECIDE)
    def show(self, number: str) -> Response:
        return self._shown(number)

    @may(Permission.DECIDE)
    def all_read(self, number: str) -> AnyResponse:
        return self._done(number, lambda: self.acts.all_read(number, person().name))

    @may(Permission.DECIDE)
    def add(self, number: str) -> AnyResponse:
        urls = request.form.get("urls", "").split()
        return self._done(number, lambda: self.acts.add(number, urls, person().name))

    @may(Permission.DECIDE)
    def say_all(self, number: str) -> AnyResponse:
        state = _said()
        if state is None:
            return self._shown(number, gettext("Please say what became of it."))
        return self._done(number, lambda: self.acts.say_all(number, state, person().name))

    @may(Permission.DECIDE)
    def say(self, number: str, address: int) -> AnyResponse:
        state = _said()
        if state is None:
            return self._shown(number, gettext("Please say what became of it."))
        return self._done(number, lambda: self.acts.say(number, address, state, person().name))

    @may(Permission.DECIDE)
    def map_to(self, number: str, address: int) -> AnyResponse:
        locator = request.form.get("locator", "").strip()
        return self._done(number, lambda: self.acts.map_to(number, address, locator, person().name))

    @may(Permission.DECIDE)
    def look_again(self, number: str, address: int) -> AnyResponse:
        return self._done(number, lambda: self.acts.look_again(number, address, person().name))

    @may(Permission.DECIDE)
    def fetch(self, number: str, address: int) -> AnyResponse:
        return self._done(number, lambda: self.acts.fetch(number, address, person().name))

    def _done(self, number: str, act: Callable[[], object]) -> AnyResponse:
        self._found(number)
        try:
            act()
        except UsageError as fault:
            return self._shown(number, gettext("That was not done: %(why)s", why=str(fault)))
        flash(gettext("Noted."), "done")
        return redirect(url_for("review.incoming.show", number=number))

    def _shown(self, number: str, said: str = "") -> Response:
        file = self._found(number)
        # Those for which a person is needed come first: of thousands not all are shown.
        ordered = sorted(file.addresses, key=lambda one: one.state not in FOR_A_PERSON)
        page = render_template(
            "review/notice.html",
            file=file,
            shown=ordered[:_MOST_SHOWN],
            more=len(ordered[_MOST_SHOWN:]),
            waiting=sum(one.state in FOR_A_PERSON for one in ordered),
            said=said,
            states=STATES,
            channels=CHANNELS,
            wordings=WORDINGS,
            addresses=ADDRESSES,
            hashes=HASHES,
            elsewhere=self.notices.elsewhere(file),
            sayable=SAID,
            for_a_person=FOR_A_PERSON,
            of_all=BY_A_PERSON,
            fetches=self.acts.fetches,
            now=datetime.now(UTC),
        )
        return Response(page, 400 if said else 200)

    def _found(self, number: str) -> NoticeFile:
        try:
            return self.notices.find(number)
        except NoSuchNotice:
            raise NotFound from None


def _state() -> NoticeState | None:
    """Which are wanted; None for all."""
    given = request.args.get("state", "")
    return next((state for state in NoticeState if state == given), None)


def _said() -> AddressState | None:
    """What a form says became of an address; None for what nobody may say."""
    return next((one for one in SAID if one == request.form.get("state")), None)
