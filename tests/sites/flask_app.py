"""Flask behind the guard."""

from __future__ import annotations

from flask import Flask, Response, request

from tests.sites.got import got, is_form
from upload_guard import UploadGuard

app = Flask(__name__)
app.wsgi_app = UploadGuard(app.wsgi_app)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"]


@app.route("/", methods=METHODS, defaults={"path": ""})
@app.route("/<path:path>", methods=METHODS)
def anything(path: str) -> Response:
    strings = [file.read() for file in request.files.values()] if request.files else []
    strings += [value.encode() for _, value in request.form.items(multi=True)]
    for _, files in request.files.lists():
        strings += [file.read() for file in files[1:]]
    if not is_form(request.content_type):
        strings.append(request.get_data())
    return Response(got(request.environ, strings), mimetype="application/json")
