"""A plain WSGI callable behind the guard, which reads forms with `multipart`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from multipart import is_form_request, parse_form_data

from tests.sites.got import got
from upload_guard import UploadGuard


def site(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    length = environ.get("CONTENT_LENGTH")
    body = environ["wsgi.input"].read(int(length)) if length else b""
    strings = [body]
    if is_form_request(environ):
        replayed = environ | {"wsgi.input": io.BytesIO(body)}
        forms, files = parse_form_data(replayed, strict=False, mem_limit=64 << 20)
        strings = [part.file.read() for _, part in files.iterallitems()]
        strings += [value.encode() for _, value in forms.iterallitems()]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [got(environ, strings)]


app = UploadGuard(site)
