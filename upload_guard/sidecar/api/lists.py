"""GET /v1/lists: which versions of which lists act, how old they are; and lists that are shared, whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain, groupby

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from upload_guard.list_settings import LIST_NAME
from upload_guard.lists.sharing import Sharing
from upload_guard.lists.store import ListStore
from upload_guard.lists.versions import VersionInfo
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import SignalType
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires

LISTS_PATH = "/v1/lists"
EXPORT_PATH = f"{LISTS_PATH}/<name>/export"
_JSON_LINES = "application/x-ndjson"


class VersionAnswer(BaseModel):
    """One version: how many entries it has of each signal type and in each category."""

    number: int
    active: bool
    entries: int
    counts: dict[SignalType, int]
    categories: dict[str, int]
    imported_at: datetime
    activated_at: datetime | None


class ListAnswer(BaseModel):
    """A list. `active` is the number of the version that acts; `age` is how long ago that was imported."""

    name: str
    origin: str
    active: int | None
    age: int | None = Field(description="Seconds.")
    retracted: int = Field(description="Hashes that are out of every version.")
    versions: tuple[VersionAnswer, ...]


class ListsAnswer(BaseModel):
    lists: tuple[ListAnswer, ...]


class ListPath(BaseModel):
    name: str = Field(pattern=rf"^{LIST_NAME}$")


def list_routes(lists: ListStore, sharing: Sharing) -> APIBlueprint:
    routes = api_routes("lists", __name__)

    @routes.get(LISTS_PATH, responses={200: ListsAnswer})
    @requires(Scope.LISTS)
    def every() -> Response:
        """All lists with their versions."""
        by_name = groupby(lists.versions(), lambda version: version.list_name)
        now = datetime.now(UTC)
        return answered(ListsAnswer(lists=tuple(_list(tuple(versions), now) for _, versions in by_name)))

    @routes.get(EXPORT_PATH, responses={200: {"content": {_JSON_LINES: {}}}, 404: ErrorAnswer})
    @requires(Scope.LISTS)
    def export(path: ListPath) -> Response:
        """All that acts of a list whose settings share it, as JSON Lines (docs/formats.md), with an ETag."""
        shared = sharing.find(path.name)
        response = Response(mimetype=_JSON_LINES)
        response.set_etag(shared.state)
        # Weakly, by RFC 9110, 13.1.2: a proxy that packs the answer makes a weak one of it.
        if request.if_none_match.contains_weak(shared.state):
            response.status_code = 304
            return response
        pieces = shared.pieces()
        # A damaged list is a fault with a status, not an answer that breaks off.
        first = next(pieces)
        sharing.note(shared, caller().key_id)
        response.response = chain((first,), pieces)
        return response

    return routes


def _list(versions: tuple[VersionInfo, ...], now: datetime) -> ListAnswer:
    active = next((version for version in versions if version.active), None)
    return ListAnswer(
        name=versions[0].list_name,
        origin=versions[0].origin,
        active=active.number if active else None,
        age=int((now - active.imported_at).total_seconds()) if active else None,
        retracted=versions[0].retracted,
        versions=tuple(_versions(versions)),
    )


def _versions(versions: Iterable[VersionInfo]) -> Iterable[VersionAnswer]:
    for version in versions:
        yield VersionAnswer(
            number=version.number,
            active=version.active,
            entries=version.entries,
            counts={SignalType(kind): count for kind, count in version.counts.items()},
            categories=version.categories,
            imported_at=version.imported_at,
            activated_at=version.activated_at,
        )
