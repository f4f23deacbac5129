"""/v1/notices: somebody tells of files that should not be there, by a machine of theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from upload_guard.machine_keys.keys import Scope
from upload_guard.notices.desk import Desk
from upload_guard.notices.hashes import NamedHash
from upload_guard.notices.incoming import Channel, Incoming, Told, Wording
from upload_guard.notices.showing import AddressInfo, NoticeFile, Notices
from upload_guard.notices.states import AddressState, NoticeState
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires

NOTICES_PATH = "/v1/notices"
NUMBER = r"^N-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$"

_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{32,128}$")]
_Url = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://.{1,2000}$")
]


@dataclass(frozen=True, slots=True)
class NoticeDesk:
    """What these routes work with."""

    desk: Desk
    notices: Notices


class NoticeQuestion(BaseModel):
    """As Article 16 of the Digital Services Act has a notice; name and address may be left out (16(2)(c))."""

    model_config = ConfigDict(extra="forbid")

    urls: Annotated[tuple[_Url, ...], Field(min_length=1, max_length=1000)]
    reasons: str = Field(min_length=1, max_length=10_000, description="Why they should not be there.")
    good_faith: bool = Field(
        description="That this is right and complete, to the best of the sender's knowledge."
    )
    name: str = Field("", max_length=200)
    email: str = Field("", max_length=254, pattern=r"^$|^[^@\s]+@[^@\s]+$", description="For the answer.")
    organisation: str = Field("", max_length=200)
    reference: str = Field(
        "", max_length=200, description="Your own name for it: sent twice it is one notice."
    )
    language: str = Field("", pattern=r"^(en|nl)?$", description="Of the answer.")
    hashes: Annotated[tuple[_Hash, ...], Field(max_length=1000)] = ()


class AddressAnswer(BaseModel):
    """What became of one address. `case` is set where a case of the key's own site was opened.

    `named_hash`: whether the file in that case has one of the hashes that the notice names.
    """

    url: str
    state: AddressState
    case: str
    named_hash: NamedHash
    settled_at: datetime | None


class NoticeAnswer(BaseModel):
    number: str
    state: NoticeState
    received_at: datetime
    deadline: datetime
    closed_at: datetime | None
    addresses: tuple[AddressAnswer, ...]

    @classmethod
    def of(cls, file: NoticeFile, site: str) -> NoticeAnswer:
        """As a key of that site may know it."""
        own = file.notice
        return cls(
            number=own.number,
            state=own.state,
            received_at=own.received_at,
            deadline=own.deadline,
            closed_at=own.closed_at,
            addresses=tuple(_address(one, site) for one in file.addresses if not one.derived),
        )


class NoticePath(BaseModel):
    number: str = Field(pattern=NUMBER)


def notice_routes(own: NoticeDesk) -> APIBlueprint:
    routes = api_routes("notices", __name__)

    @routes.post(NOTICES_PATH, responses={201: NoticeAnswer})
    @requires(Scope.NOTICES)
    def take(body: NoticeQuestion) -> Response:
        """Tell of files of a site. The same told again while it is open is the same notice."""
        site = caller().site
        number = replace(own.desk, site=site).take(_incoming(body))
        return answered(NoticeAnswer.of(own.notices.find(number, site), site), 201)

    @routes.get(f"{NOTICES_PATH}/<number>", responses={200: NoticeAnswer, 404: ErrorAnswer})
    @requires(Scope.NOTICES)
    def show(path: NoticePath) -> Response:
        """Where a notice of the key's own site stands."""
        site = caller().site
        return answered(NoticeAnswer.of(own.notices.find(path.number, site), site))

    return routes


def _incoming(body: NoticeQuestion) -> Incoming:
    return Incoming(
        channel=Channel.API,
        received_at=datetime.now(UTC),
        told=Told(body.name, body.email, body.organisation),
        wording=Wording.FIELDS,
        reference=body.reference,
        reasons=body.reasons,
        urls=body.urls,
        good_faith=body.good_faith,
        hashes=tuple(value.lower() for value in body.hashes),
        language=body.language,
    )


def _address(one: AddressInfo, site: str) -> AddressAnswer:
    # What became of it is the sender's to know, whoever's it was (DSA, article 16(5)). But whoever may ask
    # another site for hashes could learn what it holds.
    own = one.site == site
    return AddressAnswer(
        url=one.url,
        state=one.state,
        case=one.case if own else "",
        named_hash=one.named_hash if own else NamedHash.NOTHING,
        settled_at=one.settled_at,
    )
