"""/v1/uploads: where an upload went that passed, so that a case of it can say so once a list knows it."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from upload_guard.checkers.wire import PlaceAnswer, PlaceQuestion, place_path
from upload_guard.machine_keys.keys import Scope
from upload_guard.retro.places import UploadPlaces
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires


class UploadPath(BaseModel):
    id: str = Field(pattern="^[0-9a-f]{32}$", description="The upload_id by which it was checked.")


def upload_routes(places: UploadPlaces | None) -> APIBlueprint:
    """`places` is None where no upload that passed is remembered."""
    routes = api_routes("uploads", __name__)

    @routes.post(place_path("<id>"), responses={200: PlaceAnswer})
    @requires(Scope.CHECK)
    def tell(path: UploadPath, body: PlaceQuestion) -> Response:
        """Tell where an upload of the key's own site went. At most 20 places an upload."""
        kept = places is not None and places.tell(caller().site, path.id, body.place)
        return answered(PlaceAnswer(kept=kept))

    return routes
