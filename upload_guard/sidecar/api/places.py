"""/v1/cases/NUMBER/places: where the file of a case lies on its site, and how it stands there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from upload_guard.errors import OutOfReach
from upload_guard.holdings.placements import Placed, Placements
from upload_guard.holdings.reach import lies_below
from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.cases import Cases
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.cases import CASES_PATH, CasePath
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires
from upload_guard.storage.placement_tables import PlaceState

_LOCATOR = r"^(file:///[\x21-\x7e]+|s3://[^\x00-\x1f\x7f]+|wordpress://[\x21-\x7e]+)$"


class PlaceAnswer(BaseModel):
    """One place. `removed_at` is when the file was taken away, or found gone."""

    locator: str
    state: PlaceState
    noted_at: datetime
    removed_at: datetime | None
    restored_at: datetime | None

    @classmethod
    def of(cls, place: Placed) -> Self:
        return cls(
            locator=place.locator,
            state=place.state,
            noted_at=place.noted_at,
            removed_at=place.removed_at,
            restored_at=place.restored_at,
        )


class PlacesAnswer(BaseModel):
    """In the order in which they became known."""

    places: tuple[PlaceAnswer, ...]


class PlaceQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    locator: str = Field(
        max_length=2048,
        pattern=_LOCATOR,
        description="`file:///srv/media/a.jpg`, `s3://bucket/key` or `wordpress://SITE/ATTACHMENT`; "
        "paths of files percent-encoded.",
    )


def place_routes(
    cases: Cases, placements: Placements, beginnings: Callable[[str], tuple[str, ...]]
) -> APIBlueprint:
    """`beginnings` are those of a site's own locators: no key tells of files of others."""
    routes = api_routes("places", __name__)
    path_of_places = f"{CASES_PATH}/<number>/places"

    @routes.get(path_of_places, responses={200: PlacesAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES)
    def known(path: CasePath) -> Response:
        """Where the file of a case of the key's site lies, as far as anybody has told."""
        return _answer(placements, cases.find(path.number, caller().site).number)

    @routes.post(path_of_places, responses={200: PlacesAnswer, 403: ErrorAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES)
    def tell(path: CasePath, body: PlaceQuestion) -> Response:
        """The file of a case lies there too. It is taken away once the case is confirmed.

        Only if its bytes are those of the case: whatever else lies there is left alone.
        """
        asking = caller()
        case = cases.find(path.number, asking.site)
        if not lies_below(body.locator, beginnings(case.site)):
            raise OutOfReach(f"{asking.key_id} names a place that settings do not give to {case.site}")
        placements.note(case.number, body.locator, asking.key_id)
        return _answer(placements, case.number)

    return routes


def _answer(placements: Placements, number: str) -> Response:
    places = placements.of_case(number)
    return answered(PlacesAnswer(places=tuple(PlaceAnswer.of(place) for place in places)))
