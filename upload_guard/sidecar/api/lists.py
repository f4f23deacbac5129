"""GET /v1/lists: which versions of which lists act, and how old they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from upload_guard.lists.store import ListStore
from upload_guard.lists.versions import VersionInfo
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import SignalType
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import requires

LISTS_PATH = "/v1/lists"


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


def list_routes(lists: ListStore) -> APIBlueprint:
    routes = api_routes("lists", __name__)

    @routes.get(LISTS_PATH, responses={200: ListsAnswer})
    @requires(Scope.LISTS)
    def every() -> Response:
        """All lists with their versions."""
        by_name = groupby(lists.versions(), lambda version: version.list_name)
        now = datetime.now(UTC)
        return answered(ListsAnswer(lists=tuple(_list(tuple(versions), now) for _, versions in by_name)))

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
