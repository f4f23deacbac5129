"""/public/notice: anybody tells of a file that should not be there, as Article 16 of the DSA has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template
from flask_babel import get_locale
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.compose.incoming import desk_in
from upload_guard.notices.addressing import split
from upload_guard.notices.incoming import Channel, Incoming, Told, Wording
from upload_guard.settings import Settings
from upload_guard.sidecar.public.house import Public
from upload_guard.sidecar.public.marks import stranger
from upload_guard.sidecar.review.words import gettext

_FORM = "notice"
_MOST_URLS = 50
_LONGEST_URL = 2000
LONGEST_REASONS = 5000
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def is_form_on(settings: Settings) -> bool:
    return settings.incoming.form


def notice_form(public: Public) -> Blueprint:
    pages = Blueprint("notices", __name__, url_prefix="/notice")
    desk = desk_in(public.settings, public.database)

    @pages.get("")
    @stranger
    def ask() -> AnyResponse:
        return _shown({}, "")

    @pages.post("")
    @stranger
    def take() -> AnyResponse:
        fields = public.received(_FORM)
        told = _Told.of(fields)
        if said := told.fault():
            return _shown(fields, said)
        number = desk.take(told.incoming())
        return Response(render_template("public/notice_taken.html", number=number, email=told.email), 201)

    return pages


@dataclass(frozen=True, slots=True)
class _Told:
    """What was filled in."""

    urls: tuple[str, ...]
    reasons: str
    name: str
    email: str
    nameless: bool
    good_faith: bool

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> _Told:
        return cls(
            urls=tuple(fields.get("urls", "").split()),
            reasons=fields.get("reasons", ""),
            name=fields.get("name", "")[:200],
            email=fields.get("email", ""),
            nameless=bool(fields.get("nameless")),
            good_faith=bool(fields.get("good_faith")),
        )

    def fault(self) -> str:
        """What has to be written differently; empty where nothing has."""
        odd = next((url for url in self.urls if split(url) is None or len(url) > _LONGEST_URL), "")
        if not self.urls or len(self.urls) > _MOST_URLS:
            return gettext(
                "Please name the whole address of each file, one a line, at most %(most)s.", most=_MOST_URLS
            )
        if odd:
            return gettext(
                "This is no whole address, as https://example.org/a.jpg is: %(url)s", url=odd[:200]
            )
        if not self.reasons:
            return gettext("Please say why it should not be there.")
        if len(self.reasons) > LONGEST_REASONS:
            return gettext("Please write less: at most %(most)s characters.", most=LONGEST_REASONS)
        if self.email and not _EMAIL.fullmatch(self.email):
            return gettext("This is no e-mail address.")
        if not self.nameless and not (self.name and self.email):
            return gettext("Please say who you are, or that you would rather not.")
        if not self.good_faith:
            return gettext("Please confirm that what you say is right, as far as you know.")
        return ""

    def incoming(self) -> Incoming:
        return Incoming(
            channel=Channel.FORM,
            received_at=datetime.now(UTC),
            told=Told("", "") if self.nameless else Told(self.name, self.email),
            wording=Wording.FIELDS,
            reference="",
            reasons=self.reasons,
            urls=self.urls,
            good_faith=True,
            language=str(get_locale() or ""),
        )


def _shown(fields: Mapping[str, str], said: str) -> AnyResponse:
    page = render_template(
        "public/notice.html", form=_FORM, fields=fields, said=said, longest=LONGEST_REASONS
    )
    return Response(page, 400 if said else 200)
