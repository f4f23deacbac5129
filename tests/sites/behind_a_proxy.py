"""A Flask site that knows nothing of upload_guard and tells what reached it."""

from __future__ import annotations

import hashlib
from itertools import count

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)
calls = count(1)
last_call = 0


@app.get("/")
def page() -> ResponseReturnValue:
    return jsonify(calls=last_call)


@app.post("/<path:_path>")
def upload(_path: str) -> ResponseReturnValue:
    global last_call
    last_call = next(calls)
    files = [
        {"field": field, "name": file.filename, "sha256": hashlib.sha256(file.read()).hexdigest()}
        for field, file in request.files.items(multi=True)
    ]
    return jsonify(
        files=files,
        sha256=None if files else hashlib.sha256(request.get_data()).hexdigest(),
        content_type=request.content_type,
    )
