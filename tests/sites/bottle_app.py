"""Bottle behind the guard."""

from __future__ import annotations

from bottle import BaseRequest, Bottle, request, response

from tests.sites.got import got, is_form
from upload_guard import UploadGuard

BaseRequest.MEMFILE_MAX = 64 << 20
site = Bottle()


@site.route("/", method="ANY")
@site.route("/<path:path>", method="ANY")
def anything(path: str = "") -> bytes:
    strings = [upload.file.read() for _, upload in request.files.allitems()]
    strings += [value.encode("latin-1", "replace") for _, value in request.forms.allitems()]
    if not is_form(request.content_type):
        strings.append(request.body.read())
    response.content_type = "application/json"
    return got(request.environ, strings)


app = UploadGuard(site)
