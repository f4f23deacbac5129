"""Requests as the API takes them: a JSON body is JSON, in a size that fits memory."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

# A thousand files with all their hashes are a third of it. Files are never read this way.
MAX_JSON = 1 << 20


class ApiRequest(Request):
    """Gives JSON or raises `HTTPException`, where Flask would take what is none for nothing."""

    def get_json(self, *args: Any, **options: Any) -> Any:
        if not self.is_json:
            raise UnsupportedMediaType("The body must be of the type application/json.")
        self._have_it_whole()
        try:
            return super().get_json(*args, **options | {"silent": False})
        except RecursionError:
            raise BadRequest("The body is nested too deeply.") from None

    def _have_it_whole(self) -> None:
        """A chunked body over the limit would be cut there, and what is left is not what was signed."""
        self.get_data()
        terminated = self.environ.get("wsgi.input_terminated", False)
        if self.content_length is None and terminated and self.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge

    def on_json_loading_failure(self, e: ValueError | None) -> Any:  # noqa: ARG002 - Flask's signature
        raise BadRequest("The body is not JSON.")


def take_requests(app: Flask) -> None:
    """Have `app` bound the JSON of its requests."""
    app.request_class = ApiRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_JSON
    # It would answer with a redirect, which is signed for another path.
    app.url_map.merge_slashes = False

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
