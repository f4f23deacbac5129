"""POST /v1/cases/NUMBER/bytes: the file of a released case, once, to its own site."""

from __future__ import annotations

import base64

from flask import Response
from flask_openapi3 import APIBlueprint

from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.custody.handovers import GivenBack, Handovers
from upload_guard.sidecar.api.cases import CASES_PATH, CasePath
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires

_MEDIA_TYPE = "application/octet-stream"
_BYTES = {
    "description": "The file as it was uploaded, as an attachment of no type.",
    "content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
}


def handover_routes(handovers: Handovers) -> APIBlueprint:
    routes = api_routes("handovers", __name__)

    # It changes what can be had, so it is no GET.
    @routes.post(f"{CASES_PATH}/<number>/bytes", responses={200: _BYTES, 404: ErrorAnswer, 410: ErrorAnswer})
    @requires(Scope.FETCH)
    def fetch(path: CasePath) -> Response:
        """The file of a released case of the key's site, once. Broken off, it can be asked for again."""
        asking = caller()
        return _attached(handovers.begin(path.number, asking.site, asking.key_id))

    return routes


def _attached(given: GivenBack) -> Response:
    """Nothing that opens an answer of this kind may take it for a picture or a page."""
    response = Response(given.pieces, mimetype=_MEDIA_TYPE)
    response.headers.update(
        {
            "Content-Length": str(given.size),
            "Content-Disposition": f'attachment; filename="{given.case}.bin"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
            # RFC 9530: whoever takes it can tell whether it is whole.
            "Repr-Digest": f"sha-256=:{base64.b64encode(given.sha256).decode()}:",
        }
    )
    return response
