"""The application that describes its API itself: GET /openapi/v1.json, and a page to read it at /docs.

Both are open to anybody, since they are the same in every installation. The page loads nothing from outside:
its one script is served from the package that carries it, and the browser is told to take no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_openapi3_rapidoc
from flask import Blueprint, Response, jsonify, send_from_directory
from flask_openapi3 import APIBlueprint, Info, OpenAPI, Tag
from pydantic import BaseModel

from upload_guard.sidecar.api.errors import FAULTS, ErrorAnswer, invalid
from upload_guard.sidecar.auth import public
from upload_guard.signing import SCHEME

DOCUMENT_PATH = "/openapi/v1.json"
PAGE_PATH = "/docs"
_SCRIPT = "rapidoc-min.js"
_SCRIPTS = Path(flask_openapi3_rapidoc.__file__).parent / "templates" / "rapidoc" / "js"
_SIGNED = "signature"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Addresses are relative: a proxy may serve all this below a path of its own.
_PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>upload_guard: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head><body>
<rapi-doc spec-url="openapi/v1.json" load-fonts="false" allow-try="false" allow-authentication="false"
 allow-spec-url-load="false" allow-spec-file-load="false" render-style="view"></rapi-doc>
<script src="docs/{_SCRIPT}"></script></body></html>
"""


def api_application(name: str, version: str) -> OpenAPI:
    """An application whose routes are described as they are added."""
    return OpenAPI(
        name,
        info=Info(
            title="upload_guard sidecar",
            version=version,
            description="Checks uploads against hash lists. docs/api.md tells more, docs/machine-keys.md how "
            "requests are signed.",
        ),
        security_schemes={
            _SIGNED: {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": f"{SCHEME} KEYID:TIMESTAMP:NONCE:DIGEST:SIGNATURE, see docs/machine-keys.md",
            }
        },
        # The library's own pages would show whichever of its plug-ins happen to be installed, and load fonts.
        doc_ui=False,
        validation_error_model=ErrorAnswer,
        validation_error_callback=invalid,
        static_folder=None,
    )


def api_routes(name: str, import_name: str) -> APIBlueprint:
    """Routes that are described, signed, and may answer any of `FAULTS`."""
    return APIBlueprint(
        name,
        import_name,
        abp_tags=[Tag(name=name)],
        abp_security=[{_SIGNED: []}],
        abp_responses=_faults(),
    )


def _faults() -> dict[str | int, dict[str, Any] | type[BaseModel] | None]:
    """By reference: of the model the library would make its schema again for each status of each route."""
    schema = {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}
    return {status: {"content": {"application/json": {"schema": schema}}} for status in FAULTS}


def document_routes(app: OpenAPI) -> Blueprint:
    """Where the description of `app` is read."""
    routes = Blueprint("documents", __name__)

    @routes.get(DOCUMENT_PATH)
    @public
    def document() -> Response:
        return jsonify(app.api_doc)

    @routes.get(PAGE_PATH)
    @public
    def page() -> Response:
        response = Response(_PAGE, mimetype="text/html")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @routes.get(f"{PAGE_PATH}/{_SCRIPT}")
    @public
    def script() -> Response:
        return send_from_directory(_SCRIPTS, _SCRIPT, max_age=3600)

    return routes
