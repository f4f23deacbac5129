"""A guarded Flask site that tells what reached it: the verdict, the body it read, the files in it."""

from __future__ import annotations

import hashlib
from itertools import count

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from upload_guard import UploadGuard

METHODS = ["POST", "PUT", "PATCH", "DELETE", "BREW"]

app = Flask(__name__)
app.wsgi_app = UploadGuard(app.wsgi_app)
calls = count(1)
last_call = 0


@app.get("/")
@app.get("/healthz")
def page() -> ResponseReturnValue:
    verdict = request.environ.get("upload_guard.verdict")
    return jsonify(calls=last_call, verdict=verdict and verdict.result)


@app.route("/upload", methods=METHODS)
def upload() -> ResponseReturnValue:
    global last_call
    last_call = next(calls)
    verdict = request.environ["upload_guard.verdict"]
    files = [
        {"field": field, "name": file.filename, "sha256": hashlib.sha256(file.read()).hexdigest()}
        for field, file in request.files.items(multi=True)
    ]
    return jsonify(
        result=verdict.result,
        action=verdict.action.label,
        reason=verdict.reason,
        degraded=verdict.degraded,
        files=files,
        fields=request.form.to_dict(),
        body=None if files else hashlib.sha256(request.get_data()).hexdigest(),
        length=request.content_length,
        chunked="HTTP_TRANSFER_ENCODING" in request.environ,
    )


@app.post("/fail")
def fail() -> ResponseReturnValue:
    raise RuntimeError("the application has a bug")


@app.post("/form")
def form() -> ResponseReturnValue:
    """A form without any file, where there may be no verdict."""
    verdict = request.environ.get("upload_guard.verdict")
    return jsonify(fields=request.form.to_dict(), verdict=verdict and verdict.result)
